/** A data thread that has done nothing for so long while queries wait is stuck. */
export const STILL_MS = 5000

/** What a data thread has done, and what waits for it. */
export interface ThreadState {
  readonly batches: number
  /** Octets that the kernel holds for it. */
  readonly queuedOctets: number
  readonly busyMs: number
}

/** Notices data threads that stand still over a filled queue: they are asked every second. */
export class Stillness {
  private readonly batches: number[] = []
  private readonly since: number[] = []
  private now = 0

  /** @param now milliseconds of the monotonic clock */
  look(threads: readonly ThreadState[], now: number): void {
    this.now = now
    threads.forEach(({ batches, queuedOctets }, thread) => {
      const moved = this.batches[thread] !== batches || queuedOctets === 0
      if (moved) this.since[thread] = now
      this.batches[thread] = batches
    })
  }

  /** What is the matter, for the page /health; undefined for nothing. */
  get ailment(): string | undefined {
    const stuck = this.since.findIndex((since) => this.now - since >= STILL_MS)
    if (stuck === -1) return undefined
    const seconds = Math.floor((this.now - (this.since[stuck] as number)) / 1000)
    return `data thread ${stuck} has stood still over a filled queue for ${seconds}s`
  }
}
