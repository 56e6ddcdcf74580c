import type { Counter, Family } from '../../admin/metrics.ts'
import { CLASS, RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import type { Rr } from '../../wire/record.ts'
import { classify } from '../cache/classify.ts'
import { ONCE, shortest } from '../lifetime.ts'
import { lookup } from '../lookup.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo } from '../reply.ts'
import { embed, type Prefix } from './embed.ts'

/** TTL where the AAAA reply has no SOA to tell (RFC 6147 §5.1.7). */
const TTL_WITHOUT_SOA = 600

/** Gives clients that have only IPv6 addresses for servers that have only IPv4 (RFC 6147). */
export class Dns64 implements Plugin {
  readonly name = 'dns64'
  readonly keepsLifetimes = true
  private readonly prefix: Prefix
  private readonly translateAll: boolean
  private readonly allowIpv4: boolean
  private readonly translated: Family<Counter>
  private readonly wallClock: () => number

  constructor(parts: {
    prefix: Prefix
    translateAll: boolean
    allowIpv4: boolean
    translated: Family<Counter>
    wallClock: () => number
  }) {
    this.prefix = parts.prefix
    this.translateAll = parts.translateAll
    this.allowIpv4 = parts.allowIpv4
    this.translated = parts.translated
    this.wallClock = parts.wallClock
  }

  /** A name that does not exist gets no addresses (RFC 6147 §5.1.2). */
  clearOf(): boolean {
    return true
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (query.qtype !== TYPE.AAAA || query.qclass !== CLASS.IN) return next(query)
    return whenDone(next(query), (reply) => this.consider(query, reply))
  }

  /** Which clients get made-up addresses depends on how they came: such replies are for one query only. */
  private consider(query: Query, reply: Reply): Reply | Promise<Reply> {
    if (reply.kind !== 'message' || !this.wants(reply)) return reply
    const byIpv4 = !query.exchange.client.address.includes(':')
    if (byIpv4 && !this.allowIpv4) return { ...reply, lifetime: ONCE, deniedBelow: 0 }
    return whenDone(lookup(query, query.folded, TYPE.A), (found) =>
      this.translate(query, reply, found),
    )
  }

  /** Whether a reply to a query for AAAA has none; failures count as that (RFC 6147 §5.1.2). */
  private wants(reply: Reply): boolean {
    if (classify(reply, this.wallClock()) === 'nxdomain') return false
    return this.translateAll || !reply.answer.some((rr) => rr.type === TYPE.AAAA)
  }

  private translate(query: Query, reply: Reply, found: Reply): Reply {
    if (found.kind === 'silence') {
      return giveUp(query, 'dns64', RCODE.SERVFAIL, `no reply to the query for A records`)
    }
    const translated = this.translated.labels(query.exchange.listener.label)
    translated.inc()
    const limit = limitOf(reply.authority)
    const made = replyTo(query, 'dns64')
    return {
      ...made,
      flags: made.flags | (found.flags & FLAG.TC),
      answer: found.answer.map((rr) => this.toAaaa(rr, limit)),
      authority: found.authority,
      additional: found.additional,
      opt: found.opt,
      askedWith: reply.askedWith,
      lifetime: this.allowIpv4 ? shortest(reply.lifetime, found.lifetime) : ONCE,
      counts: [...reply.counts, translated],
      observers: reply.observers,
      rotates: found.rotates,
    }
  }

  /** Other records stay as they are (RFC 6147 §5.3.3). */
  private toAaaa(rr: Rr, limit: Limit): Rr {
    if (rr.type !== TYPE.A) return rr
    const rdata = embed(this.prefix, rr.rdata)
    if (rr.ttl <= limit.ttl) return { ...rr, type: TYPE.AAAA, rdata }
    const { owner, class: qclass } = rr
    return { ...limit, owner, type: TYPE.AAAA, class: qclass, rdata }
  }
}

/** What TTLs are bounded by: a TTL, and whether it counts down. */
type Limit = Pick<Rr, 'ttl' | 'ages'>

/** The TTL of the SOA record, not its MINIMUM; the last one counts. */
function limitOf(authority: readonly Rr[]): Limit {
  const soa = authority.findLast((rr) => rr.type === TYPE.SOA)
  if (soa === undefined) return { ttl: TTL_WITHOUT_SOA }
  return soa.ages ? { ttl: soa.ttl, ages: true } : { ttl: soa.ttl }
}
