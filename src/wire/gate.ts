import { OPCODE } from './codes.ts'
import { FLAG, HEADER_OCTETS, opcodeOf } from './header.ts'

/** What to do with a packet, decided before anything is parsed: the counts of a header are claims, and parsing them costs. */
export type Verdict = 'accept' | 'ignore' | 'formerr' | 'notimp'

/** A NOTIFY may carry one SOA in ANSWER (RFC 1996 §3.7). */
const MAX_ANSWERS = 1
/** An IXFR carries one SOA in AUTHORITY (RFC 1995 §3). */
const MAX_AUTHORITIES = 1
/** OPT and TSIG (RFC 6891 §6.1.1, RFC 8945 §5.1). */
const MAX_ADDITIONALS = 2

/**
 * Judges a packet from its first twelve octets. Responses and fragments of a header get silence, since any reply could be used to amplify or
 * to loop; UPDATE and the like get NOTIMP.
 */
export function accept(packet: Uint8Array): Verdict {
  if (packet.length < HEADER_OCTETS) return 'ignore'
  const flags = word(packet, 2)
  if ((flags & FLAG.QR) !== 0) return 'ignore'
  const opcode = opcodeOf(flags)
  if (opcode !== OPCODE.QUERY && opcode !== OPCODE.NOTIFY) return 'notimp'
  if (word(packet, 4) !== 1) return 'formerr'
  if (word(packet, 6) > MAX_ANSWERS) return 'formerr'
  if (word(packet, 8) > MAX_AUTHORITIES) return 'formerr'
  if (word(packet, 10) > MAX_ADDITIONALS) return 'formerr'
  return 'accept'
}

function word(packet: Uint8Array, at: number): number {
  return ((packet[at] as number) << 8) | (packet[at + 1] as number)
}
