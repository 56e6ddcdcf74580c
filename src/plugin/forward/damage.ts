import { TYPE } from '../../wire/codes.ts'
import { HEADER_OCTETS } from '../../wire/header.ts'
import { rdataLayout } from '../../wire/record.ts'

/** What is wrong with a message that cannot be read to its end. */
export interface Damage {
  /** `cut`: something runs past the end of the message or of a record, as when a datagram was cut short. */
  readonly kind: 'cut' | 'malformed'
  /** For the log, in the reference's words. */
  readonly error: string
}

const CUT: Damage = { kind: 'cut', error: 'dns: buffer size too small' }
const BAD_RDATA: Damage = { kind: 'malformed', error: 'dns: bad rdata' }
const BAD_LENGTH: Damage = { kind: 'malformed', error: 'dns: bad rdlength' }
const BAD_POINTERS: Damage = { kind: 'malformed', error: 'dns: too many compression pointers' }
const MAX_POINTERS = 126

/** Finds the first damage in a message that the reader gave up. A damaged question is never taken for a cut one: there is nothing to answer with. */
export function damageOf(packet: Buffer): Damage {
  let at = HEADER_OCTETS
  for (let i = packet.readUInt16BE(4); i > 0 && at < packet.length; i--) {
    const end = nameEnd(packet, at, packet.length)
    if (typeof end !== 'number') return inQuestion('name', end)
    if (end + 1 === packet.length) return inQuestion('qtype', OVERFLOW)
    if (end + 3 === packet.length) return inQuestion('qclass', OVERFLOW)
    at = end + 4
  }
  const records = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10)
  for (let i = records; i > 0 && at < packet.length; i--) {
    const end = recordEnd(packet, at)
    if (typeof end !== 'number') return end
    at = end
  }
  return BAD_RDATA
}

const OVERFLOW: Damage = { kind: 'cut', error: 'dns: overflow unpacking uint16' }

function inQuestion(what: string, { error }: Damage): Damage {
  return { kind: 'malformed', error: `bad question ${what}: ${error}` }
}

/** The offset behind the record that begins here, or what is wrong with it. */
function recordEnd(packet: Buffer, start: number): number | Damage {
  const at = nameEnd(packet, start, packet.length)
  if (typeof at !== 'number') return at
  if (at + 10 > packet.length) return CUT
  const type = packet.readUInt16BE(at)
  const end = at + 10 + packet.readUInt16BE(at + 8)
  if (end > packet.length) return CUT
  return end === at + 10 ? end : (rdataDamage(packet, type, at + 10, end) ?? end)
}

function rdataDamage(packet: Buffer, type: number, start: number, end: number): Damage | undefined {
  const fixed = type === TYPE.A ? 4 : type === TYPE.AAAA ? 16 : undefined
  if (fixed !== undefined && end - start !== fixed) return end - start < fixed ? CUT : BAD_LENGTH
  let at = start
  for (const part of rdataLayout(type) ?? []) {
    if (part === 'compressible' || part === 'name') {
      const next = nameEnd(packet, at, end)
      if (typeof next !== 'number') return next
      at = next
    } else {
      at += part === 'string' ? 1 + (packet[at] ?? 0) : part
    }
    if (at > end) return CUT
  }
  return undefined
}

/** The offset behind the name that begins here, or what is wrong with it. Pointers may lead anywhere in the message. */
function nameEnd(packet: Buffer, start: number, limit: number): number | Damage {
  let at = start
  let behind = 0
  let octets = 0
  for (let pointers = 0; ; ) {
    const bound = behind === 0 ? limit : packet.length
    if (at >= bound) return CUT
    const length = packet[at] as number
    if (length === 0) return behind === 0 ? at + 1 : behind
    if (length < 0x40) {
      at += 1 + length
      octets += 1 + length
      if (at > bound) return CUT
      if (octets > 254)
        return { kind: 'malformed', error: 'dns: domain name exceeded 255 wire-format octets' }
    } else if (length < 0xc0) {
      return BAD_RDATA
    } else {
      if (at + 2 > bound) return CUT
      if (++pointers > MAX_POINTERS) return BAD_POINTERS
      if (behind === 0) behind = at + 2
      at = ((length & 0x3f) << 8) | (packet[at + 1] as number)
    }
  }
}
