/** Time and chance, so that tests hold both in their hands. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  /** Milliseconds that never go back. */
  monotonic(): number
  /** Calls once, later; what it returns calls it off. A waiting call does not keep the process alive. */
  after(delayMs: number, call: () => void): () => void
  /** At least 0, below 1. */
  random(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  after(delayMs, call) {
    const timer = setTimeout(call, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/**
 * Waits for so long, or less: until the signal, or until it is woken.
 *
 * @param listen is given what wakes it, and returns what forgets that
 */
export async function pause(
  clock: Pick<Clock, 'after'>,
  delayMs: number,
  signal: AbortSignal,
  listen: (wake: () => void) => () => void = () => () => {},
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = (): void => resolve()
  const cancel = clock.after(delayMs, wake)
  const forget = listen(wake)
  signal.addEventListener('abort', wake)
  await promise
  signal.removeEventListener('abort', wake)
  forget()
  cancel()
}
