import { RCODE } from '../../wire/codes.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply } from '../reply.ts'
import { Draft } from './draft.ts'
import type { ReplyRule } from './reply-rules.ts'
import { restored, unrestored } from './restore.ts'
import type { Rule } from './rule.ts'

/** Changes queries for the plugins behind it, and their replies back. */
export class Rewrite implements Plugin {
  readonly name = 'rewrite'
  readonly keepsLifetimes = true
  readonly echoes: readonly number[]
  private readonly rules: readonly Rule[]

  /** @param echoes codes of options that replies give back from now on */
  constructor(rules: readonly Rule[], echoes: readonly number[]) {
    this.rules = rules
    this.echoes = echoes
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const draft = new Draft(query)
    const rules: ReplyRule[] = []
    let stopped = false
    for (const rule of this.rules) {
      const made = rule.apply(draft)
      if (made === undefined) continue
      if (draft.qname === undefined) return this.refuse(draft)
      rules.push(...made)
      stopped = rule.stops
      if (stopped) break
    }
    const asked = draft.rewritten()
    const reply = next(asked)
    if (stopped || rules.length > 0) {
      return whenDone(reply, (other) => restored(other, { draft, asked, rules }))
    }
    if (asked === query) return reply
    return whenDone(reply, (other) => unrestored(other, draft))
  }

  /** A rule that meets all names of a branch does to its denial what it does to each. */
  clearOf(branch: Name, qtype: number): boolean {
    const text = nameToText(branch)
    return this.rules.every((rule) => rule.shareOf(text, qtype) !== 'some')
  }

  /** The question goes back as it came, the options as the rules left them. */
  private refuse(draft: Draft): Reply {
    const error = `invalid name after rewrite: ${draft.spelled}`
    const reply = giveUp(draft.query, this.name, RCODE.SERVFAIL, error)
    return draft.opt === draft.query.opt ? reply : { ...reply, askedWith: { opt: draft.opt } }
  }
}
