import { RCODE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import type { Cache, CacheHost, Taken } from './cache.ts'
import { answersQuestion, classify, isReplyTo } from './classify.ts'
import type { Item } from './item.ts'
import type { Series } from './metrics.ts'

/** Refreshes without a waiting client that may be under way; beyond it items wait for the next client. */
export const MAX_IN_BACKGROUND = 1024

/** Asks again for what is over, or soon will be. */
export class Refresher {
  private readonly cache: Cache
  private readonly host: CacheHost
  private running = 0

  constructor(cache: Cache, host: CacheHost) {
    this.cache = cache
    this.host = host
  }

  /** Answers with an item that is over: at once, with a refresh behind the client's back; or, with `verify`, only if asking brings nothing. */
  serveStale(query: Query, next: Next, item: Item, series: Series): Reply | Promise<Reply> {
    const { verify, verifyMs, recheckMs } = this.cache.options
    if (!verify) {
      this.inBackground(query, next, item, series, true)
      return this.cache.stale(query, item, series)
    }
    const tracks = recheckMs > 0
    if (tracks && !item.beginRefresh(this.host.now())) return this.cache.stale(query, item, series)
    const asked = whenDone(next(withAd(query)), (reply) => {
      const taken = this.accept(query, reply, series, verifyMs > 0)
      if (tracks) item.endRefresh(this.host.now(), recheckMs, taken !== undefined)
      return taken
    })
    const fresh = (taken: Taken | undefined) => this.verified(query, item, taken, series)
    if (!(asked instanceof Promise)) return fresh(asked)
    return (verifyMs > 0 ? orUndefined(asked, verifyMs) : asked).then(fresh)
  }

  /** Asks again without a client who waits: one refresh of an item at a time. */
  inBackground(query: Query, next: Next, item: Item, series: Series, stale: boolean): void {
    const recheckMs = stale ? this.cache.options.recheckMs : 0
    if (this.running >= MAX_IN_BACKGROUND || !item.beginRefresh(this.host.now())) return
    this.running++
    series.prefetches.inc()
    // Nobody's buffer bounds the reply: it is asked for over streams, which do not truncate.
    const asking = withAd(query.with({ exchange: { ...query.exchange, transport: 'tcp' } }))
    const done = (refreshed: boolean) => {
      this.running--
      if (refreshed) this.cache.held(query)?.inherit(item, this.host.now())
      item.endRefresh(this.host.now(), recheckMs, refreshed)
    }
    const take = (reply: Reply): void => {
      const taken = stale
        ? this.accept(query, reply, series, true)
        : this.cache.take(query, reply, series, true)
      done(taken !== undefined)
    }
    void Promise.resolve()
      .then(() => next(asking))
      .then(take, () => done(false))
  }

  private verified(query: Query, item: Item, taken: Taken | undefined, series: Series): Reply {
    if (taken === undefined) return this.cache.stale(query, item, series)
    // What is not kept leaves the item in place, which is looked at again for the next client.
    if (taken.item === undefined) return { ...taken.reply, lifetime: ONCE, deniedBelow: 0 }
    if (this.cache.options.verifyMs === 0) return taken.reply
    return this.cache.hit(query, taken.item, this.host.now(), series)
  }

  /** Takes in what may replace a stale item (RFC 8767 §4): an answer or a denial, and with `prefer_positive` an answer only. */
  private accept(
    query: Query,
    reply: Reply,
    series: Series,
    refreshing: boolean,
  ): Taken | undefined {
    if (reply.kind !== 'message' || (reply.flags & FLAG.TC) !== 0) return undefined
    if (!isReplyTo(query, reply)) return undefined
    const kind = classify(reply, this.host.wallClock())
    if (this.cache.options.preferPositive) {
      const usable = kind === 'answer' && answersQuestion(reply)
      const taken = this.cache.take(query, reply, series, refreshing || !usable)
      return usable ? taken : undefined
    }
    if (kind === 'other') return undefined
    if (reply.rcode !== RCODE.NOERROR && reply.rcode !== RCODE.NXDOMAIN) return undefined
    return this.cache.take(query, reply, series, refreshing)
  }
}

/** Queries go on with AD, so that an upstream tells whether it validated (RFC 6840 §5.7): the next client may want to know. */
export function withAd(query: Query): Query {
  return (query.flags & FLAG.AD) !== 0 ? query : query.with({ flags: query.flags | FLAG.AD })
}

/** What a promise brings, or undefined when it takes longer. */
function orUndefined<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
