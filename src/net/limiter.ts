import { BATCH, type Batch } from './batch.ts'
import { Fairness, type Heard, type Limited } from './fairness.ts'
import { isIpv6 } from './peers.ts'
import { queueOf } from './sockets.ts'
import { MAPPED, SourceFilter } from './source-filter.ts'
import { Sources } from './sources.ts'
import type { Syscalls } from './syscalls.ts'

/** How often it is looked whether a socket is overloaded. */
const WINDOW_MS = 100
/** One datagram in so many is looked at while there is more than a batch of them. */
const STRIDE = 4
/** Full batches one after the other that make a flood of what the kernel throws away: it was no burst. */
const FLOOD_BATCHES = 16
/** Octets of memory that a flood may have waiting before the kernel throws anything away: some 5,000 queries, which no client has under way that means well. */
const FLOOD_OCTETS = 4 << 20
/** What a query takes in a queue, with the kernel's own books. */
const QUERY_OCTETS = 768
/** While someone is held back, a queue that is fuller than this has still more to come than can be dealt with. */
const FULL = 1 / 2

/** What a window has added up to. */
const NOTHING = { handled: 0, missed: 0, overflowed: 0 }

/**
 * Keeps one client from having a socket for itself when more comes than the process has time for. It looks at nothing while batches do not fill up; then it counts who
 * sends, and has the kernel throw away a share of what those send who send most ({@link Fairness}).
 */
export class Limiter {
  private readonly syscalls: Syscalls
  private readonly descriptor: number
  private readonly filter: SourceFilter
  private readonly fairness = new Fairness()
  private readonly senders = new Sources()
  private readonly missers = new Sources()
  private window = { ...NOTHING }
  private began = 0
  private turn = 0
  private busy = false
  private fullBatches = 0
  private drops: number
  private thrownAway = 0

  /** What a thread before this one has set at the socket is taken away. */
  constructor(syscalls: Syscalls, descriptor: number) {
    this.syscalls = syscalls
    this.descriptor = descriptor
    this.filter = new SourceFilter(syscalls, descriptor)
    this.filter.clear()
    this.drops = queueOf(syscalls, descriptor).drops
  }

  /** Those held back now. */
  get limited(): readonly Limited[] {
    return this.fairness.limited
  }

  /** Datagrams that the kernel threw away for this since it was last asked. */
  takeDropped(): number {
    const dropped = this.thrownAway
    this.thrownAway = 0
    return dropped
  }

  /** A batch has come. */
  take(batch: Batch, received: number): void {
    this.window.handled += received
    this.fullBatches = received < BATCH ? 0 : this.fullBatches + 1
    if (received < BATCH && this.limited.length === 0) return
    this.busy = true
    this.turn = (this.turn + 1) % STRIDE
    for (let slot = this.turn; slot < received; slot += STRIDE) count(this.senders, batch, slot)
  }

  /** A datagram goes to the control thread, or found no room on the way there. */
  miss(batch: Batch, slot: number, overflowed: boolean): void {
    this.window.missed++
    if (overflowed) this.window.overflowed++
    if (overflowed || this.busy) count(this.missers, batch, slot)
  }

  /** To be called after each batch, and now and then without one. Returns whether those held back are others now. */
  look(now: number): boolean {
    if (this.began === 0) this.began = now
    const isFlood = this.fullBatches >= FLOOD_BATCHES && this.limited.length === 0
    if (now - this.began < WINDOW_MS && !isFlood) return false
    // What was managed in less than a window may be all that there is time for in one.
    const seconds = Math.max(now - this.began, WINDOW_MS) / 1000
    const { window } = this
    const isBusy = isFlood || window.overflowed > 0 || this.limited.length > 0
    const changed = isBusy && this.close(window, seconds, isFlood)
    if (isFlood && !changed && now - this.began < WINDOW_MS) return false
    this.began = now
    this.window = { ...NOTHING }
    this.busy = false
    this.senders.clear()
    this.missers.clear()
    return changed
  }

  private close(window: typeof NOTHING, seconds: number, isFlood: boolean): boolean {
    this.fullBatches = 0
    const { octets, bound, drops } = queueOf(this.syscalls, this.descriptor)
    const dropped = Math.max(0, drops - this.drops)
    const holds = this.limited.length > 0
    const full = octets > FULL * bound
    if (!isFlood || dropped > 0) this.drops = drops
    if (holds && !full) this.thrownAway += dropped
    const tooMany = holds ? full : isFlood && (dropped > 0 || (full && octets > FLOOD_OCTETS))
    const waiting = holds ? 0 : Math.floor(octets / QUERY_OCTETS)
    const changed = this.fairness.close({
      seconds,
      dropped: dropped + waiting,
      overloaded: tooMany || window.overflowed > 0,
      ...this.heard(window),
    })
    if (!changed) return false
    if (this.limited.length > 0) this.filter.set(this.limited)
    else this.filter.clear()
    return true
  }

  /** Where the way to the control thread is what is too narrow, those count who send there. */
  private heard({ handled, missed, overflowed }: typeof NOTHING): {
    handled: number
    heard: readonly Heard[]
    looked: number
  } {
    const { senders, missers } = this
    return overflowed > 0
      ? { handled: missed - overflowed, heard: missers.heard(), looked: missers.counted }
      : { handled, heard: senders.heard(), looked: senders.counted }
  }
}

function count(sources: Sources, batch: Batch, slot: number): void {
  const { words } = batch
  const at = batch.nameAt(slot)
  const word = (at >> 2) + 2
  if (isIpv6(batch.bytes, at)) {
    sources.count(
      words[word] as number,
      words[word + 1] as number,
      words[word + 2] as number,
      words[word + 3] as number,
    )
    return
  }
  const mapped = batch.bytes[at] !== 2
  const address = words[mapped ? word + 3 : word - 1] as number
  sources.count(0, 0, IN_CLOTHES, address)
}

/** As a word of a little-endian machine. */
const IN_CLOTHES = (((MAPPED & 0xff) << 24) | ((MAPPED >> 8) << 16)) >>> 0
