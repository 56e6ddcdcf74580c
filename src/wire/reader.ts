import { TYPE } from './codes.ts'
import { type Opt, readOptions } from './edns.ts'
import { HEADER_OCTETS } from './header.ts'
import { MAX_NAME_OCTETS, type Name } from './name.ts'
import { type Octets, type RdataPart, type Rr, rdataLayout } from './record.ts'
import { tailFits } from './tails.ts'

/** A question (RFC 1035 §4.1.2). */
export interface Question {
  readonly qname: Name
  readonly qtype: number
  readonly qclass: number
}

/** A message taken apart. The OPT record that counts is `opt`; it is not among `additional`. */
export interface Message {
  readonly id: number
  /** The sixteen flag bits as they came. */
  readonly flags: number
  readonly question: Question | undefined
  readonly answer: readonly Rr[]
  readonly authority: readonly Rr[]
  readonly additional: readonly Rr[]
  readonly opt: Opt | undefined
  /** False when a section broke off or a record was malformed; what was read before it is there. */
  readonly whole: boolean
}

/** Pointers followed in one name: enough for any name that can exist. */
const MAX_POINTERS = 126

/**
 * Reads a message of at least twelve octets (RFC 1035 §4). Never throws. A count that promises more than the message holds is taken for a
 * lie when the message ends between two records, and for damage when it ends within one; octets behind the last record are ignored. Both as
 * the reference server has it.
 */
export function readMessage(packet: Buffer): Message {
  return new Reader(packet).message()
}

const NO_RECORDS: readonly Rr[] = []

class Reader {
  private at = HEADER_OCTETS
  private damaged = false
  private opt: Opt | undefined
  private readonly packet: Buffer

  constructor(packet: Buffer) {
    this.packet = packet
  }

  message(): Message {
    const packet = this.packet
    const question = this.questions(packet.readUInt16BE(4))
    const answer = this.records(packet.readUInt16BE(6), false)
    const authority = this.records(packet.readUInt16BE(8), false)
    const additional = this.records(packet.readUInt16BE(10), true)
    return {
      id: packet.readUInt16BE(0),
      flags: packet.readUInt16BE(2),
      question,
      answer,
      authority,
      additional,
      opt: this.opt,
      whole: !this.damaged,
    }
  }

  /** The first question; the others, which the gate never lets through, are only stepped over. */
  private questions(count: number): Question | undefined {
    let first: Question | undefined
    for (let i = 0; i < count && this.at < this.packet.length && !this.damaged; i++) {
      const question = this.readQuestion()
      if (question === undefined) return this.damage()
      first ??= question
    }
    return first
  }

  /** A message may end behind the name or the type: what is missing counts as zero. */
  private readQuestion(): Question | undefined {
    const qname = this.name()
    if (qname === undefined) return undefined
    const { length } = this.packet
    if (this.at === length) return { qname, qtype: 0, qclass: 0 }
    if (this.at + 2 > length) return undefined
    const qtype = this.word()
    if (this.at === length) return { qname, qtype, qclass: 0 }
    if (this.at + 2 > length) return undefined
    return { qname, qtype, qclass: this.word() }
  }

  private records(count: number, additional: boolean): readonly Rr[] {
    if (count === 0 || this.damaged) return NO_RECORDS
    const records: Rr[] = []
    for (let i = 0; i < count && this.at < this.packet.length; i++) {
      if (!this.record(records, additional)) {
        this.damage()
        return NO_RECORDS
      }
    }
    return records
  }

  /** Adds the record that begins here; false when it is malformed. */
  private record(records: Rr[], additional: boolean): boolean {
    const { packet } = this
    const owner = this.name()
    if (owner === undefined || this.at + 10 > packet.length) return false
    const type = this.word()
    const class_ = this.word()
    const ttl = packet.readUInt32BE(this.at)
    this.at += 4
    const end = this.at + 2 + packet.readUInt16BE(this.at)
    this.at += 2
    if (end > packet.length) return false
    const rdata = this.rdata(type, end)
    if (rdata === undefined) return false
    if (type === TYPE.OPT && additional) return this.takeOpt(class_, ttl, rdata)
    records.push({ owner, type, class: class_, ttl, rdata })
    return true
  }

  /** RFC 6891 §6.1.3: the class is the payload size, the TTL extended rcode, version and flags. The last OPT counts. */
  private takeOpt(udpSize: number, ttl: number, rdata: Octets): boolean {
    const options = readOptions(rdata)
    if (options === undefined) return false
    this.opt = {
      udpSize,
      extendedRcode: ttl >>> 24,
      version: (ttl >>> 16) & 0xff,
      flags: ttl & 0xffff,
      options,
    }
    return true
  }

  /** RDATA with its names uncompressed; undefined when it does not fit its type. Empty RDATA is allowed for every type (RFC 2136 §2.4). */
  private rdata(type: number, end: number): Octets | undefined {
    const { packet } = this
    if (this.at === end) return '' as Octets
    if (type === TYPE.A && end - this.at !== 4) return undefined
    if (type === TYPE.AAAA && end - this.at !== 16) return undefined
    let octets = ''
    for (const part of rdataLayout(type) ?? []) {
      const piece = this.part(part, end)
      if (piece === undefined) return undefined
      octets += piece
    }
    const tail = packet.toString('latin1', this.at, end)
    this.at = end
    return tailFits(type, tail) ? ((octets + tail) as Octets) : undefined
  }

  private part(part: RdataPart, end: number): string | undefined {
    if (part === 'compressible' || part === 'name') {
      const name = this.name(end)
      return name !== undefined && this.at <= end ? name : undefined
    }
    if (this.at >= end) return undefined
    const octets = part === 'string' ? 1 + (this.packet[this.at] as number) : part
    if (this.at + octets > end) return undefined
    this.at += octets
    return this.packet.toString('latin1', this.at - octets, this.at)
  }

  /** The name at the cursor. Nearly all stand there as they are: those are one slice. */
  private name(end = this.packet.length): Name | undefined {
    const { packet, at: from } = this
    let at = from
    let length = at < end ? (packet[at] as number) : 0xff
    while (length !== 0 && length < 0x40) {
      at += length + 1
      length = at < end ? (packet[at] as number) : 0xff
    }
    if (length !== 0 || at - from >= MAX_NAME_OCTETS) return this.compressedName(end)
    this.at = at + 1
    return packet.toString('latin1', from, at + 1) as Name
  }

  /** The same with its pointers followed (RFC 1035 §4.1.4). They may lead anywhere in the message, as often as bounds allow. */
  private compressedName(end: number): Name | undefined {
    const { packet } = this
    let at = this.at
    let behind = 0
    let wire = ''
    for (let pointers = 0; ; ) {
      if (at >= (behind === 0 ? end : packet.length)) return undefined
      const length = packet[at] as number
      if (length === 0) {
        this.at = behind === 0 ? at + 1 : behind
        return `${wire}\0` as Name
      }
      if (length < 0x40) {
        const next = at + 1 + length
        if (next > packet.length || wire.length + length + 2 > MAX_NAME_OCTETS) return undefined
        wire += packet.toString('latin1', at, next)
        at = next
      } else {
        if (length < 0xc0 || at + 2 > packet.length || ++pointers > MAX_POINTERS) return undefined
        if (behind === 0) behind = at + 2
        at = ((length & 0x3f) << 8) | (packet[at + 1] as number)
      }
    }
  }

  private word(): number {
    const value = this.packet.readUInt16BE(this.at)
    this.at += 2
    return value
  }

  private damage(): undefined {
    this.damaged = true
    this.at = this.packet.length
    return undefined
  }
}
