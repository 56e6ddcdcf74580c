import { RCODE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { isAtOrBelow, type Name } from '../../wire/name.ts'
import type { Message } from '../../wire/reader.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo } from '../reply.ts'
import type { Standing } from '../standing.ts'
import type { Explanation } from '../why.ts'
import { explainForward, whyFailed } from './explain.ts'
import type { ForwardMetrics } from './metrics.ts'
import type { Policy } from './policy.ts'
import type { Attempt, Upstream } from './upstream.ts'

/** How long a query is tried for, in milliseconds; the attempt under way then is waited for. */
export const OVERALL_MS = 5000
/** Attempts per upstream that may fail before a query is given up, where nothing else is said. */
export const ATTEMPTS_PER_UPSTREAM = 2
/** Connections found closed by the other side, one after the other, before that counts as a failure. */
const MAX_STALE = 256

/** One `forward` of a block. */
export interface Stanza {
  readonly from: Name
  readonly except: readonly Name[]
  readonly upstreams: readonly Upstream[]
  readonly policy: Policy
  readonly forceTcp: boolean
  readonly preferUdp: boolean
  /** Failed health checks that take an upstream out of use; 0 for none. */
  readonly maxFails: number
  /** Attempts that may fail; 0 for no limit but the time. */
  readonly maxAttempts: number
  /** Queries in flight; 0 for no limit. */
  readonly maxConcurrent: number
  /** The number as written, for the error. */
  readonly maxConcurrentText: string
  readonly failFast: boolean
  /** Rcodes for which the next upstream is asked. */
  readonly failover: ReadonlySet<number>
  /** Rcodes for which the next forward of the block is asked. */
  readonly next: ReadonlySet<number>
  readonly nextOnNodata: boolean
}

/** Sends queries on to other servers, and their replies back. All forwards of a block are one plugin, asked in their order. */
export class Forward implements Plugin {
  readonly name = 'forward'
  readonly takesAnyClass = true
  readonly stanzas: readonly Stanza[]
  private readonly inFlight: number[]
  private readonly metrics: ForwardMetrics
  private readonly now: () => number
  private readonly chance: () => number

  constructor(
    stanzas: readonly Stanza[],
    metrics: ForwardMetrics,
    host: { now(): number; random(): number },
  ) {
    this.stanzas = stanzas
    this.inFlight = stanzas.map(() => 0)
    this.metrics = metrics
    this.now = () => host.now()
    this.chance = () => host.random()
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    return this.from(0, query, next)
  }

  explain(query: Query, reply: Reply | undefined): Explanation | undefined {
    const stanza = this.stanzas.find((one) => takes(one, query.folded))
    return stanza === undefined ? undefined : explainForward(stanza, reply)
  }

  standing(): Standing {
    return {
      upstreams: this.stanzas.flatMap(({ upstreams, maxFails }) =>
        upstreams.map((upstream) => upstream.standing(maxFails)),
      ),
    }
  }

  stop(): void {
    for (const { upstreams } of this.stanzas) for (const upstream of upstreams) upstream.stop()
  }

  /** Asks the first stanza from `index` on that takes the name; the rest of the chain when none does. */
  private from(index: number, query: Query, next: Next): Reply | Promise<Reply> {
    for (let i = index; i < this.stanzas.length; i++) {
      if (takes(this.stanzas[i] as Stanza, query.folded)) return this.limited(i, query, next)
    }
    return next(query)
  }

  private async limited(index: number, query: Query, next: Next): Promise<Reply> {
    const stanza = this.stanzas[index] as Stanza
    const running = (this.inFlight[index] as number) + 1
    if (stanza.maxConcurrent > 0 && running > stanza.maxConcurrent) {
      this.metrics.concurrentRejects.inc()
      const error = `concurrent queries exceeded maximum ${stanza.maxConcurrentText}`
      return giveUp(query, 'forward', RCODE.REFUSED, error)
    }
    this.inFlight[index] = running
    try {
      return await this.forward(stanza, index, query, next)
    } finally {
      this.inFlight[index] = (this.inFlight[index] as number) - 1
    }
  }

  private async forward(stanza: Stanza, index: number, query: Query, next: Next): Promise<Reply> {
    const deadline = this.now() + OVERALL_MS
    const walk = new Walk(stanza, this.metrics, this.chance)
    let error: string | undefined
    let failovers = 0
    for (let failures = 0; this.mayTry(stanza, query, failures, deadline); ) {
      const upstream = walk.next()
      if (upstream === undefined) break
      query.metadata?.set('forward/upstream', () => upstream.address)
      const attempt = await this.attempt(stanza, upstream, query, deadline)
      error = attempt.kind === 'failed' ? attempt.error : undefined
      if (attempt.kind === 'failed') {
        failures++
        if (stanza.maxFails > 0) upstream.health.probe()
        if (walk.exhausted) break
        continue
      }
      if (attempt.kind === 'mismatch') return mismatched(query)
      if (stanza.failover.has(attempt.rcode) && ++failovers < stanza.upstreams.length) continue
      if (this.goesOn(stanza, index, attempt)) return this.from(index + 1, query, next)
      return passed(query, attempt.message, attempt.rcode)
    }
    const failed = giveUp(query, 'forward', RCODE.SERVFAIL, error ?? 'no healthy proxies')
    return { ...failed, why: () => whyFailed(error) }
  }

  private mayTry(stanza: Stanza, query: Query, failures: number, deadline: number): boolean {
    const now = this.now()
    if (now >= deadline || now >= query.exchange.deadline) return false
    return stanza.maxAttempts === 0 || failures < stanza.maxAttempts
  }

  /** One upstream's chance: again where a kept connection turned out to be closed, and over TCP where `prefer_udp` got a truncated reply. */
  private async attempt(
    stanza: Stanza,
    upstream: Upstream,
    query: Query,
    deadline: number,
  ): Promise<Attempt> {
    let proto = stanza.forceTcp ? 'tcp' : stanza.preferUdp ? 'udp' : query.proto
    for (let stale = 0; ; ) {
      const dialMs = Math.max(1, deadline - this.now())
      const attempt = await upstream.ask(query, proto, dialMs)
      if (attempt.kind === 'failed' && attempt.stale && ++stale < MAX_STALE) continue
      const again =
        attempt.kind === 'message' &&
        (attempt.message.flags & FLAG.TC) !== 0 &&
        stanza.preferUdp &&
        proto === 'udp'
      if (!again) return attempt
      proto = 'tcp'
    }
  }

  /** Whether the reply makes the next forward be asked, which must exist and stand behind this one. */
  private goesOn(
    stanza: Stanza,
    index: number,
    attempt: Extract<Attempt, { kind: 'message' }>,
  ): boolean {
    if (index + 1 >= this.stanzas.length) return false
    if (stanza.next.has(attempt.rcode)) return true
    const { rcode, message } = attempt
    return stanza.nextOnNodata && rcode === RCODE.NOERROR && message.answer.length === 0
  }
}

function takes(stanza: Stanza, name: Name): boolean {
  if (!isAtOrBelow(name, stanza.from)) return false
  return name === stanza.from || !stanza.except.some((zone) => isAtOrBelow(name, zone))
}

/**
 * The upstreams in the order in which one query tries them, over and over. Those that are down are passed by; those that have failed a query and not proved
 * alive since come last, so that a dead upstream costs the queries that found out, and no others.
 */
class Walk {
  private readonly list: readonly Upstream[]
  private readonly stanza: Stanza
  private readonly metrics: ForwardMetrics
  private readonly chance: () => number
  private at = 0
  private down = 0

  constructor(stanza: Stanza, metrics: ForwardMetrics, chance: () => number) {
    this.stanza = stanza
    this.metrics = metrics
    this.chance = chance
    const list = stanza.policy(stanza.upstreams)
    const suspects = list.filter((upstream) => upstream.health.suspect)
    this.list =
      suspects.length === 0 || suspects.length === list.length
        ? list
        : [...list.filter((upstream) => !upstream.health.suspect), ...suspects]
  }

  /** Whether all upstreams were found down since the list began anew: another failure is the last. */
  get exhausted(): boolean {
    return this.down >= this.list.length
  }

  /** Undefined when all are down and the configuration says not to try them. Else, with all down, the checks are mistrusted and any one is tried. */
  next(): Upstream | undefined {
    for (;;) {
      if (this.at >= this.list.length) {
        this.at = 0
        this.down = 0
      }
      const upstream = this.list[this.at++] as Upstream
      if (!upstream.isDown(this.stanza.maxFails)) return upstream
      if (++this.down < this.list.length) continue
      this.metrics.healthcheckBroken.inc()
      if (this.stanza.failFast) return undefined
      return this.list[Math.floor(this.chance() * this.list.length)]
    }
  }
}

/** The upstream's message as it stands. */
function passed(query: Query, message: Message, rcode: number): Reply {
  const { flags, question, answer, authority, additional, opt } = message
  return replyTo(query, 'forward', {
    flags: flags & ~FLAG.RCODE,
    rcode,
    question,
    answer,
    authority,
    additional,
    opt,
  })
}

/** What came back was no answer to the question: FORMERR, and nobody is asked again. */
function mismatched(query: Query): Reply {
  return replyTo(query, 'forward', { rcode: RCODE.FORMERR })
}
