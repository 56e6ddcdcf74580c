import { RCODE } from '../../wire/codes.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply } from '../reply.ts'
import { Draft } from './draft.ts'
import type { ReplyRule } from './reply-rules.ts'
import { restored, unrestored } from './restore.ts'
import type { Rule } from './rule.ts'

/** Asks those behind another question than the client did, and makes their replies ones to the client's. */
export class Rewrite implements Plugin {
  readonly name = 'rewrite'
  readonly keepsLifetimes = true
  readonly echoes: readonly number[]
  private readonly rules: readonly Rule[]

  /** @param echoes codes of options that clients get back since a rule names them */
  constructor(rules: readonly Rule[], echoes: readonly number[]) {
    this.rules = rules
    this.echoes = echoes
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const draft = new Draft(query)
    const rules: ReplyRule[] = []
    let stopped = false
    for (const rule of this.rules) {
      const replyRules = rule.apply(draft)
      if (replyRules === undefined) continue
      if (draft.qname === undefined) return this.nameless(draft)
      rules.push(...replyRules)
      stopped = rule.stops
      if (stopped) break
    }
    const asked = draft.rewritten()
    const reply = next(asked)
    if (stopped || rules.length > 0) {
      return whenDone(reply, (reply) => restored(reply, { draft, asked, rules }))
    }
    if (asked === query && !draft.personal) return reply
    return whenDone(reply, (reply) => unrestored(reply, draft))
  }

  /** Rules in front of others decide; those that stop leave the rest unasked. */
  clearOf(branch: Name, qtype: number): boolean {
    const text = nameToText(branch)
    for (const rule of this.rules) {
      const share = rule.shareOf(text, qtype)
      if (share === 'some') return false
      if (share === 'all' && rule.stops) return true
    }
    return true
  }

  private nameless(draft: Draft): Reply {
    const error = `invalid name after rewrite: ${draft.spelled}`
    const reply = giveUp(draft.query, this.name, RCODE.SERVFAIL, error)
    return draft.opt === draft.query.opt ? reply : { ...reply, askedWith: { opt: draft.opt } }
  }
}
