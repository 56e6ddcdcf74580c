import type { Clock } from '../clock.ts'

/** A key that fails is tried again after this, doubled each time up to the second figure. */
export const RETRY_MS = { first: 10, longest: 10_000 }

/**
 * Keys waiting for their controller. A key is queued once however often it is added, and worked on after the turn that added
 * it, so a controller sees the end of a burst of changes. An error of the work is told and the key tried again.
 */
export class WorkQueue {
  readonly #clock: Clock
  readonly #work: (key: string) => void
  readonly #onError: (error: unknown) => void
  readonly #waiting = new Set<string>()
  readonly #later = new Map<string, { at: number; cancel: () => void }>()
  readonly #failures = new Map<string, number>()
  #turn: NodeJS.Immediate | undefined
  #stopped = false

  constructor(clock: Clock, work: (key: string) => void, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#work = work
    this.#onError = onError
  }

  add(key: string): void {
    if (this.#stopped) return
    this.#waiting.add(key)
    this.#turn ??= setImmediate(() => this.#run())
  }

  /** Adds the key after so many milliseconds; the earliest of several such wishes counts. */
  addAfter(key: string, delayMs: number): void {
    if (delayMs <= 0) {
      this.add(key)
      return
    }
    const at = this.#clock.now() + delayMs
    const planned = this.#later.get(key)
    if (this.#stopped || (planned !== undefined && planned.at <= at)) return
    planned?.cancel()
    const cancel = this.#clock.after(delayMs, () => {
      this.#later.delete(key)
      this.add(key)
    })
    this.#later.set(key, { at, cancel })
  }

  stop(): void {
    this.#stopped = true
    if (this.#turn !== undefined) clearImmediate(this.#turn)
    for (const { cancel } of this.#later.values()) cancel()
    this.#later.clear()
    this.#waiting.clear()
  }

  #run(): void {
    this.#turn = undefined
    const keys = [...this.#waiting]
    this.#waiting.clear()
    for (const key of keys) if (!this.#stopped) this.#try(key)
  }

  #try(key: string): void {
    try {
      this.#work(key)
      this.#failures.delete(key)
    } catch (error) {
      this.#onError(error)
      const failures = this.#failures.get(key) ?? 0
      this.#failures.set(key, failures + 1)
      this.addAfter(key, Math.min(RETRY_MS.first * 2 ** failures, RETRY_MS.longest))
    }
  }
}
