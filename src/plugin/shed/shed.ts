import type { Counter, Family } from '../../admin/metrics.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, silence } from '../reply.ts'

/** A query that has waited for so long, in milliseconds, is not worth answering: clients ask again after a second at the earliest. */
export const MAX_WAIT_MS = 1000

/**
 * Drops UDP queries that overload has kept waiting, so that what capacity is left goes to those whose clients still listen. Streams are never shed: they
 * hold their clients back by themselves.
 */
export class Shed implements Plugin {
  readonly name = 'shed'
  readonly keepsLifetimes = true
  private readonly dropped: Family<Counter>
  private readonly now: () => number
  private readonly byServer = new Map<string, Counter>()

  /** @param now the monotonic clock in milliseconds */
  constructor(dropped: Family<Counter>, now: () => number) {
    this.dropped = dropped
    this.now = now
  }

  clearOf(): boolean {
    return true
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { exchange } = query
    if (exchange.transport !== 'udp' || exchange.depth > 0) return next(query)
    const counter = this.counterOf(exchange.listener.label)
    if (this.now() - exchange.started <= MAX_WAIT_MS) return next(query)
    counter.inc()
    return silence(query, 'shed')
  }

  /** Both reasons exist from the first query on; responses are never dropped here. */
  private counterOf(server: string): Counter {
    let counter = this.byServer.get(server)
    if (counter === undefined) {
      counter = this.dropped.labels(server, 'query')
      this.dropped.labels(server, 'response')
      this.byServer.set(server, counter)
    }
    return counter
  }
}
