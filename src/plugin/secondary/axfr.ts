import { exchangeOnce } from '../../net/upstream/client.ts'
import { randomId } from '../../net/upstream/ids.ts'
import type { Peer } from '../../net/upstream/outcome.ts'
import { messagesFrom } from '../../net/upstream/transfer.ts'
import { CLASS, RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import type { Name } from '../../wire/name.ts'
import { type Message, readMessage } from '../../wire/reader.ts'
import { type Rr, readSoa } from '../../wire/record.ts'
import { MIN_UDP_OCTETS, Writer } from '../../wire/writer.ts'

/** How long a primary may take to connect, and for each message. */
const TIMEOUT_MS = 2000

/**
 * All records of a zone from a primary (RFC 5936), the SOA at the end left out.
 *
 * @throws Error that says why the zone cannot be had
 */
export async function transferIn(origin: Name, peer: Peer): Promise<Rr[]> {
  const id = randomId()
  const records: Rr[] = []
  const query = queryFor(origin, TYPE.AXFR, id)
  for await (const packet of messagesFrom(query, { peer, timeoutMs: TIMEOUT_MS })) {
    const message = checked(readMessage(packet), id)
    for (const rr of message.answer) {
      if (records.length === 0 && rr.type !== TYPE.SOA) throw new Error('dns: no SOA')
      if (records.length > 0 && rr.type === TYPE.SOA) return records
      records.push(rr)
    }
    if (records.length === 0) throw new Error('dns: no SOA')
  }
  throw new Error('EOF')
}

/** The serial that a primary has; its words where it cannot be asked, undefined where it says none. */
export async function serialAt(
  origin: Name,
  peer: Peer,
  now: () => number,
): Promise<number | string | undefined> {
  const options = { peer, source: undefined, tls: undefined, now }
  const outcome = await exchangeOnce(queryFor(origin, TYPE.SOA, 0), options, 'tcp', TIMEOUT_MS)
  if (outcome.kind === 'failed') return outcome.error
  const message = readMessage(outcome.message)
  const soa = message.answer.find((rr) => rr.type === TYPE.SOA && rr.rdata !== '')
  const refused = (message.flags & FLAG.RCODE) !== RCODE.NOERROR
  return refused || soa === undefined ? undefined : readSoa(soa.rdata).serial
}

function checked(message: Message, id: number): Message {
  if (message.id !== id) throw new Error('dns: id mismatch')
  const rcode = message.flags & FLAG.RCODE
  if (rcode !== RCODE.NOERROR) throw new Error(`dns: bad xfr rcode: ${rcode}`)
  if (!message.whole) throw new Error('dns: malformed message')
  return message
}

function queryFor(qname: Name, qtype: number, id: number): Buffer {
  const question = { qname, qtype, qclass: CLASS.IN }
  const none = { answer: [], authority: [], additional: [], opt: undefined }
  return Buffer.from(new Writer().write({ id, flags: 0, question, ...none }, MIN_UDP_OCTETS))
}
