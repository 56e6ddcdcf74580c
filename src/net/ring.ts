/** Words in front of the records: where the writer is, where the reader is. */
const HEAD = 0
const TAIL = 1
const HEADER_OCTETS = 64
/** In place of a record's length: the rest of the memory is skipped. */
const SKIP = -1

/** Memory for a ring; `octets` is a power of two. */
export function ringMemory(octets: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_OCTETS + octets)
}

/**
 * A bounded queue of records from one thread to another in shared memory. Positions only grow, and go round at 2^32; a record lies in one piece, its length
 * before it, so that it can be read where it is.
 */
class Ring {
  /** For records' contents; offsets of records count in octets of this view. */
  readonly bytes: Uint8Array
  readonly words: Int32Array
  protected readonly mask: number
  protected readonly capacity: number

  constructor(memory: SharedArrayBuffer) {
    this.bytes = new Uint8Array(memory)
    this.words = new Int32Array(memory)
    this.capacity = memory.byteLength - HEADER_OCTETS
    this.mask = this.capacity - 1
  }

  protected at(position: number): number {
    return HEADER_OCTETS + (position & this.mask)
  }
}

/** The end that writes. What is written is seen after {@link RingWriter.commit}. */
export class RingWriter extends Ring {
  private head: number

  constructor(memory: SharedArrayBuffer) {
    super(memory)
    this.head = Atomics.load(this.words, HEAD)
  }

  /** Room for a record of so many octets: the offset of the first behind its length; -1 where the ring is full. */
  reserve(octets: number): number {
    const needed = (octets + 4 + 7) & ~7
    const toEnd = this.capacity - (this.head & this.mask)
    const skipped = toEnd < needed ? toEnd : 0
    const taken = (this.head - Atomics.load(this.words, TAIL)) | 0
    if (taken + skipped + needed > this.capacity) return -1
    if (skipped > 0) {
      this.words[this.at(this.head) >> 2] = SKIP
      this.head = (this.head + skipped) | 0
    }
    const at = this.at(this.head)
    this.words[at >> 2] = needed
    this.head = (this.head + needed) | 0
    return at + 4
  }

  /** Shows the reader all that was written; true when there was anything. */
  commit(): boolean {
    if (Atomics.load(this.words, HEAD) === this.head) return false
    Atomics.store(this.words, HEAD, this.head)
    return true
  }

  /** Waits until the reader has taken something, or for so many milliseconds. */
  waitForRoom(timeoutMs: number): void {
    const tail = Atomics.load(this.words, TAIL)
    if (((this.head - tail) | 0) > 0) Atomics.wait(this.words, TAIL, tail, timeoutMs)
  }
}

/** The end that reads. */
export class RingReader extends Ring {
  private tail: number
  private next = 0

  constructor(memory: SharedArrayBuffer) {
    super(memory)
    this.tail = Atomics.load(this.words, TAIL)
  }

  get isEmpty(): boolean {
    return Atomics.load(this.words, HEAD) === this.tail
  }

  /** The offset of the next record, which stays until {@link RingReader.release}; -1 where there is none. */
  read(): number {
    for (;;) {
      if (this.isEmpty) return -1
      const at = this.at(this.tail)
      const length = this.words[at >> 2] as number
      if (length !== SKIP) {
        this.next = (this.tail + length) | 0
        return at + 4
      }
      this.tail = (this.tail + this.capacity - (this.tail & this.mask)) | 0
    }
  }

  /** Gives back the memory of the record that was read last. */
  release(): void {
    this.tail = this.next
    Atomics.store(this.words, TAIL, this.tail)
    Atomics.notify(this.words, TAIL)
  }
}
