import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** Says until when a query is worth working on; plugins that wait for others look at it before they begin anew. */
export class Cancel implements Plugin {
  readonly name = 'cancel'
  readonly keepsLifetimes = true
  private readonly timeoutMs: number
  private readonly now: () => number

  /** @param now the monotonic clock in milliseconds */
  constructor(timeoutMs: number, now: () => number) {
    this.timeoutMs = timeoutMs
    this.now = now
  }

  clearOf(): boolean {
    return true
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { exchange } = query
    const deadline = Math.min(exchange.deadline, this.now() + this.timeoutMs)
    return next(query.with({ exchange: { ...exchange, deadline } }))
  }
}
