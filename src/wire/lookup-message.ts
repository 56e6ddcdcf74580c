import { decode, encode, RECURSION_DESIRED } from 'dns-packet'
import { HEADER_OCTETS } from './header.ts'

/**
 * The messages of plain look-ups that Muster makes as a client, for host names in its configuration. They are rare, and names of hosts pass through
 * dns-packet's strings unchanged; names that clients ask for would not, and are read by `reader.ts`.
 */

/** A query for the addresses of a host (RFC 1035 §4.1, RFC 3596 §2.1); its id is for the connection to choose. Throws for what is no name. */
export function addressQuery(host: string, type: 'A' | 'AAAA'): Buffer {
  const name = host.replace(/\.$/, '')
  return encode({ type: 'query', id: 0, flags: RECURSION_DESIRED, questions: [{ type, name }] })
}

/** The addresses in the answer section of a reply, as text; none where the reply is malformed. */
export function addressesIn(message: Buffer, type: 'A' | 'AAAA'): string[] {
  if (claimedRecords(message) > message.length) return []
  try {
    const { answers = [] } = decode(message)
    return answers.flatMap((answer) => (answer.type === type ? [answer.data] : []))
  } catch {
    return []
  }
}

/** What the header promises: dns-packet makes room for it before it looks. Each record takes an octet at the very least. */
function claimedRecords(message: Buffer): number {
  if (message.length < HEADER_OCTETS) return Number.POSITIVE_INFINITY
  return (
    message.readUInt16BE(4) +
    message.readUInt16BE(6) +
    message.readUInt16BE(8) +
    message.readUInt16BE(10)
  )
}
