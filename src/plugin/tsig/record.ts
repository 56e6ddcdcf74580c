import { createHmac } from 'node:crypto'
import { CLASS, TYPE } from '../../wire/codes.ts'
import { HEADER_OCTETS } from '../../wire/header.ts'
import { fold, type Name, name } from '../../wire/name.ts'
import { endOfName, type Octets, type Rr, readU16, readU32, u16, u32 } from '../../wire/record.ts'

/** The fields of a TSIG record (RFC 8945 §4.2). */
export interface Tsig {
  readonly key: Name
  readonly algorithm: Name
  /** Seconds since 1970, 48 bits. */
  readonly timeSigned: number
  /** Seconds that the clocks may differ. */
  readonly fudge: number
  readonly mac: Octets
  readonly originalId: number
  readonly error: number
  readonly otherData: Octets
}

/** Algorithms by their name, lower case (RFC 8945 §6); without MD5, which nobody should use any more. */
const HASHES: ReadonlyMap<Name, string> = new Map([
  [name('hmac-sha1'), 'sha1'],
  [name('hmac-sha224'), 'sha224'],
  [name('hmac-sha256'), 'sha256'],
  [name('hmac-sha384'), 'sha384'],
  [name('hmac-sha512'), 'sha512'],
])

/** The record's fields; undefined when its RDATA is malformed. */
export function readTsig(rr: Rr): Tsig | undefined {
  const { rdata } = rr
  const at = rdata.length === 0 ? 0 : endOfName(rdata, 0)
  if (at === 0 || at + 10 > rdata.length) return undefined
  const macEnd = at + 10 + readU16(rdata, at + 8)
  if (macEnd + 6 > rdata.length) return undefined
  const otherEnd = macEnd + 6 + readU16(rdata, macEnd + 4)
  if (otherEnd !== rdata.length) return undefined
  return {
    key: rr.owner,
    algorithm: rdata.slice(0, at) as Name,
    timeSigned: readU16(rdata, at) * 2 ** 32 + readU32(rdata, at + 2),
    fudge: readU16(rdata, at + 6),
    mac: rdata.slice(at + 10, macEnd) as Octets,
    originalId: readU16(rdata, macEnd),
    error: readU16(rdata, macEnd + 2),
    otherData: rdata.slice(macEnd + 6, otherEnd) as Octets,
  }
}

/** The message with the record behind its others (RFC 8945 §5.1): not compressed, so that nothing in the message points to it or is pointed to. */
export function appendTsig(message: Buffer, tsig: Tsig): Buffer {
  const rdata = [
    tsig.algorithm,
    u48(tsig.timeSigned),
    u16(tsig.fudge),
    u16(tsig.mac.length),
    tsig.mac,
    u16(tsig.originalId),
    u16(tsig.error),
    u16(tsig.otherData.length),
    tsig.otherData,
  ].join('')
  const head = [tsig.key, u16(TYPE.TSIG), u16(CLASS.ANY), u32(0), u16(rdata.length)].join('')
  const whole = Buffer.concat([message, Buffer.from(head + rdata, 'latin1')])
  whole.writeUInt16BE(whole.readUInt16BE(10) + 1, 10)
  return whole
}

/** What a MAC is made over, beside the message (RFC 8945 §4.3). */
export interface Digested {
  /** The MAC before: of the request, or of the message before in a stream; undefined for a request. */
  readonly prior: Octets | undefined
  /** The message without its TSIG record, its id the original one. */
  readonly message: Buffer
  /** True from the second message of a stream on: only the times are digested (§5.3.1). */
  readonly timersOnly: boolean
}

/** The MAC; undefined when the algorithm is not known. */
export function macOf(tsig: Tsig, secret: Buffer, digested: Digested): Octets | undefined {
  const hash = HASHES.get(fold(tsig.algorithm))
  if (hash === undefined) return undefined
  const hmac = createHmac(hash, secret)
  const add = (text: string) => hmac.update(Buffer.from(text, 'latin1'))
  const { prior } = digested
  if (prior !== undefined) add(u16(prior.length) + prior)
  hmac.update(digested.message)
  add(digested.timersOnly ? timers(tsig) : variables(tsig))
  return hmac.digest().toString('latin1') as Octets
}

const timers = (tsig: Tsig): string => u48(tsig.timeSigned) + u16(tsig.fudge)

const variables = (tsig: Tsig): string =>
  [
    fold(tsig.key),
    u16(CLASS.ANY),
    u32(0),
    fold(tsig.algorithm),
    timers(tsig),
    u16(tsig.error),
    u16(tsig.otherData.length),
    tsig.otherData,
  ].join('')

/** Forty-eight bits as six octets. */
export const u48 = (value: number): Octets =>
  (u16(Math.floor(value / 2 ** 32)) + u32(value % 2 ** 32)) as Octets

/** The message as it was before its TSIG record was added; undefined when that is not its last record (RFC 8945 §5.2). */
export function withoutTsig(packet: Buffer, originalId: number): Buffer | undefined {
  const at = lastRecord(packet)
  if (at === undefined) return undefined
  const owner = skipName(packet, at)
  if (owner === undefined || packet.readUInt16BE(owner) !== TYPE.TSIG) return undefined
  const message = Buffer.from(packet.subarray(0, at))
  message.writeUInt16BE(originalId, 0)
  message.writeUInt16BE(packet.readUInt16BE(10) - 1, 10)
  return message
}

/** Offset of the last record of a packet that has been read without complaint. */
function lastRecord(packet: Buffer): number | undefined {
  let at: number | undefined = HEADER_OCTETS
  for (let i = packet.readUInt16BE(4); i > 0 && at !== undefined; i--) {
    const behind = skipName(packet, at)
    at = behind === undefined ? undefined : behind + 4
  }
  let last: number | undefined
  const records = packet.readUInt16BE(6) + packet.readUInt16BE(8) + packet.readUInt16BE(10)
  for (let i = 0; i < records && at !== undefined; i++) {
    last = at
    at = skipRecord(packet, at)
  }
  return at === undefined ? undefined : last
}

function skipRecord(packet: Buffer, at: number): number | undefined {
  const behind = skipName(packet, at)
  if (behind === undefined || behind + 10 > packet.length) return undefined
  const end = behind + 10 + packet.readUInt16BE(behind + 8)
  return end <= packet.length ? end : undefined
}

function skipName(packet: Buffer, at: number): number | undefined {
  for (let i = at; i < packet.length; i += (packet[i] as number) + 1) {
    const length = packet[i] as number
    if (length === 0) return i + 1
    if (length >= 0xc0) return i + 2 <= packet.length ? i + 2 : undefined
  }
  return undefined
}
