import { HEADER_OCTETS } from '../wire/header.ts'
import { fold, type Name } from '../wire/name.ts'

/** One answer from the table that was chosen to speak for others. */
export interface Sample {
  readonly client: string
  /** In lower case. */
  readonly name: Name
  readonly qtype: number
  readonly rcode: number
  /** Whether there are records in the answer section, or would be if it had not been truncated. */
  readonly hasAnswer: boolean
  readonly seconds: number
  /** Of how many answers it speaks for. */
  readonly weight: number
}

export type OnSample = (sample: Sample) => void

/**
 * Reads what an answer from the table says of itself.
 *
 * @param at where its header begins; the question lies behind it, its name in full
 * @param end where the question ends
 */
export function sampleOf(
  bytes: Uint8Array,
  at: number,
  end: number,
  rest: Pick<Sample, 'client' | 'seconds' | 'weight'>,
): Sample {
  const typeAt = end - 4
  const spelled = Buffer.from(
    bytes.buffer,
    bytes.byteOffset + at + HEADER_OCTETS,
    typeAt - at - HEADER_OCTETS,
  ).toString('latin1')
  const octet = (index: number) => bytes[index] as number
  return {
    ...rest,
    name: fold(spelled as Name),
    qtype: (octet(typeAt) << 8) | octet(typeAt + 1),
    rcode: octet(at + 3) & 15,
    hasAnswer: (octet(at + 2) & TRUNCATED) !== 0 || octet(at + 6) + octet(at + 7) > 0,
  }
}

const TRUNCATED = 2
