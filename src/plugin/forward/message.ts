import { OPTION, TYPE } from '../../wire/codes.ts'
import type { Option } from '../../wire/edns.ts'
import { FLAG, HEADER_OCTETS } from '../../wire/header.ts'
import { fold } from '../../wire/name.ts'
import { type Message, readMessage } from '../../wire/reader.ts'
import type { Octets } from '../../wire/record.ts'
import { MAX_MESSAGE_OCTETS, Writer } from '../../wire/writer.ts'
import type { Query } from '../query.ts'
import { damageOf } from './damage.ts'

const writer = new Writer()

/** The query as a message for an upstream: flags, question and OPT as they are; the id is for the connection to choose. */
export function queryMessage(query: Query): Buffer {
  const { answer, authority, additional } = query.message
  const { question, flags, opt } = query
  const sent = opt === undefined ? undefined : { ...opt, options: opt.options.map(canonical) }
  const content = { id: 0, flags, question, answer, authority, additional, opt: sent }
  return Buffer.from(writer.write(content, MAX_MESSAGE_OCTETS))
}

/** What an upstream's message amounts to. */
export type Reading =
  | { readonly kind: 'message'; readonly message: Message; readonly rcode: number }
  /** It does not answer the query that was sent. */
  | { readonly kind: 'mismatch'; readonly rcode: number }
  | { readonly kind: 'damaged'; readonly error: string }

/**
 * Reads an upstream's reply to a query. Over UDP, what is longer than the client can take, or says that it holds more than it does, becomes an empty reply with
 * TC, so that the client comes back over TCP.
 */
export function readReply(packet: Buffer, query: Query, proto: 'udp' | 'tcp'): Reading {
  const octets = proto === 'udp' ? packet.subarray(0, udpLimit(query)) : packet
  const message = readMessage(octets)
  if (message.whole) return judge(octets, message, query)
  const damage = damageOf(octets)
  if (proto === 'udp' && damage.kind === 'cut') {
    const bare = { answer: [], authority: [], additional: [], opt: undefined }
    return judge(octets, { ...message, ...bare, flags: message.flags | FLAG.TC }, query)
  }
  return { kind: 'damaged', error: damage.error }
}

/** Octets of a datagram that are read: what the client said it takes, 512 at least. */
function udpLimit(query: Query): number {
  return Math.max(query.opt?.udpSize ?? 0, 512)
}

function judge(packet: Buffer, message: Message, query: Query): Reading {
  const rcode = (message.flags & FLAG.RCODE) | ((message.opt?.extendedRcode ?? 0) << 4)
  if (!matches(packet, message, query)) return { kind: 'mismatch', rcode }
  return { kind: 'message', message, rcode }
}

/** RFC 5452 §9.1: the question must be the one that was asked, in any case of letters. */
function matches(packet: Buffer, { flags, question }: Message, query: Query): boolean {
  if (question === undefined || packet.readUInt16BE(4) !== 1 || packet.length === HEADER_OCTETS) {
    return false
  }
  return (
    (flags & FLAG.QR) !== 0 &&
    fold(question.qname) === query.folded &&
    question.qtype === query.qtype &&
    question.qclass === query.qclass
  )
}

/** RFC 7871 §6: a client's subnet has exactly the octets that its prefix needs, and no bits behind the prefix. */
function canonical(option: Option): Option {
  const { code, data } = option
  if (code !== OPTION.CLIENT_SUBNET || data.length < 4) return option
  const family = (data.charCodeAt(0) << 8) | data.charCodeAt(1)
  const prefix = data.charCodeAt(2)
  if ((family !== 1 && family !== 2) || prefix > (family === 1 ? 32 : 128)) return option
  const octets = Math.ceil(prefix / 8)
  let address = data.slice(4, 4 + octets).padEnd(octets, '\0')
  const spare = octets * 8 - prefix
  if (spare > 0) {
    const last = address.charCodeAt(octets - 1) & (0xff << spare)
    address = address.slice(0, -1) + String.fromCharCode(last)
  }
  return { code, data: (data.slice(0, 4) + address) as Octets }
}

/** The message of a health check: NS of a domain, with or without RD. */
export function probeMessage(domain: Query['qname'], recursionDesired: boolean): Buffer {
  const none: never[] = []
  const question = { qname: domain, qtype: TYPE.NS, qclass: 1 }
  const flags = recursionDesired ? FLAG.RD : 0
  const content = { id: 0, flags, question, answer: none, authority: none, additional: none }
  return Buffer.from(writer.write({ ...content, opt: undefined }, MAX_MESSAGE_OCTETS))
}
