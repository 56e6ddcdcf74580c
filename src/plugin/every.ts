/** The longest time that a timer of Node can wait: a longer one fires at once, and again and again. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Runs something at intervals, never more often than asked for but for intervals above {@link MAX_TIMER_MS} (24 days), which are cut to it. The process may end meanwhile. */
export function every(periodMs: number, run: () => void): NodeJS.Timeout {
  return setInterval(run, Math.min(periodMs, MAX_TIMER_MS)).unref()
}
