import type { Name } from './name.ts'

/** Offsets that a pointer's fourteen bits can hold (RFC 1035 §4.1.4). */
const MAX_POINTER_OFFSET = 0x4000
/** A name has at most this many labels, each of two octets or more. */
const MAX_LABELS = 128
/** A suffix takes two octets of message at least, so that twice MAX_POINTER_OFFSET / 2 slots are never more than half full. */
const SLOTS = 0x4000

/**
 * Where the names of one message were written first, for pointers to them (RFC 1035 §4.1.4). A hash table over the suffixes of names that
 * lie in the message itself: it allocates nothing, compares octets case-sensitively, and can forget what was added last.
 */
export class Compression {
  private readonly offsets = new Uint16Array(SLOTS)
  private readonly generations = new Uint32Array(SLOTS)
  private readonly journal = new Uint16Array(SLOTS)
  private readonly starts = new Uint8Array(MAX_LABELS)
  private readonly hashes = new Int32Array(MAX_LABELS)
  private readonly message: Uint8Array
  private generation = 0
  private added = 0

  constructor(message: Uint8Array) {
    this.message = message
  }

  /** Forgets everything, for the next message in the same buffer. */
  clear(): void {
    this.generation = (this.generation + 1) >>> 0
    this.added = 0
    if (this.generation === 0) {
      this.generations.fill(0)
      this.generation = 1
    }
  }

  /** Forgets the suffixes that begin at or behind this offset of the message. */
  forget(offset: number): void {
    while (this.added > 0) {
      const slot = this.journal[this.added - 1] as number
      if ((this.offsets[slot] as number) < offset) return
      this.generations[slot] = 0
      this.added--
    }
  }

  /**
   * Writes a name at `at`, its longest known suffix as a pointer unless `inFull`, and remembers the suffixes that are new.
   *
   * @returns the offset behind it
   */
  write(name: Name, at: number, inFull: boolean): number {
    const { message } = this
    const from = at
    const labels = this.hashSuffixes(name)
    for (let label = 0; label < labels; label++) {
      const start = this.starts[label] as number
      const slot = this.find(name, start, this.hashes[label] as number, from)
      if (slot >= 0) {
        // Whatever follows a suffix that is known is known as well.
        if (inFull) return this.copy(name, start, at)
        const offset = this.offsets[slot] as number
        message[at] = 0xc0 | (offset >> 8)
        message[at + 1] = offset & 0xff
        return at + 2
      }
      if (at < MAX_POINTER_OFFSET) this.add(-slot - 1, at)
      const end = start + name.charCodeAt(start) + 1
      for (let i = start; i < end; i++) message[at++] = name.charCodeAt(i)
    }
    message[at] = 0
    return at + 1
  }

  private copy(name: Name, start: number, at: number): number {
    const { message } = this
    for (let i = start; i < name.length; i++) message[at++] = name.charCodeAt(i)
    return at
  }

  /** Remembers the suffixes of a name that was written in full at `at`, into an empty message. */
  note(name: Name, at: number): void {
    const labels = this.hashSuffixes(name)
    for (let label = 0; label < labels; label++) {
      const start = this.starts[label] as number
      const slot = this.find(name, start, this.hashes[label] as number, at)
      if (slot < 0) this.add(-slot - 1, at + start)
    }
  }

  /** Fills `starts` and `hashes`, one entry a label; returns how many labels there are. */
  private hashSuffixes(name: Name): number {
    let labels = 0
    for (let at = 0; name.charCodeAt(at) !== 0; at += name.charCodeAt(at) + 1)
      this.starts[labels++] = at
    let hash = 0x811c9dc5 | 0
    let end = name.length - 1
    for (let label = labels - 1; label >= 0; label--) {
      const start = this.starts[label] as number
      for (let i = start; i < end; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
      this.hashes[label] = hash
      end = start
    }
    return labels
  }

  /**
   * The slot of this suffix; or, where it is not known, -1 - the free slot that it would take.
   *
   * @param from where the name itself begins: what is known from there on are longer suffixes of it, whose ends are not written yet
   */
  private find(name: Name, start: number, hash: number, from: number): number {
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    while (this.generations[slot] === this.generation) {
      const offset = this.offsets[slot] as number
      if (offset < from && this.equals(name, start, offset)) return slot
      slot = (slot + 1) & (SLOTS - 1)
    }
    return -1 - slot
  }

  private add(slot: number, offset: number): void {
    this.offsets[slot] = offset
    this.generations[slot] = this.generation
    this.journal[this.added++] = slot
  }

  /** Whether the message has this suffix at this offset; its own pointers are followed, and they only lead backwards. */
  private equals(name: Name, start: number, offset: number): boolean {
    const { message } = this
    for (;;) {
      let length = message[offset] as number
      while (length >= 0xc0) {
        offset = ((length & 0x3f) << 8) | (message[offset + 1] as number)
        length = message[offset] as number
      }
      if (length !== name.charCodeAt(start)) return false
      if (length === 0) return true
      for (let i = 1; i <= length; i++) {
        if (message[offset + i] !== name.charCodeAt(start + i)) return false
      }
      offset += length + 1
      start += length + 1
    }
  }
}
