import type { Publication, Published } from '../../src/table/publish.ts'
import { Reader } from '../../src/table/reader.ts'
import { Table } from '../../src/table/table.ts'
import { TableVersions } from '../../src/table/versions.ts'
import { nameFromText } from '../../src/wire/name.ts'

export const A = 1
export const SOA = 6
export const AAAA = 28
export const NOERROR = 0
export const NXDOMAIN = 3

export interface Asked {
  readonly type?: number
  readonly id?: number
  readonly rd?: boolean
  readonly cd?: boolean
  readonly ad?: boolean
  /** Payload size of an OPT; none without. */
  readonly udp?: number
  readonly dnssecOk?: boolean
  readonly cookie?: string
}

/** Octets as latin1 characters. */
const bytes = (...octets: number[]): string => String.fromCharCode(...octets)
const word = (value: number): string => bytes((value >> 8) & 0xff, value & 0xff)
export const long = (value: number): string => word((value >>> 16) & 0xffff) + word(value & 0xffff)

export function wire(name: string): string {
  return nameFromText(name) as string
}

/** A query as a stub resolver sends it. */
export function query(name: string, asked: Asked = {}): Buffer {
  const flags = [asked.rd === false ? 0 : 1, (asked.ad ? 0x20 : 0) | (asked.cd ? 0x10 : 0)]
  const header = word(asked.id ?? 0x1234) + bytes(...flags) + word(1) + word(0) + word(0)
  const question = wire(name) + word(asked.type ?? A) + word(1)
  const opt = asked.udp === undefined ? '' : optRecord(asked.udp, asked)
  return Buffer.from(header + word(opt === '' ? 0 : 1) + question + opt, 'latin1')
}

export function optRecord(udp: number, { dnssecOk, cookie }: Asked = {}): string {
  const rdata = cookie === undefined ? '' : word(10) + word(cookie.length) + cookie
  return `\0${word(41)}${word(udp)}\0\0${word(dnssecOk ? 0x8000 : 0)}${word(rdata.length)}${rdata}`
}

/** A record whose owner is the question's name, or the suffix of it that starts at this offset of the message. */
export function record(type: number, rdata: string, ttl = 30, ownerAt = 12): string {
  return word(0xc000 | ownerAt) + word(type) + word(1) + long(ttl) + word(rdata.length) + rdata
}

export const address = (last: number, ttl = 30, ownerAt = 12): string =>
  record(A, bytes(10, 0, last >> 8, last & 0xff), ttl, ownerAt)

/** The SOA of a zone that the question ends with, as the kubernetes plugin gives it. */
export function soa(zoneAt: number, serial = 7, ttl = 30): string {
  const pointer = word(0xc000 | zoneAt)
  const rdata = `\x02ns\x03dns${pointer}\x0ahostmaster${pointer}${long(serial)}${long(7200)}${long(1800)}${long(86400)}${long(30)}`
  return record(SOA, rdata, ttl, zoneAt)
}

export interface Answered {
  readonly rcode?: number
  readonly answer?: readonly string[]
  readonly authority?: readonly string[]
  readonly truncated?: boolean
  /** OPT of the reply as octets. */
  readonly opt?: string
}

/** The reply to a query, as the chain would have written it. */
export function reply(asked: Buffer, answered: Answered): Buffer {
  const { answer = [], authority = [], opt = '' } = answered
  let end = 12
  while (asked[end] !== 0) end += (asked[end] as number) + 1
  end += 5
  const first = 0x84 | ((asked[2] as number) & 1) | (answered.truncated ? 2 : 0)
  const second = ((asked[3] as number) & 0x10) | (answered.rcode ?? 0)
  const counts = word(1) + word(answer.length) + word(authority.length) + word(opt === '' ? 0 : 1)
  const head = asked.toString('latin1', 0, 2) + bytes(first, second) + counts
  const body = [...answer, ...authority].join('')
  return Buffer.from(head + asked.toString('latin1', 12, end) + body + opt, 'latin1')
}

/** A reply that may be repeated for ever, and enters the table at once. */
export function publication(
  scope: number,
  asked: Buffer,
  message: Buffer,
  change: Partial<Publication> = {},
): Publication {
  return {
    scope,
    query: asked,
    stream: false,
    message,
    optOctets: 0,
    opt: 'echoed',
    versions: [],
    until: Number.POSITIVE_INFINITY,
    rotates: false,
    anySpelling: true,
    deniedBelow: 0,
    dear: true,
    counts: [],
    observed: false,
    ...change,
  }
}

/** A table with one data reader, and a clock that is moved by hand. */
export class Bench {
  now = 1000
  readonly versions = new TableVersions(1 << 10)
  readonly table: Table
  readonly reader: Reader
  readonly control: Reader
  scope: number

  constructor(octets = 2 << 20, seed = 0x5eed) {
    const now = () => this.now
    const { counters } = this.versions
    this.table = new Table({ octets, readers: 2, versions: counters, seed, now })
    this.reader = new Reader(this.table.shared, 0)
    this.control = new Reader(this.table.shared, 1)
    this.scope = this.table.openScope()
  }

  publish(asked: Buffer, message: Buffer, change: Partial<Publication> = {}): Published {
    return this.table.publish(publication(this.scope, asked, message, change))
  }

  /** What the table answers; undefined for nothing. */
  ask(
    asked: Buffer,
    options: { column?: number; room?: number; reader?: Reader } = {},
  ): Buffer | undefined {
    const reader = options.reader ?? this.reader
    const packet = new Uint8Array(options.room ?? 4096)
    packet.set(asked)
    reader.enter()
    reader.useScope(this.scope)
    const octets = reader.answer(
      packet,
      0,
      asked.length,
      packet.length,
      options.column ?? 0,
      this.now,
    )
    reader.leave()
    return octets === 0 ? undefined : Buffer.from(packet.subarray(0, octets))
  }
}
