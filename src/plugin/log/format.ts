import { classBesideType, rcodeToText, typeToText } from '../../wire/codes.ts'
import { FLAG, opcodeOf } from '../../wire/header.ts'
import { nameToText } from '../../wire/name.ts'
import { queryOctets } from '../measure.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

export const COMMON =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}'
export const COMBINED = `${COMMON} "{>opcode}"`
/** What stands for a value that there is none of. */
const EMPTY = '-'

/** What a line is made of. */
export interface Logged {
  readonly query: Query
  readonly reply: Reply
  /** Octets of the reply as it was written. */
  readonly octets: number
  readonly seconds: number
}

/** A format taken apart: writes the line of a query and its reply. */
export interface Format {
  line(logged: Logged): string
  /** Whether it shows metadata, which may differ from one repetition to the next. */
  readonly hasMetadata: boolean
  /** Whether it shows the flags of the reply. */
  readonly hasFlags: boolean
}

type Piece = (logged: Logged) => string

/** Reads a format; `{common}` and `{combined}` stand for those. What looks like a placeholder and is none stays as it is. */
export function parseFormat(text: string): Format {
  const whole = text.replaceAll('{common}', COMMON).replaceAll('{combined}', COMBINED)
  const pieces: Piece[] = []
  let hasMetadata = false
  let from = 0
  for (const { 0: found, index } of whole.matchAll(/\{[^{}]*\}/g)) {
    const label = found.startsWith('{/') ? found.slice(2, -1) : undefined
    const piece = label === undefined ? VALUES.get(found) : metadata(label)
    if (piece === undefined) continue
    hasMetadata ||= label !== undefined
    pieces.push(literal(whole.slice(from, index)), piece)
    from = index + found.length
  }
  pieces.push(literal(whole.slice(from)))
  const line = (logged: Logged) => pieces.reduce((text, piece) => text + piece(logged), '')
  return { line, hasMetadata, hasFlags: pieces.includes(replyFlags) }
}

const literal =
  (text: string): Piece =>
  () =>
    text

const metadata =
  (label: string): Piece =>
  ({ query }) =>
    query.metadata?.get(label)?.() ?? EMPTY

const replyFlags: Piece = ({ reply }) => (reply.kind === 'silence' ? EMPTY : flagsText(reply.flags))

const VALUES = new Map<string, Piece>([
  ['{type}', ({ query }) => typeToText(query.qtype)],
  ['{name}', ({ query }) => nameToText(query.folded)],
  ['{class}', ({ query }) => classBesideType(query.qclass)],
  ['{proto}', ({ query }) => query.proto],
  ['{size}', ({ query }) => String(queryOctets(query))],
  ['{remote}', ({ query }) => bracketed(query.exchange.client.address)],
  ['{port}', ({ query }) => String(query.exchange.client.port)],
  ['{local}', ({ query }) => bracketed(query.exchange.local.address)],
  ['{>id}', ({ query }) => String(query.id)],
  ['{>opcode}', ({ query }) => String(opcodeOf(query.flags))],
  ['{>do}', ({ query }) => String(query.dnssecOk)],
  ['{>bufsize}', ({ query }) => String(query.sizeLimit)],
  ['{rcode}', ({ reply }) => (reply.kind === 'silence' ? EMPTY : rcodeText(reply.rcode))],
  ['{rsize}', ({ octets }) => String(octets)],
  ['{duration}', ({ seconds }) => `${decimal(seconds)}s`],
  ['{>rflags}', replyFlags],
])

/** An IPv6 address in brackets (RFC 3986 §3.2.2). */
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address)

const rcodeText = (rcode: number): string => rcodeToText(rcode).replace(/^RCODE/, '')

/** Nanoseconds are all that is shown, without trailing zeros. */
const decimal = (seconds: number): string =>
  Math.max(seconds, 0)
    .toFixed(9)
    .replace(/\.?0+$/, '')

const FLAG_WORDS = [
  ['qr', FLAG.QR],
  ['aa', FLAG.AA],
  ['tc', FLAG.TC],
  ['rd', FLAG.RD],
  ['ra', FLAG.RA],
  ['z', FLAG.Z],
  ['ad', FLAG.AD],
  ['cd', FLAG.CD],
] as const

const flagsText = (flags: number): string =>
  FLAG_WORDS.flatMap(([word, mask]) => ((flags & mask) === 0 ? [] : [word])).join(',')
