import type { Clock } from '../../src/kube/clock.ts'

/** A clock that moves only by hand. Chance always comes out in the middle. */
export class HandClock implements Clock {
  #now = 1_700_000_000_000
  #waiting: { at: number; call: () => void }[] = []

  now(): number {
    return this.#now
  }
  monotonic(): number {
    return this.#now
  }
  random(): number {
    return 0.5
  }
  after(delayMs: number, call: () => void): () => void {
    const entry = { at: this.#now + delayMs, call }
    this.#waiting.push(entry)
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry)
    }
  }

  advance(ms: number): void {
    this.#now += ms
    for (;;) {
      const due = this.#waiting.filter(({ at }) => at <= this.#now)
      if (due.length === 0) return
      const first = due.reduce((a, b) => (b.at < a.at ? b : a))
      this.#waiting = this.#waiting.filter((other) => other !== first)
      first.call()
    }
  }
}
