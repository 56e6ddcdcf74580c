import { RCODE, TYPE } from '../../wire/codes.ts'
import type { Name } from '../../wire/name.ts'
import type { Rr } from '../../wire/record.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply } from '../reply.ts'
import type { ResponseRule, Reverting, Rewriting, Rule } from './rule.ts'

/** Changes queries for the plugins behind it, and their replies back. */
export class Rewrite implements Plugin {
  readonly name = 'rewrite'
  readonly keepsLifetimes = true
  private readonly rules: readonly Rule[]

  constructor(rules: readonly Rule[]) {
    this.rules = rules
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const rewriting: Rewriting = {
      query,
      question: query.question,
      opt: query.opt,
      badName: undefined,
      personal: false,
    }
    const responseRules: ResponseRule[] = []
    let stopped = false
    for (const rule of this.rules) {
      const made = rule.apply(rewriting)
      if (made === undefined) continue
      if (rewriting.badName !== undefined) return this.refuse(query, rewriting.badName)
      responseRules.push(...made)
      stopped = rule.stops
      if (stopped) break
    }
    const { question, opt } = rewriting
    if (question === query.question && opt === query.opt && responseRules.length === 0)
      return next(query)
    const reply = next(query.with({ question, opt }))
    // Without a rule for replies, and none that stopped, the reference gives the changed question back.
    if (!stopped && responseRules.length === 0) {
      return whenDone(reply, (other) => withoutRepeats(other, rewriting))
    }
    return whenDone(reply, (other) => revert(other, rewriting, responseRules))
  }

  clearOf(branch: Name, qtype: number): boolean {
    return this.rules.every((rule) => rule.clearOf(branch, qtype))
  }

  private refuse(query: Query, badName: string): Reply {
    return giveUp(query, this.name, RCODE.SERVFAIL, `invalid name after rewrite: ${badName}`)
  }
}

/** A denial of the branch that was looked up is none of the branch that was asked for. */
function withoutRepeats(reply: Reply, { query, opt, personal }: Rewriting): Reply {
  return {
    ...reply,
    deniedBelow: 0,
    lifetime: personal ? ONCE : reply.lifetime,
    askedWith: opt === query.opt ? reply.askedWith : { opt },
  }
}

function revert(
  reply: Reply,
  rewriting: Rewriting,
  rules: readonly ResponseRule[],
): Reply | Promise<Reply> {
  if (reply.kind === 'silence') return reply
  const { query } = rewriting
  const backwards = rules.toReversed()
  const reverting: Reverting = {
    rcode: reply.rcode,
    flags: reply.flags,
    answer: reply.answer,
    opt: rewriting.opt,
    ownOpt: reply.opt,
    lifetime: reply.lifetime,
  }
  const { authority, additional } = reply
  const finish = (): Reply => {
    const back = {
      ...withoutRepeats(
        { ...reply, lifetime: reverting.lifetime },
        { ...rewriting, opt: reverting.opt },
      ),
    }
    return {
      ...back,
      kind: 'message',
      question: query.question,
      rcode: reverting.rcode,
      flags: reverting.flags,
      opt: reverting.ownOpt,
      answer: changed(reverting.answer, backwards),
      authority: changed(authority, backwards),
      additional: changed(additional, backwards),
    }
  }
  for (const rule of backwards) {
    rule.message?.(reverting)
    if (rule.opt === undefined) continue
    if (reverting.opt !== undefined) reverting.opt = rule.opt(reverting.opt)
    if (reverting.ownOpt !== undefined) reverting.ownOpt = rule.opt(reverting.ownOpt)
  }
  const aliases = backwards.filter((rule) => rule.alias !== undefined)
  if (aliases.length === 0 || !reply.answer.some((rr) => rr.type === TYPE.CNAME)) return finish()
  return chase(reverting, aliases).then(finish)
}

async function chase(reverting: Reverting, rules: readonly ResponseRule[]): Promise<void> {
  for (const rr of reverting.answer) {
    if (rr.type !== TYPE.CNAME) continue
    for (const rule of rules) await rule.alias?.(rr, reverting)
  }
}

function changed(records: readonly Rr[], rules: readonly ResponseRule[]): readonly Rr[] {
  return records.map((rr) => rules.reduce((now, rule) => rule.record?.(now) ?? now, rr))
}
