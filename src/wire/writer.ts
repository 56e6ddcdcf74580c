import { TYPE } from './codes.ts'
import { Compression } from './compression.ts'
import { type Opt, optOctets } from './edns.ts'
import { FLAG, HEADER_OCTETS } from './header.ts'
import type { Name } from './name.ts'
import type { Question } from './reader.ts'
import { endOfName, type Octets, type Rr, rdataLayout } from './record.ts'

/** Octets of a message over TCP (RFC 1035 §4.2.2). */
export const MAX_MESSAGE_OCTETS = 0xffff
/** Octets that every UDP client takes (RFC 1035 §4.2.1). */
export const MIN_UDP_OCTETS = 512
/** Octets that fit into one datagram, with the headers of IPv4 and UDP (RFC 791 §3.1, RFC 768). */
export const MAX_UDP_OCTETS = 0xffff - 20 - 8

/** RFC 1035 §4.1.4: to the first octet behind the header. */
const POINTER_TO_QUESTION = 0xc000 | HEADER_OCTETS
/** Octets up to which a view of the buffer is kept for the next message of that size. */
const MAX_KEPT_VIEW = 1232

/** What a message is written from. */
export interface Content {
  readonly id: number
  /** The sixteen flag bits, the lower four bits of the rcode included. */
  readonly flags: number
  readonly question: Question | undefined
  readonly answer: readonly Rr[]
  readonly authority: readonly Rr[]
  readonly additional: readonly Rr[]
  readonly opt: Opt | undefined
}

/**
 * Writes messages into one buffer that it keeps, with names compressed (RFC 1035 §4.1.4; SRV targets and the names of later types in full,
 * RFC 2782, RFC 3597 §4). Truncation is an undo: a record that does not fit is rolled back.
 *
 * The octets that {@link Writer.write} returns are a view of the buffer: they last until the next call.
 */
export class Writer {
  /** How many records of answer, authority and additional the last message holds (OPT not counted). */
  readonly counts: [number, number, number] = [0, 0, 0]
  /** Whether a record of the last message did not fit. */
  truncated = false

  private readonly buffer: Buffer
  private readonly names: Compression
  /** Views of the buffer that were handed out, by their octets: making one costs as much as writing a record. */
  private readonly views: (Buffer | undefined)[] = []
  /** The name of the question, until another name is written: only then are its suffixes noted for pointers. */
  private unnoted: Name | undefined
  private qname: Name | undefined
  private at = 0
  private limit = 0

  constructor() {
    // Room for one record more than the largest message, which is written before it is found not to fit.
    this.buffer = Buffer.allocUnsafe(2 * (MAX_MESSAGE_OCTETS + 1) + 1024)
    this.names = new Compression(this.buffer)
  }

  /**
   * Writes a message of at most `limit` octets: whole records in the order of the sections, and nothing behind the first that does not fit,
   * with TC set then (RFC 2181 §9). Room for OPT is kept free.
   */
  write(content: Content, limit: number): Buffer {
    this.start(content, limit)
    this.truncated = false
    this.counts[0] = this.section(content.answer)
    this.counts[1] = this.section(content.authority)
    this.counts[2] = this.section(content.additional)
    if (content.opt !== undefined) this.opt(content.opt)
    const flags = content.flags | (this.truncated ? FLAG.TC : 0)
    this.header(content, flags)
    return this.written(this.at)
  }

  private written(octets: number): Buffer {
    if (octets > MAX_KEPT_VIEW) return this.buffer.subarray(0, octets)
    this.views[octets] ??= this.buffer.subarray(0, octets)
    return this.views[octets]
  }

  private start(content: Content, limit: number): void {
    this.names.clear()
    this.at = HEADER_OCTETS
    this.limit = limit - (content.opt === undefined ? 0 : optOctets(content.opt))
    const { question } = content
    this.qname = question?.qname
    this.unnoted = this.qname
    if (question === undefined) return
    this.octets(question.qname, 0, question.qname.length)
    this.word(question.qtype)
    this.word(question.qclass)
  }

  private section(records: readonly Rr[]): number {
    let written = 0
    while (written < records.length && !this.truncated) {
      if (this.record(records[written] as Rr)) written++
      else this.truncated = true
    }
    return written
  }

  /** Writes a record; where it does not fit, the message is as it was before and the answer is false. */
  private record(rr: Rr): boolean {
    const mark = this.at
    if (mark >= this.limit) return false
    this.name(rr.owner, false)
    this.word(rr.type)
    this.word(rr.class)
    this.buffer.writeUInt32BE(rr.ttl >>> 0, this.at)
    const lengthAt = this.at + 4
    this.at += 6
    this.rdata(rr.type, rr.rdata)
    if (this.at > this.limit) {
      this.names.forget(mark)
      this.at = mark
      return false
    }
    this.buffer.writeUInt16BE(this.at - lengthAt - 2, lengthAt)
    return true
  }

  private rdata(type: number, rdata: Octets): void {
    const layout = rdata.length === 0 || type === TYPE.A ? undefined : rdataLayout(type)
    let from = 0
    for (const part of layout ?? []) {
      let end: number
      if (part === 'compressible' || part === 'name') {
        end = endOfName(rdata, from)
        this.name(rdata.slice(from, end) as Name, part === 'name')
      } else {
        end = from + (part === 'string' ? rdata.charCodeAt(from) + 1 : part)
        this.octets(rdata, from, end)
      }
      from = end
    }
    this.octets(rdata, from, rdata.length)
  }

  private opt(opt: Opt): void {
    const { buffer } = this
    buffer[this.at++] = 0
    this.word(TYPE.OPT)
    this.word(opt.udpSize)
    buffer[this.at++] = opt.extendedRcode
    buffer[this.at++] = opt.version
    this.word(opt.flags)
    this.word(optOctets(opt) - 11)
    for (const option of opt.options) {
      this.word(option.code)
      this.word(option.data.length)
      this.octets(option.data, 0, option.data.length)
    }
  }

  private header(content: Content, flags: number): void {
    const { buffer, counts } = this
    buffer.writeUInt16BE(content.id, 0)
    buffer.writeUInt16BE(flags, 2)
    buffer.writeUInt16BE(content.question === undefined ? 0 : 1, 4)
    buffer.writeUInt16BE(counts[0], 6)
    buffer.writeUInt16BE(counts[1], 8)
    buffer.writeUInt16BE(counts[2] + (content.opt === undefined ? 0 : 1), 10)
  }

  private name(name: Name, inFull: boolean): void {
    if (!inFull && name === this.qname && name.length > 1) {
      this.word(POINTER_TO_QUESTION)
      return
    }
    if (this.unnoted !== undefined) {
      this.names.note(this.unnoted, HEADER_OCTETS)
      this.unnoted = undefined
    }
    this.at = this.names.write(name, this.at, inFull)
  }

  private word(value: number): void {
    this.buffer[this.at] = value >> 8
    this.buffer[this.at + 1] = value & 0xff
    this.at += 2
  }

  private octets(octets: string, from: number, to: number): void {
    const { buffer } = this
    let at = this.at
    for (let i = from; i < to; i++) buffer[at++] = octets.charCodeAt(i)
    this.at = at
  }
}

/** Octets of a message with no name compressed: what the reference's logs and metrics count. */
export function uncompressedOctets(content: Omit<Content, 'id' | 'flags'>): number {
  let octets = HEADER_OCTETS
  if (content.question !== undefined) octets += content.question.qname.length + 4
  for (const rr of content.answer) octets += rr.owner.length + 10 + rr.rdata.length
  for (const rr of content.authority) octets += rr.owner.length + 10 + rr.rdata.length
  for (const rr of content.additional) octets += rr.owner.length + 10 + rr.rdata.length
  return octets + (content.opt === undefined ? 0 : optOctets(content.opt))
}
