import { KEY, MAX_COOKIE_RDATA, mix } from './layout.ts'

const FNV_PRIME = 0x01000193
const MAX_LABELS = 128
const HEADER = 12
const OPT_HEAD = 11
const COOKIE = 10
const MAX_NAME = 255
/** Memory of this size is where packets come in again and again, so that a second view of it is worth making. */
const LASTING_OCTETS = 4096

/** Payload sizes that clients commonly send; those in between count as the next below. */
const SIZES = [0, 512, 1220, 1232, 1280, 1400, 1410, 1452, 1472, 4000, 4096, 8192, 65494, 65535]
/** Size class of messages over streams. */
export const STREAM_CLASS = 15

/**
 * Reads the plainest queries, which are nearly all: opcode QUERY, class IN, one question, at most one OPT that ends the datagram, with version 0 and empty
 * or one COOKIE. All else is the chain's. One for each thread, read anew for each query: it allocates nothing.
 */
export class Question {
  /** The name in lower case, zeros behind it up to a multiple of four octets. */
  readonly name = new Uint8Array(260)
  readonly nameWords: Int32Array
  nameOctets = 0
  /** The hash of the whole name. */
  hash = 0
  /** After {@link Question.split}: the number of labels, and for each suffix from label `i` on its hash and where it starts in the name. */
  labels = -1
  readonly hashes = new Int32Array(MAX_LABELS)
  readonly starts = new Uint8Array(MAX_LABELS)
  qtype = 0
  /** Where the question ends in the packet. */
  end = 0
  /** Whether a letter of the name is in upper case. */
  mixedCase = false
  /** The bits that belong to the key, and the size class above them. */
  keyWord = 0
  /** Octets that the reply may have. */
  limit = 0
  /** The payload size of the client's OPT; 0 without one. */
  payloadSize = 0
  /** Octets of OPT's RDATA. */
  optRdata = 0
  readonly cookie = new Uint8Array(MAX_COOKIE_RDATA)

  private readonly seed: number
  private readonly spare = new Uint8Array(260)
  private readonly spareWords: Int32Array
  private packet: Uint8Array | undefined
  private packetWords: Int32Array

  constructor(seed: number) {
    this.seed = seed
    this.nameWords = new Int32Array(this.name.buffer)
    this.spareWords = new Int32Array(this.spare.buffer)
    this.packetWords = this.spareWords
  }

  /** Reads the query at `at`; false when it is not plain. */
  read(packet: Uint8Array, at: number, octets: number, stream: boolean): boolean {
    if (octets < HEADER + 5) return false
    // QR, opcode, AA, TC; RA, Z, rcode; one question, no answer, no authority, at most one additional.
    if (((packet[at + 2] as number) & 0xfe) !== 0) return false
    if (((packet[at + 3] as number) & 0xcf) !== 0) return false
    if (packet[at + 4] !== 0 || packet[at + 5] !== 1) return false
    if (packet[at + 6] !== 0 || packet[at + 7] !== 0) return false
    if (packet[at + 8] !== 0 || packet[at + 9] !== 0) return false
    if (packet[at + 10] !== 0 || (packet[at + 11] as number) > 1) return false
    const end = at + octets
    const behind = this.readName(packet, at + HEADER, end)
    if (behind < 0 || behind + 4 > end) return false
    this.qtype = ((packet[behind] as number) << 8) | (packet[behind + 1] as number)
    if (packet[behind + 2] !== 0 || packet[behind + 3] !== 1) return false
    this.end = behind + 4
    const key = ((packet[at + 2] as number) & 1) | ((((packet[at + 3] as number) >> 4) & 3) << 1)
    if (packet[at + 11] === 0) {
      if (this.end !== end) return false
      this.payloadSize = 0
      this.optRdata = 0
      this.limit = stream ? 0xffff : 512
      this.keyWord = KEY.EXACT | key | ((stream ? STREAM_CLASS : 0) << KEY.SIZE_SHIFT)
      return true
    }
    return this.readOpt(packet, end, key, stream)
  }

  /** From label to label to the root; then the octets, in lower case, and their hash. Returns where the name ends, -1 where it is none. */
  private readName(packet: Uint8Array, from: number, end: number): number {
    let at = from
    for (;;) {
      const length = packet[at] as number
      if (length === 0) break
      at += length + 1
      if (length > 63 || at >= end) return -1
    }
    const octets = at + 1 - from
    if (octets > MAX_NAME) return -1
    this.nameOctets = octets
    this.labels = -1
    const long = packet.length >= LASTING_OCTETS && ((packet.byteOffset + from) & 3) === 0
    if (long) this.fold(this.wordsOf(packet), from >> 2, octets)
    else {
      for (let i = 0; i < octets; i++) this.spare[i] = packet[from + i] as number
      this.fold(this.spareWords, 0, octets)
    }
    return at + 1
  }

  /** Views of memory that packets come in again and again. */
  private wordsOf(packet: Uint8Array): Int32Array {
    if (packet !== this.packet) {
      this.packet = packet
      this.packetWords = new Int32Array(packet.buffer, packet.byteOffset, packet.length >> 2)
    }
    return this.packetWords
  }

  /**
   * Four octets at a time, which the machine has the first of lowest. An octet from A to Z (RFC 4343 §3) is one whose sum with 0x3f reaches 0x80, and whose sum
   * with 0x25 does not; its bit 0x20 is set then. Lengths of labels are below A.
   */
  private fold(words: Int32Array, first: number, octets: number): void {
    const { nameWords } = this
    const last = (octets - 1) >> 2
    let hash = this.seed
    let upper = 0
    for (let i = 0; i <= last; i++) {
      let word = words[first + i] as number
      if (i === last) word &= -1 >>> (8 * (3 - ((octets - 1) & 3)))
      const low = word & 0x7f7f7f7f
      const capitals = ((low + 0x3f3f3f3f) | 0) & ~((low + 0x25252525) | 0) & ~word & 0x80808080
      upper |= capitals
      word |= capitals >>> 2
      nameWords[i] = word
      hash = Math.imul(hash ^ word, 0x9e3779b1)
      hash ^= hash >>> 15
    }
    this.mixedCase = upper !== 0
    this.hash = hash
  }

  /** Finds the labels and the hashes of the suffixes, which only denials need. */
  split(): void {
    if (this.labels >= 0) return
    const { name, hashes, starts } = this
    let labels = 0
    for (let at = 0; name[at] !== 0; ) {
      const length = name[at] as number
      starts[labels] = at
      let hash = this.seed ^ length
      const stop = at + length + 1
      for (at++; at < stop; at++) hash = Math.imul(hash ^ (name[at] as number), FNV_PRIME)
      hashes[labels++] = hash
    }
    let hash = this.seed
    for (let i = labels - 1; i >= 0; i--) {
      hash = mix(hash, hashes[i] as number)
      hashes[i] = hash
    }
    this.labels = labels
  }

  private readOpt(packet: Uint8Array, end: number, key: number, stream: boolean): boolean {
    const at = this.end
    if (at + OPT_HEAD > end || packet[at] !== 0) return false
    if (packet[at + 1] !== 0 || packet[at + 2] !== 41) return false
    // Extended rcode, version, and of the flags all but DO.
    if (packet[at + 5] !== 0 || packet[at + 6] !== 0) return false
    if (((packet[at + 7] as number) & 0x7f) !== 0 || packet[at + 8] !== 0) return false
    const rdata = ((packet[at + 9] as number) << 8) | (packet[at + 10] as number)
    if (at + OPT_HEAD + rdata !== end) return false
    if (rdata !== 0 && !this.readCookie(packet, at + OPT_HEAD, rdata)) return false
    const size = ((packet[at + 3] as number) << 8) | (packet[at + 4] as number)
    this.payloadSize = size
    this.optRdata = rdata
    this.limit = stream ? 0xffff : size < 512 ? 512 : size
    const sizeClass = stream ? STREAM_CLASS : sizeClassOf(size)
    const dnssecOk = ((packet[at + 7] as number) >> 7) * KEY.DO
    this.keyWord = KEY.EXACT | KEY.OPT | key | dnssecOk | (sizeClass << KEY.SIZE_SHIFT)
    return true
  }

  private readCookie(packet: Uint8Array, at: number, octets: number): boolean {
    if (octets < 4 || octets > MAX_COOKIE_RDATA) return false
    if (packet[at] !== 0 || packet[at + 1] !== COOKIE) return false
    if (packet[at + 2] !== 0 || packet[at + 3] !== octets - 4) return false
    for (let i = 0; i < octets; i++) this.cookie[i] = packet[at + i] as number
    return true
  }

  /** The hash of the suffix from this label on, that of the root behind the last; after {@link Question.split}. */
  suffixHash(label: number): number {
    return label < this.labels ? (this.hashes[label] as number) : this.seed
  }
}

function sizeClassOf(size: number): number {
  let sizeClass = SIZES.length - 1
  while (size < (SIZES[sizeClass] as number)) sizeClass--
  return sizeClass
}

/** The hash of a name in lower case, given in wire form, as {@link Question} finds it. */
export function hashOfName(name: string, seed: number): number {
  const labels: number[] = []
  for (let at = 0; name.charCodeAt(at) !== 0; ) {
    const length = name.charCodeAt(at++)
    let hash = seed ^ length
    for (const end = at + length; at < end; at++) {
      hash = Math.imul(hash ^ name.charCodeAt(at), FNV_PRIME)
    }
    labels.push(hash)
  }
  return labels.reduceRight(mix, seed)
}

/** Where a label of the question starts in its name; the root behind the last. */
export function startOf(question: Question, label: number): number {
  return label < question.labels ? (question.starts[label] as number) : question.nameOctets - 1
}
