import type { Entries } from './entries.ts'
import type { Epochs } from './epochs.ts'
import { MAX_ENTRY_OCTETS, type Shared } from './layout.ts'
import { Log, Segments } from './segments.ts'

/** Share of the segments that new entries may hold before they are cleaned first. */
const NEW_SHARE = 1 / 4
/** How long what was in use when it was cleaned stays before it has to show again that it is. */
const KEPT_MS = 10_000

/** Makes room in the heap: what is in use moves on, the rest goes. */
export class Cleaner {
  /** Entries that went. */
  evicted = 0

  private readonly entries: Entries
  private readonly epochs: Epochs
  private readonly now: () => number
  private readonly segments: Segments
  private readonly young = new Log()
  private readonly old = new Log()
  /** Entries that there may be. */
  private readonly most: number

  constructor(shared: Shared, entries: Entries, epochs: Epochs, now: () => number) {
    this.entries = entries
    this.epochs = epochs
    this.now = now
    this.segments = new Segments(shared.heap.byteLength, MAX_ENTRY_OCTETS)
    this.most = shared.entries
  }

  /** A place for a new entry of so many octets; -1 where there is none. */
  placeNew(octets: number): number {
    return this.segments.place(this.young, octets, false, this.now())
  }

  /** Notes an entry at a place, so that it is found when its segment is cleaned. */
  note(id: number, place: number): void {
    this.segments.entries[this.segments.segmentOf(place)]?.push(id)
  }

  /** Cleans one segment where room is short. */
  makeRoom(): void {
    if (!this.isShort()) return
    if (this.epochs.waiting > 0) this.epochs.advance()
    if (!this.isShort()) return
    const segment = this.logToClean()?.full.shift()
    if (segment !== undefined) this.clean(segment)
  }

  private isShort(): boolean {
    const { segments } = this
    const few = Math.max(2, segments.count >> 3)
    return segments.available < few || this.entries.free <= this.most >> 4
  }

  /** The new entries where they are too many, else the oldest of the others if they have had their time. */
  private logToClean(): Log | undefined {
    const { segments, young, old } = this
    const isMany =
      young.segments > segments.count * NEW_SHARE || this.entries.fresh > this.most * NEW_SHARE
    if (isMany && young.full.length > 0) return young
    const oldest = old.full[0]
    if (oldest !== undefined && this.now() - segments.startedAt(oldest) >= KEPT_MS) return old
    return young
  }

  /** The segment is free when no reader looks at it any more. */
  private clean(segment: number): void {
    const { segments, entries, epochs } = this
    for (const id of segments.entries[segment] as number[]) {
      const place = entries.placeOf(id)
      if (place === 0 || segments.segmentOf(place) !== segment) continue
      if (!entries.isInUse(id, place) || !this.move(id, place)) {
        this.evicted++
        entries.remove(id)
      }
    }
    segments.entries[segment] = []
    epochs.retire(() => segments.release(segment))
    epochs.advance()
  }

  private move(id: number, from: number): boolean {
    const { entries } = this
    const octets = entries.octetsAt(from)
    const to = this.segments.place(this.old, octets, true, this.now())
    if (to < 0) return false
    entries.heap.bytes.copyWithin(to, from, from + octets)
    this.note(id, to)
    entries.keepAt(id, to)
    return true
  }
}
