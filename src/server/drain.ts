import type { Counter, Registry } from '../admin/metrics.ts'
import type { Logger } from '../log.ts'

/** A server that no query has come to for so long is known by nobody any more. */
export const QUIET_MS = 2000
/** A server that is told to end goes on no longer than this while queries come, unless a lameduck asks for more: kubelets kill after 30 s. */
export const MAX_DRAIN_MS = 25_000
/** How often it looks whether queries come. */
const LOOK_MS = 100

/** Queries that came, and those of them that were thrown away unanswered. */
export interface Traffic {
  readonly received: number
  readonly lost: number
}

export interface DrainParts {
  readonly traffic: () => Traffic
  readonly log: Logger
  readonly metrics: Registry
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number
  readonly wait?: (milliseconds: number) => Promise<void>
}

const SERVED = 'served'
const LOST = 'lost'

/** The metrics of a drain; they are there with 0 before. */
export function declareDrain(metrics: Registry): Readonly<Record<'served' | 'lost', Counter>> {
  const queries = metrics.counter(
    'muster_drain_queries_total',
    'Queries that came after the process was told to end, by what became of them.',
    ['outcome'],
  )
  return { served: queries.labels(SERVED), lost: queries.labels(LOST) }
}

/** The end of a server that clients still ask: it goes on until they have stopped. */
export class Drain {
  private readonly parts: DrainParts
  private readonly began: number
  private readonly before: Traffic
  private readonly forget: () => void

  constructor(parts: DrainParts) {
    const { metrics, now, traffic } = parts
    this.parts = parts
    this.began = now()
    this.before = traffic()
    const counters = declareDrain(metrics)
    this.forget = metrics.onCollect(() => {
      const { received, lost } = this.since()
      counters.served.value = received - lost
      counters.lost.value = lost
    })
  }

  /** Goes on until no query has come for {@link QUIET_MS}, {@link MAX_DRAIN_MS} at most; `minimum` is waited for in any case. */
  async run(minimum: Promise<unknown>): Promise<void> {
    const { now, traffic, wait = sleep } = this.parts
    let { received } = traffic()
    let quietSince = now()
    while (now() - quietSince < QUIET_MS && now() - this.began < MAX_DRAIN_MS) {
      await wait(LOOK_MS)
      const next = traffic().received
      if (next !== received) quietSince = now()
      received = next
    }
    await minimum
  }

  /** To be called when the sockets are closed: tells what came of it. */
  end(): void {
    const { received, lost } = this.since()
    const seconds = ((this.parts.now() - this.began) / 1000).toFixed(1)
    const text = `${received} queries in ${seconds}s after the signal, ${lost} of them lost`
    if (lost === 0) this.parts.log.info(text)
    else this.parts.log.warning(text)
    this.forget()
  }

  private since(): Traffic {
    const { received, lost } = this.parts.traffic()
    return { received: received - this.before.received, lost: lost - this.before.lost }
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((later) => setTimeout(later, milliseconds))
}
