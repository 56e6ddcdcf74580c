import { RCODE, TYPE } from '../../wire/codes.ts'
import type { Rr } from '../../wire/record.ts'
import type { Cidr } from '../cidr.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import { drawn, hasChoice, preferred, type Random, shuffled } from './order.ts'

/** What becomes of the order of records. */
export type Policy =
  | { readonly kind: 'round_robin' }
  | { readonly kind: 'weighted'; readonly weightOf: (rr: Rr) => number }

/** Changes the order of addresses and mail exchangers, so that clients that take the first one spread over all. */
export class Loadbalance implements Plugin {
  readonly name = 'loadbalance'
  readonly keepsLifetimes = true
  private readonly policy: Policy
  private readonly preferred: readonly Cidr[]
  private readonly random: Random

  constructor(policy: Policy, ranges: readonly Cidr[], random: Random) {
    this.policy = policy
    this.preferred = ranges
    this.random = random
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    return whenDone(next(query), (reply) => this.reorder(reply))
  }

  /** Only NOERROR replies are touched. */
  clearOf(): boolean {
    return true
  }

  private reorder(reply: Reply): Reply {
    if (reply.kind !== 'message' || reply.rcode !== RCODE.NOERROR) return reply
    const qtype = reply.question?.qtype
    if (qtype === TYPE.AXFR || qtype === TYPE.IXFR) return reply
    const ordered = this.policy.kind === 'weighted' ? this.weigh(reply) : this.shuffle(reply)
    return this.preferred.length === 0 ? ordered : this.prefer(ordered)
  }

  private shuffle(reply: Reply): Reply {
    const { answer, authority, additional } = reply
    if (answer.length + authority.length + additional.length <= 1) return reply
    const { random } = this
    const rotates = hasChoice(answer) || hasChoice(authority) || hasChoice(additional)
    return {
      ...reply,
      answer: shuffled(answer, random),
      authority: shuffled(authority, random),
      additional: shuffled(additional, random),
      rotates: reply.rotates || rotates,
    }
  }

  private weigh(reply: Reply): Reply {
    const { policy, random } = this
    const qtype = reply.question?.qtype
    if (policy.kind !== 'weighted') return reply
    if (qtype !== TYPE.A && qtype !== TYPE.AAAA && qtype !== TYPE.SRV) return reply
    const { answer, additional } = reply
    const ordered = {
      ...reply,
      answer: drawn(answer, policy.weightOf, random),
      additional: drawn(additional, policy.weightOf, random),
    }
    return hasChoice(answer) || hasChoice(additional) ? once(ordered) : ordered
  }

  /** A repetition could not put shuffled addresses back into the order of the ranges, so it must come here. */
  private prefer(reply: Reply): Reply {
    const { answer, additional } = reply
    const ordered = {
      ...reply,
      answer: preferred(answer, this.preferred),
      additional: preferred(additional, this.preferred),
    }
    return hasChoice(answer) || hasChoice(additional) ? once(ordered) : ordered
  }
}

function once(reply: Reply): Reply {
  return { ...reply, lifetime: ONCE, deniedBelow: 0 }
}
