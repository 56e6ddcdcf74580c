import type { Registry } from '../admin/metrics.ts'
import type { Logger } from '../log.ts'
import type { LimitedClient } from '../net/limits.ts'

/** The log tells of clients held back no more than once in so long. */
export const SAID_EVERY_MS = 60_000

/**
 * Tells operators of clients that are held back so that others are answered: a gauge, and now and then a line that names the worst.
 *
 * @returns to be called every second
 */
export function tellLimits(
  metrics: Registry,
  log: Pick<Logger, 'warning'>,
  held: () => readonly LimitedClient[],
): (now: number) => void {
  const clients = metrics
    .gauge(
      'muster_limited_clients',
      'Clients of whose queries a share is thrown away, since they send most while more come than can be answered.',
    )
    .labels()
  let saidAt = Number.NEGATIVE_INFINITY
  return (now) => {
    const limited = held()
    clients.set(new Set(limited.map(({ address }) => address)).size)
    const [worst] = [...limited].sort((a, b) => b.perSecond - a.perSecond)
    if (worst === undefined || now - saidAt < SAID_EVERY_MS) return
    saidAt = now
    const { address, perSecond, pass } = worst
    const share = (100 * pass).toFixed(pass < 0.1 ? 1 : 0)
    log.warning(
      `more queries come than can be answered: ${address} sends about ${Math.round(perSecond)} a second, of which ${share}% are let through so that others are answered`,
    )
  }
}
