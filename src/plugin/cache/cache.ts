import { RCODE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Name, name, nameToText } from '../../wire/name.ts'
import { type Lifetime, ONCE, stands, until, type Versions, whileStanding } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Count, Reply } from '../reply.ts'
import type { Explanation } from '../why.ts'
import { covers } from '../zones.ts'
import { type Class, classify, isKeepable, isReplyTo } from './classify.ts'
import { Item, wantsAuthenticated } from './item.ts'
import type { CacheMetrics, Series } from './metrics.ts'
import type { Options } from './options.ts'
import { Refresher, withAd } from './refresh.ts'
import { Store } from './store.ts'
import { aging, keptTtl, withTtl } from './ttl.ts'
import { whyKept, whyStale, withoutOpt } from './why.ts'

/**
 * Plugins that answer from what is known here: the cluster, files. Their answers carry the versions of what they were made from. Where one does not (because it
 * leads on to another server's), it is not kept: nothing would end it when the cluster changes, and what the other server said is kept by itself.
 */
const KNOW_THEMSELVES: ReadonlySet<string> = new Set([
  'kubernetes',
  'k8s_external',
  'hosts',
  'file',
  'auto',
  'secondary',
])

/** Label of plugin metadata that an item keeps. */
const WILDCARD = 'zone/wildcard'

/** What came of taking a reply in. */
export interface Taken {
  /** For the client who asked, its TTLs within bounds. */
  readonly reply: Reply
  /** What was kept of it; undefined for nothing. */
  readonly item: Item | undefined
}

/** The world outside, as far as a cache needs it. */
export interface CacheHost {
  now(): number
  wallClock(): number
  random(): number
}

/** Keeps replies of the plugins behind it for their TTLs, answers and denials apart. */
export class Cache implements Plugin {
  readonly name = 'cache'
  readonly keepsLifetimes = true
  readonly options: Options
  readonly successes: Store
  readonly denials: Store
  private readonly served: readonly Name[]
  private readonly exceptSuccess: readonly Name[]
  private readonly exceptDenial: readonly Name[]
  private readonly host: CacheHost
  private readonly versions: Versions
  private readonly metrics: CacheMetrics
  private readonly refresher: Refresher

  constructor(
    options: Options,
    parts: { host: CacheHost; versions: Versions; metrics: CacheMetrics },
  ) {
    this.options = options
    this.host = parts.host
    this.versions = parts.versions
    this.metrics = parts.metrics
    const chance = () => parts.host.random()
    this.successes = new Store(options.success.capacity, chance)
    this.denials = new Store(options.denial.capacity, chance)
    this.served = options.zones.map((zone) => name(zone))
    this.exceptSuccess = options.exceptSuccess.map((zone) => name(zone))
    this.exceptDenial = options.exceptDenial.map((zone) => name(zone))
    this.refresher = new Refresher(this, parts.host)
  }

  /** A branch's denial is not kept here: see {@link take}. */
  clearOf(): boolean {
    return true
  }

  explain(query: Query, reply: Reply | undefined): Explanation | undefined {
    const item = reply?.by === this.name ? this.held(query) : undefined
    if (item === undefined) return undefined
    const left = item.left(this.host.now())
    const says =
      left > 0
        ? `kept for ${left} more seconds`
        : `over for ${-left} seconds, and given all the same`
    const ageSeconds = Math.round((this.host.now() - item.stored) / 1000)
    const fact = { kind: 'cache item', name: nameToText(query.qname), ageSeconds, says }
    return { facts: [fact], problems: [] }
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (!covers(this.served, query.folded)) return next(query)
    const series = this.metrics.of(query.exchange.listener.label)
    series.requests.inc()
    if (this.isNeverKept(query.folded)) {
      series.misses.inc()
      return this.miss(query, next, series)
    }
    const now = this.host.now()
    const item = this.find(query, now, series)
    if (item === undefined) return this.miss(query, next, series)
    if (item.left(now) <= 0) return this.refresher.serveStale(query, next, item, series)
    const { prefetch, prefetchWithinMs } = this.options
    if (prefetch > 0) {
      const hits = item.hit(now, prefetchWithinMs)
      if (hits >= prefetch && item.left(now) <= this.threshold(item)) {
        this.refresher.inBackground(query, next, item, series, false)
      }
    }
    return this.hit(query, item, now, series)
  }

  /** The reply for a client out of an item that is not over. */
  hit(query: Query, item: Item, now: number, series: Series): Reply {
    const ttl = this.options.keepTtl ? item.ttl : item.left(now)
    const reply = this.replyFrom(query, item, ttl)
    const lifetime = this.lifetimeOf(item)
    return { ...reply, ...whyKept(item), lifetime, counts: this.countsOf(item, series) }
  }

  /** The reply for a client out of an item that is over. */
  stale(query: Query, item: Item, series: Series): Reply {
    series.servedStale.inc()
    const { staleTtl, keepTtl } = this.options
    const ttl = staleTtl > 0 ? staleTtl : keepTtl ? item.ttl : 0
    return { ...this.replyFrom(query, item, ttl), why: () => whyStale(item) }
  }

  /**
   * Sets the TTLs of a reply and keeps it where that is right.
   *
   * @param query as the client sent it
   * @param refreshing in the background: an answer then takes the place of a denial
   */
  take(query: Query, reply: Reply, series: Series, refreshing: boolean): Taken {
    if (reply.kind === 'rcode') return { reply: withRdOf(query, reply), item: undefined }
    if (reply.kind !== 'message') return { reply, item: undefined }
    const kind = classify(reply, reply.opt === undefined ? 0 : this.host.wallClock())
    const ttl = keptTtl(reply, kind, this.options)
    const timed = withoutOpt(withTtl(reply, Math.trunc(ttl)))
    const bounded = this.withoutUnwantedAd(query, timed)
    const isReply = isReplyTo(query, reply)
    // Most of a cluster's: not worth a look at its records.
    if (isReply && this.isNeverKept(query.folded)) return { reply: bounded, item: undefined }
    if (ttl <= 0 || !isKeepable(reply, kind)) return { reply: bounded, item: undefined }
    if (!isReply) {
      series.drops.inc()
      return { reply: { ...bounded, lifetime: ONCE, deniedBelow: 0 }, item: undefined }
    }
    // A denial of a whole branch ends when the cluster changes, and is repeated as it is until then.
    if (reply.deniedBelow > 0) return { reply: bounded, item: undefined }
    const item = this.keep(query, timed, kind, Math.trunc(ttl), series, refreshing)
    return { reply: item === undefined ? bounded : this.keptReply(bounded, item, series), item }
  }

  /** What the cache holds for the query's key, whether over or not. */
  held(query: Query): Item | undefined {
    const key = keyOf(query)
    return this.denials.get(key) ?? this.successes.get(key)
  }

  private miss(query: Query, next: Next, series: Series): Reply | Promise<Reply> {
    return whenDone(next(withAd(query)), (asked) => {
      const { reply, item } = this.take(query, asked, series, false)
      if (item !== undefined || !reply.lifetime.repeatable) return reply
      // What is not kept was asked for here in vain each time.
      return { ...reply, counts: [...reply.counts, series.requests, series.misses] }
    })
  }

  /** The item that answers the query, and which kind of hit it is. A failure gives way to an answer that is still good. */
  private find(query: Query, now: number, series: Series): Item | undefined {
    const key = keyOf(query)
    const success = this.alive(this.successes, key)
    const { preferPositive, staleFor } = this.options
    if (preferPositive && staleFor > 0) {
      const good = success?.good
      if (good !== undefined && this.isUsable(good, now)) {
        series.success.hits.inc()
        return good
      }
    }
    const usable = success !== undefined && this.isUsable(success, now) ? success : undefined
    const denial = this.alive(this.denials, key)
    const denies = denial !== undefined && this.isUsable(denial, now)
    if (denies && !(denial.rcode === RCODE.SERVFAIL && usable !== undefined)) {
      series.denial.hits.inc()
      return denial
    }
    if (usable === undefined) series.misses.inc()
    else series.success.hits.inc()
    return usable
  }

  /** Names that both `disable success` and `disable denial` cover need not be looked for. */
  private isNeverKept(folded: Name): boolean {
    return covers(this.exceptSuccess, folded) && covers(this.exceptDenial, folded)
  }

  /** The item of a key; one whose versions do not stand any more is taken out. */
  private alive(store: Store, key: string): Item | undefined {
    const item = store.get(key)
    if (item === undefined || item.versions.length === 0) return item
    if (stands(whileStanding(item.versions), this.versions, 0)) return item
    store.delete(key)
    return undefined
  }

  /** What is known here is asked for again when it is over, and never given out stale. */
  private isUsable(item: Item, now: number): boolean {
    const left = item.left(now)
    if (left > 0) return true
    const { staleFor } = this.options
    return staleFor > 0 && item.versions.length === 0 && -left < Math.trunc(staleFor)
  }

  private keep(
    query: Query,
    reply: Reply,
    kind: Class,
    ttl: number,
    series: Series,
    refreshing: boolean,
  ): Item | undefined {
    const { versions, repeatable } = reply.lifetime
    if (!repeatable && KNOW_THEMSELVES.has(reply.by)) return undefined
    const positive = kind === 'answer' || kind === 'delegation'
    const except = positive ? this.exceptSuccess : this.exceptDenial
    if (covers(except, query.folded)) return undefined
    const key = keyOf(query)
    const now = this.host.now()
    const { preferPositive } = this.options
    const before = preferPositive && positive ? this.alive(this.successes, key)?.good : undefined
    const wildcard = query.metadata?.get(WILDCARD)?.() ?? ''
    const item = new Item(reply, {
      ttl,
      stored: now,
      versions,
      lastGood: before,
      wildcard,
      denial: !positive,
      steady: this.options.keepTtl,
    })
    const store = positive ? this.successes : this.denials
    const counted = positive ? series.success : series.denial
    if (store.set(key, item, now)) counted.evictions.inc()
    if (positive && (preferPositive ? item.answering : refreshing)) this.denials.delete(key)
    series.success.entries.set(this.successes.size)
    series.denial.entries.set(this.denials.size)
    return item
  }

  /** The reply on its way to the client who asked first. It may be repeated as it is where the kept one would look the same. */
  private keptReply(reply: Reply, item: Item, series: Series): Reply {
    const { flags, answer, authority, additional } = reply
    const same = (flags & FLAG.AA) !== 0 && (flags & FLAG.Z) === 0
    const aged = this.options.keepTtl
      ? {}
      : { answer: aging(answer), authority: aging(authority), additional: aging(additional) }
    return {
      ...reply,
      ...aged,
      deniedBelow: 0,
      lifetime: same ? this.lifetimeOf(item) : ONCE,
      counts: this.countsOf(item, series),
      observers: [],
      // Whoever asks next gets the names as this client spelled them.
      echoesSpelling: false,
    }
  }

  private replyFrom(query: Query, item: Item, ttl: number): Reply {
    if (item.wildcard !== '') query.metadata?.set(WILDCARD, () => item.wildcard)
    return item.reply(query, ttl)
  }

  /** Until the item is over, or is due for a prefetch. */
  private lifetimeOf(item: Item): Lifetime {
    const { prefetch } = this.options
    const seconds = prefetch > 0 ? item.ttl - this.threshold(item) : item.ttl
    return seconds <= 0 ? ONCE : until(item.stored + seconds * 1000, item.versions)
  }

  /** Seconds left at which an item is asked for again. */
  private threshold(item: Item): number {
    return Math.ceil((this.options.prefetchPercent / 100) * item.ttl)
  }

  private countsOf(item: Item, series: Series): readonly Count[] {
    const kind = item.denial ? series.denial : series.success
    const { prefetch, prefetchWithinMs } = this.options
    if (prefetch === 0) return [series.requests, kind.hits]
    const hits: Count = {
      inc: (times) => void item.hit(this.host.now(), prefetchWithinMs, times),
    }
    return [series.requests, kind.hits, hits]
  }

  private withoutUnwantedAd(query: Query, reply: Reply): Reply {
    if (wantsAuthenticated(query) || (reply.flags & FLAG.AD) === 0) return reply
    return { ...reply, flags: reply.flags & ~FLAG.AD }
  }
}

/** DO, CD, qtype, qclass and the qname in lower case. */
function keyOf(query: Query): string {
  const bits = (query.dnssecOk ? 1 : 0) | (query.checkingDisabled ? 2 : 0)
  return String.fromCharCode(bits, query.qtype, query.qclass) + query.folded
}

/** What nobody wrote has RD as the client sent it, whatever *header* makes of it behind. */
function withRdOf(query: Query, reply: Reply): Reply {
  return { ...reply, flags: (reply.flags & ~FLAG.RD) | (query.flags & FLAG.RD) }
}
