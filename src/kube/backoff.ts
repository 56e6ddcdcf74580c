import type { Clock } from './clock.ts'

/** The first wait after a failure. */
export const BACKOFF_MIN_MS = 500
/** No wait is longer: an API server that is back is noticed within this. */
export const BACKOFF_MAX_MS = 10_000
/** After this long without a failure the next one counts as the first. */
export const BACKOFF_RESET_MS = 120_000
/** A server that asks for more patience than this does not get it. */
export const RETRY_AFTER_MAX_MS = 60_000

/** Waits that double, each between half and the whole of its length, so that many clients do not come back at once. */
export class Backoff {
  readonly #clock: Clock
  #nextMs = BACKOFF_MIN_MS
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @param retryAfterMs what the server asked for (RFC 9110 §10.2.3), which is waited in full */
  next(retryAfterMs = 0): number {
    const now = this.#clock.monotonic()
    if (now - this.#lastAt > BACKOFF_RESET_MS) this.#nextMs = BACKOFF_MIN_MS
    this.#lastAt = now
    const jittered = this.#nextMs * (0.5 + this.#clock.random() / 2)
    this.#nextMs = Math.min(this.#nextMs * 2, BACKOFF_MAX_MS)
    return Math.min(retryAfterMs, RETRY_AFTER_MAX_MS) + jittered
  }
}
