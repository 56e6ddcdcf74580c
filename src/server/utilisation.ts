/** What the threads have done so far. */
export interface Work {
  /** Milliseconds of the monotonic clock. */
  readonly at: number
  /** Milliseconds that each thread has been busy, the control thread among them. */
  readonly busy: readonly number[]
}

/** Samples that the ratio is taken over; one comes each second. */
export const SAMPLES = 5

/** The share of the time, from 0 to 1, that the busiest thread has worked in the last seconds. */
export class Utilisation {
  private readonly samples: Work[] = []

  take(work: Work): void {
    this.samples.push(work)
    if (this.samples.length > SAMPLES + 1) this.samples.shift()
  }

  get ratio(): number {
    const [first] = this.samples
    const last = this.samples.at(-1)
    if (first === undefined || last === undefined || last.at <= first.at) return 0
    const shares = last.busy.map((busy, thread) => {
      const share = (busy - (first.busy[thread] ?? 0)) / (last.at - first.at)
      return Math.min(1, Math.max(0, share))
    })
    return Math.max(0, ...shares)
  }
}
