import { MAX_TIMER_MS } from '../every.ts'

/** A pause that can be cut short for good. */
export class Pauses {
  stopped = false
  private timer: NodeJS.Timeout | undefined
  private wake: (() => void) | undefined

  /** Waits so long, or until everything is stopped. */
  wait(milliseconds: number): Promise<void> {
    if (this.stopped) return Promise.resolve()
    return new Promise((done) => {
      this.wake = done
      this.timer = setTimeout(done, Math.min(milliseconds, MAX_TIMER_MS))
      this.timer.unref()
    })
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
    this.wake?.()
  }
}
