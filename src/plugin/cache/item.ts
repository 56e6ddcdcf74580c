import { FLAG } from '../../wire/header.ts'
import type { Rr } from '../../wire/record.ts'
import type { Version } from '../lifetime.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo } from '../reply.ts'
import { answersQuestion } from './classify.ts'
import { aging, setTtl } from './ttl.ts'

/** A reply that is kept, without its OPT, which is between two servers only (RFC 6891 §6.2.1). */
export class Item {
  readonly rcode: number
  /** Seconds for which it was taken in. */
  readonly ttl: number
  /** Milliseconds of the monotonic clock. */
  readonly stored: number
  /** What an answer out of the cluster or a file was made from: it is dead when these do not stand. */
  readonly versions: readonly Version[]
  /** Whether it has what was asked for. */
  readonly answering: boolean
  /** Under `prefer_positive`: what had an answer before this came, which has none. */
  readonly lastGood: Item | undefined
  /** Value of the metadata label `zone/wildcard` when it was taken in. */
  readonly wildcard: string
  /** Whether it is a denial or a failure, which are kept apart from answers. */
  readonly denial: boolean
  /** Why it is not what clients hoped for; the plugin that made it said so. */
  readonly why: Reply['why']
  /** Place in the store's list. */
  place = 0

  private readonly flags: number
  private readonly answer: readonly Rr[]
  private readonly authority: readonly Rr[]
  private readonly additional: readonly Rr[]
  private hits = 0
  private lastHit = Number.NEGATIVE_INFINITY
  private refreshing = false
  private retryAfter = Number.NEGATIVE_INFINITY

  constructor(
    reply: Reply,
    kept: Pick<Item, 'ttl' | 'stored' | 'versions' | 'lastGood' | 'wildcard' | 'denial'> & {
      /** Whether its TTLs stay (`keepttl`). */
      readonly steady: boolean
    },
  ) {
    this.rcode = reply.rcode
    this.flags = reply.flags & (FLAG.AD | FLAG.RA)
    const records = kept.steady ? (all: readonly Rr[]) => all : aging
    this.answer = records(reply.answer)
    this.authority = records(reply.authority)
    this.additional = records(reply.additional)
    this.answering = answersQuestion(reply)
    this.ttl = kept.ttl
    this.stored = kept.stored
    this.versions = kept.versions
    this.lastGood = kept.lastGood
    this.wildcard = kept.wildcard
    this.denial = kept.denial
    this.why = reply.why
  }

  /** Seconds left; zero or less when it is over. */
  left(now: number): number {
    return this.ttl - Math.floor((now - this.stored) / 1000)
  }

  /** This one or the one before it that has what was asked for. */
  get good(): Item | undefined {
    return this.answering ? this : this.lastGood
  }

  /** The kept reply for a client: AA always set, since old resolvers drop answers without; AD only for those who show that they know it (RFC 6840 §5.7). */
  reply(query: Query, ttl: number): Reply {
    const reply = replyTo(query, 'cache')
    const kept = wantsAuthenticated(query) ? this.flags : this.flags & ~FLAG.AD
    return {
      ...reply,
      flags: reply.flags | FLAG.AA | kept,
      rcode: this.rcode,
      answer: setTtl(this.answer, ttl),
      authority: setTtl(this.authority, ttl),
      additional: setTtl(this.additional, ttl),
    }
  }

  /** Counts clients who asked for it; after a pause longer than `withinMs` the count begins anew. Returns the count. */
  hit(now: number, withinMs: number, times = 1): number {
    this.hits = this.lastHit < now - withinMs ? times : this.hits + times
    this.lastHit = now
    return this.hits
  }

  /** Takes the count over from the item that this one replaces. */
  inherit(from: Item, now: number): void {
    this.hits = from.hits
    this.lastHit = now
  }

  /** One refresh at a time, and none for a while after one that failed. */
  beginRefresh(now: number): boolean {
    if (this.refreshing || now < this.retryAfter) return false
    this.refreshing = true
    return true
  }

  endRefresh(now: number, recheckMs: number, refreshed: boolean): void {
    this.refreshing = false
    this.retryAfter = recheckMs > 0 && !refreshed ? now + recheckMs : Number.NEGATIVE_INFINITY
  }
}

/** Whether a client asked for AD: with DO, or with AD itself. */
export function wantsAuthenticated(query: Query): boolean {
  return query.dnssecOk || (query.flags & FLAG.AD) !== 0
}
