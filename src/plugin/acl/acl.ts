import type { Counter } from '../../admin/metrics.ts'
import { EDE, RCODE } from '../../wire/codes.ts'
import { DNSSEC_OK, extendedError, type Opt } from '../../wire/edns.ts'
import { isAtOrBelow, type Name, nameToText } from '../../wire/name.ts'
import type { Octets } from '../../wire/record.ts'
import { addressOctets, type Cidr } from '../cidr.ts'
import { ALWAYS, ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Count, type Reply, replyTo, silence } from '../reply.ts'
import type { Explanation } from '../why.ts'
import { explainAcl } from './explain.ts'
import type { AclMetrics } from './metrics.ts'

export type Action = 'allow' | 'block' | 'filter' | 'drop'

/** What becomes of queries of some types from some clients. */
export interface Policy {
  readonly action: Action
  /** Undefined: all types. */
  readonly types: ReadonlySet<number> | undefined
  /** Undefined: all clients. */
  readonly clients: readonly Cidr[] | undefined
  /** As the Corefile has it, on one line. */
  readonly text: string
}

/** Policies for the names of some zones; the first that matches decides. */
export interface Rule {
  /** Lower case. */
  readonly zones: readonly Name[]
  readonly policies: readonly Policy[]
}

/** What is to become of a query. */
export interface Verdict {
  readonly action: Action
  /** The zone of the rule that decided. */
  readonly zone: Name | undefined
  /** What decided in it; undefined where nothing did, or the client has no address. */
  readonly policy: Policy | undefined
  /** Whether another client might have got another verdict. */
  readonly byClient: boolean
}

/** Payload size of the OPT record that carries the reason. */
const OPT_UDP_SIZE = 4096

/** Lets queries through, refuses them, answers them with nothing or not at all, by name, type and client. */
export class Acl implements Plugin {
  readonly name = 'acl'
  readonly keepsLifetimes = true
  private readonly rules: readonly Rule[]
  private readonly metrics: AclMetrics
  /** The series of queries let through, by listener: the common case builds no labels. The view is always the block's. */
  private readonly allowed = new Map<string, Counter>()

  constructor(rules: readonly Rule[], metrics: AclMetrics) {
    this.rules = rules
    this.metrics = metrics
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const verdict = this.judge(query)
    const count = this.countFor(query, verdict)
    if (verdict.action === 'allow') {
      return whenDone(next(query), (reply) => passed(reply, verdict, count))
    }
    if (verdict.action === 'drop') return silence(query, 'acl')
    return refused(query, verdict, count)
  }

  explain(query: Query): Explanation {
    return explainAcl(query, this.judge(query))
  }

  /** Not where a policy could speak of a name of the branch. */
  clearOf(branch: Name, qtype: number): boolean {
    return this.rules.every(({ zones, policies }) => {
      if (!policies.some((policy) => policy.types?.has(qtype) !== false)) return true
      return !zones.some((zone) => isAtOrBelow(branch, zone) || isAtOrBelow(zone, branch))
    })
  }

  private judge(query: Query): Verdict {
    const client = addressOctets(query.exchange.client.address)
    let byClient = false
    for (const { zones, policies } of this.rules) {
      const zone = longest(zones, query.folded)
      if (zone === undefined) continue
      if (client === undefined) {
        return { action: 'block', zone, policy: undefined, byClient: true }
      }
      for (const policy of policies) {
        if (policy.types?.has(query.qtype) === false) continue
        byClient ||= policy.clients !== undefined
        if (isAmong(client, policy.clients)) {
          return { action: policy.action, zone, policy, byClient }
        }
      }
    }
    return { action: 'allow', zone: undefined, policy: undefined, byClient }
  }

  private countFor(query: Query, { action, zone }: Verdict): Counter {
    const server = query.exchange.listener.label
    const counter =
      action === 'allow' || zone === undefined
        ? this.allowedAt(server, query.view)
        : this.metrics[action].labels(server, nameToText(zone), query.view)
    counter.inc()
    return counter
  }

  private allowedAt(server: string, view: string): Counter {
    let counter = this.allowed.get(server)
    if (counter === undefined) {
      counter = this.metrics.allowed.labels(server, view)
      this.allowed.set(server, counter)
    }
    return counter
  }
}

function passed(reply: Reply, { byClient }: Verdict, count: Count): Reply {
  if (byClient) return { ...reply, lifetime: ONCE, deniedBelow: 0 }
  return reply.lifetime.repeatable ? { ...reply, counts: [...reply.counts, count] } : reply
}

/** The reason goes along even to clients that sent no OPT record. */
function refused(query: Query, { action, byClient }: Verdict, count: Count): Reply {
  const blocked = action === 'block'
  const opt: Opt = {
    udpSize: OPT_UDP_SIZE,
    extendedRcode: 0,
    version: 0,
    flags: DNSSEC_OK,
    options: [extendedError(blocked ? EDE.BLOCKED : EDE.FILTERED)],
  }
  return replyTo(query, 'acl', {
    rcode: blocked ? RCODE.REFUSED : RCODE.NOERROR,
    opt,
    lifetime: byClient ? ONCE : ALWAYS,
    counts: [count],
  })
}

function isAmong(client: Octets, ranges: readonly Cidr[] | undefined): boolean {
  return ranges?.some((range) => range.contains(client)) !== false
}

function longest(zones: readonly Name[], name: Name): Name | undefined {
  let found: Name | undefined
  for (const zone of zones) {
    if (isAtOrBelow(name, zone) && zone.length > (found?.length ?? 0)) found = zone
  }
  return found
}
