import type { Logger } from '../log.ts'
import type { Clock } from './clock.ts'

/** The same trouble is told again after this long. */
const TELL_AGAIN_MS = 60_000

/** Tells an operator of a failure that repeats itself: when it begins, when it changes, now and then, and when it is over. */
export class Trouble {
  readonly #what: string
  readonly #log: Logger
  readonly #clock: Clock
  #failure = ''
  #toldAt = 0
  #since = 0

  /** @param what is being attempted: `watch services` */
  constructor(what: string, log: Logger, clock: Clock) {
    this.#what = what
    this.#log = log
    this.#clock = clock
  }

  failed(failure: string, againInMs: number): void {
    const now = this.#clock.monotonic()
    if (this.#failure === '') this.#since = now
    if (failure === this.#failure && now - this.#toldAt < TELL_AGAIN_MS) return
    this.#failure = failure
    this.#toldAt = now
    const seconds = (againInMs / 1000).toFixed(1)
    this.#log.warning(`Failed to ${this.#what}: ${failure}; trying again in ${seconds} s`)
  }

  over(): void {
    if (this.#failure === '') return
    this.#failure = ''
    const seconds = ((this.#clock.monotonic() - this.#since) / 1000).toFixed(1)
    this.#log.info(`Able to ${this.#what} again after ${seconds} s`)
  }
}
