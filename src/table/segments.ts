/** Octets of one segment; smaller where the heap has few. */
const SEGMENT_OCTETS = 64 << 10
/** Segments that only entries moved by cleaning may take. */
const RESERVE = 2

/** One of the two logs that share the heap: where the next entry goes, and the segments behind it, the oldest first. */
export class Log {
  /** Full segments, the oldest first. */
  readonly full: number[] = []
  current = -1
  used = 0

  get segments(): number {
    return this.full.length + (this.current < 0 ? 0 : 1)
  }
}

/**
 * The heap as segments that are filled one after the other. Memory is won back by cleaning the oldest segment of a log: what is in use moves to a new place,
 * the rest is forgotten. So there are no holes to fit things into, and the order of the segments is the order of age.
 */
export class Segments {
  readonly octets: number
  readonly count: number
  /** Ids of the entries that were written into each segment. */
  readonly entries: number[][]
  private readonly free: number[] = []
  private readonly started: Float64Array

  constructor(heapOctets: number, largestEntry: number) {
    this.octets = Math.max(largestEntry, Math.min(SEGMENT_OCTETS, heapOctets >> 4)) & ~7
    this.count = Math.floor(heapOctets / this.octets)
    this.started = new Float64Array(this.count)
    this.entries = Array.from({ length: this.count }, () => [])
    for (let segment = this.count - 1; segment >= 0; segment--) this.free.push(segment)
  }

  /** Free segments that new entries may take. */
  get available(): number {
    return this.free.length - RESERVE
  }

  /**
   * Room at the end of a log.
   *
   * @param moved whether an entry is moved by cleaning, which may use the reserve
   * @returns the place in octets; -1 for none
   */
  place(log: Log, octets: number, moved: boolean, now: number): number {
    if (log.current < 0 || log.used + octets > this.octets) {
      if (this.free.length <= (moved ? 0 : RESERVE)) return -1
      if (log.current >= 0) log.full.push(log.current)
      log.current = this.free.pop() as number
      this.started[log.current] = now
      // Place 0 means that a slot of the index is free.
      log.used = log.current === 0 ? 8 : 0
    }
    const at = log.current * this.octets + log.used
    log.used += octets
    return at
  }

  /** When the first entry was written into a segment. */
  startedAt(segment: number): number {
    return this.started[segment] as number
  }

  segmentOf(place: number): number {
    return Math.floor(place / this.octets)
  }

  /** Gives a segment back whose entries nobody can read any more. */
  release(segment: number): void {
    this.free.push(segment)
  }
}
