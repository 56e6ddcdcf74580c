import { AT, REST, type Shared, TRAIT } from './layout.ts'
import type { Question } from './question.ts'
import { Rotation } from './rotation.ts'

const RD = 1
const OPT_HEAD = 11

/** Makes an answer of an entry and a question: what one repetition has of its own is patched in while the rest is copied. */
export class Patch {
  private readonly shared: Shared
  private readonly question: Question
  private readonly bytes: Uint8Array
  private readonly words: Int32Array
  private readonly shorts: Uint16Array
  private readonly doubles: Float64Array
  private readonly rotation: Rotation

  /** @param question where the reader has the question that is being answered */
  constructor(shared: Shared, question: Question, seed: number) {
    this.shared = shared
    this.question = question
    this.bytes = new Uint8Array(shared.heap)
    this.words = new Int32Array(shared.heap)
    this.shorts = new Uint16Array(shared.heap)
    this.doubles = new Float64Array(shared.heap)
    this.rotation = new Rotation(seed)
  }

  /** The reply in place of the query: header, the question as it was typed, the body, OPT. 0 when it has no room. */
  write(entry: number, packet: Uint8Array, at: number, room: number, now: number): number {
    const { words, question } = this
    const word = entry >> 2
    const traits = words[word + AT.TRAITS / 4] as number
    const body = words[word + AT.BODY_OCTETS / 4] as number
    const optWord = words[word + AT.OPT_WORD / 4] as number
    const opt = optWord >>> 16
    const options = (traits & TRAIT.ECHOES_OPTIONS) === 0 ? 0 : question.optRdata
    const start = question.end
    const octets = start - at + body + opt + options
    if (octets > room || octets > question.limit) return 0
    const from = entry + (optWord & 0xffff)
    this.writeHeader(entry, packet, at)
    this.writeBody(entry, from, body, packet, start, now)
    if (opt !== 0) this.writeOpt(from - opt, opt, traits, packet, start + body)
    return octets
  }

  private writeHeader(entry: number, packet: Uint8Array, at: number): void {
    const { bytes, words } = this
    const flags = entry + AT.FLAGS
    packet[at + 2] = (bytes[flags] as number) | ((packet[at + 2] as number) & RD)
    packet[at + 3] = bytes[flags + 1] as number
    const sections = (entry + AT.SECTIONS) >> 2
    this.writeWord(packet, at + 4, words[sections] as number)
    this.writeWord(packet, at + 8, words[sections + 1] as number)
  }

  /** Octets as they lie in a word of this machine, the first of them lowest. */
  private writeWord(packet: Uint8Array, at: number, word: number): void {
    packet[at] = word & 0xff
    packet[at + 1] = (word >> 8) & 0xff
    packet[at + 2] = (word >> 16) & 0xff
    packet[at + 3] = word >>> 24
  }

  private writeBody(
    entry: number,
    from: number,
    octets: number,
    packet: Uint8Array,
    to: number,
    now: number,
  ): void {
    const { bytes } = this
    const counts = this.words[(entry + AT.COUNTS) >> 2] as number
    const runs = counts >>> 24
    if (runs === 0) {
      for (let i = 0; i < octets; i++) packet[to + i] = bytes[from + i] as number
    }
    if (counts === 0) return
    const versions = (this.words[(entry + AT.TRAITS) >> 2] as number) & TRAIT.VERSIONS
    let list = 2 * (behindName(this.words, entry >> 2) + 2 * versions)
    const afterTtls = list + (counts & 0xff)
    const afterSerials = afterTtls + ((counts >> 8) & 0xff)
    const afterPointers = afterSerials + ((counts >> 16) & 0xff)
    if (runs !== 0) {
      this.rotation.copy(this.shorts, afterPointers, runs, bytes, from, octets, packet, to)
    }
    if (list < afterTtls) this.countDown(entry, list, afterTtls, packet, to, now)
    list = afterTtls
    if (list < afterSerials) this.writeSerials(entry, list, afterSerials, packet, to)
    if (afterSerials < afterPointers)
      this.movePointers(entry, afterSerials, afterPointers, packet, to)
  }

  /** A cached record's TTL, less the whole seconds since it was what is written. */
  private countDown(
    entry: number,
    list: number,
    end: number,
    packet: Uint8Array,
    to: number,
    now: number,
  ): void {
    const since = this.doubles[restOf(this.words, entry) >> 1] as number
    const seconds = Math.floor((now - since) / 1000)
    if (seconds <= 0) return
    for (; list < end; list++) {
      const at = to + (this.shorts[list] as number)
      const ttl = readU32(packet, at)
      writeU32(packet, at, ttl > seconds ? ttl - seconds : 0)
    }
  }

  private writeSerials(
    entry: number,
    list: number,
    end: number,
    packet: Uint8Array,
    to: number,
  ): void {
    const stamp = this.words[restOf(this.words, entry) + REST.SERIAL / 4] as number
    const serial = Atomics.load(this.shared.serials, stamp)
    for (; list < end; list++) writeU32(packet, to + (this.shorts[list] as number), serial)
  }

  /** A branch's denial answers longer and shorter names than the one that it was made for: all that lies behind the name has moved. */
  private movePointers(
    entry: number,
    list: number,
    end: number,
    packet: Uint8Array,
    to: number,
  ): void {
    const made = this.words[restOf(this.words, entry) + REST.MADE_FOR / 4] as number
    const moved = this.question.nameOctets - made
    if (moved === 0) return
    for (; list < end; list++) {
      const at = to + (this.shorts[list] as number)
      const pointer = (((packet[at] as number) << 8) | (packet[at + 1] as number)) + moved
      packet[at] = pointer >> 8
      packet[at + 1] = pointer & 0xff
    }
  }

  /** RFC 6891 §6.1.2: payload size and options of the client where the reply echoes them. */
  private writeOpt(
    from: number,
    octets: number,
    traits: number,
    packet: Uint8Array,
    to: number,
  ): void {
    const { bytes, question } = this
    for (let i = 0; i < octets; i++) packet[to + i] = bytes[from + i] as number
    if ((traits & TRAIT.ECHOES_SIZE) !== 0) {
      packet[to + 3] = question.payloadSize >> 8
      packet[to + 4] = question.payloadSize & 0xff
    }
    if ((traits & TRAIT.ECHOES_OPTIONS) === 0) return
    const { cookie, optRdata } = question
    packet[to + 9] = optRdata >> 8
    packet[to + 10] = optRdata & 0xff
    for (let i = 0; i < optRdata; i++) packet[to + OPT_HEAD + i] = cookie[i] as number
  }
}

/** The word where the last fields of an entry begin. */
export function restOf(words: Int32Array, entry: number): number {
  const octets = words[(entry + AT.OCTETS) >> 2] as number
  return (entry + octets - REST.OCTETS) >> 2
}

/** The word behind an entry's name, where its versions are. */
export function behindName(words: Int32Array, at: number): number {
  const octets = (words[at + AT.NAME_WORD / 4] as number) & 0xffff
  return at + AT.NAME / 4 + ((octets + 3) >> 2)
}

function readU32(octets: Uint8Array, at: number): number {
  return (
    (((octets[at] as number) << 24) |
      ((octets[at + 1] as number) << 16) |
      ((octets[at + 2] as number) << 8) |
      (octets[at + 3] as number)) >>>
    0
  )
}

function writeU32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24
  octets[at + 1] = (value >>> 16) & 0xff
  octets[at + 2] = (value >>> 8) & 0xff
  octets[at + 3] = value & 0xff
}
