import { RCODE, TYPE } from '../../wire/codes.ts'
import { DNSSEC_OK, extendedError, type Opt } from '../../wire/edns.ts'
import { FLAG } from '../../wire/header.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { PresentationError, rrFromText } from '../../wire/presentation.ts'
import type { Rr } from '../../wire/record.ts'
import { ALWAYS, type Lifetime, ONCE, shortest } from '../lifetime.ts'
import { lookup } from '../lookup.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo } from '../reply.ts'
import type { Explanation } from '../why.ts'
import { covers } from '../zones.ts'
import type { TemplateData } from './data.ts'
import { TemplateError } from './gotemplate/error.ts'
import type { GoTemplate } from './gotemplate/evaluate.ts'
import type { TemplateMetrics } from './metrics.ts'
import type { Rule } from './rule.ts'

/** Payload size of the OPT record that an Extended DNS Error is put into. */
const OPT_UDP_SIZE = 4096

type Section = 'answer' | 'additional' | 'authority'

/** Answers with records that Go templates make of the question. */
export class Template implements Plugin {
  readonly name = 'template'
  readonly keepsLifetimes = true
  readonly zones: readonly Name[]
  private readonly rules: readonly Rule[]
  private readonly metrics: TemplateMetrics

  constructor(rules: readonly Rule[], metrics: TemplateMetrics) {
    this.rules = rules
    this.zones = rules.flatMap((rule) => rule.config.zones)
    this.metrics = metrics
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (!covers(this.zones, query.folded)) return next(query)
    let personal = false
    for (const rule of this.rules) {
      const verdict = rule.judge(query)
      if (verdict.data !== undefined) return this.answer(query, rule, verdict.data, personal)
      personal ||= verdict.personal
      if (verdict.stops) return giveUp(query, this.name, RCODE.SERVFAIL)
    }
    if (!personal) return next(query)
    return whenDone(next(query), (reply) => ({ ...reply, lifetime: ONCE, deniedBelow: 0 }))
  }

  explain(query: Query, reply: Reply | undefined): Explanation | undefined {
    if (reply?.by !== this.name) return undefined
    const at = this.rules.findIndex((rule) => rule.judge(query).data !== undefined)
    const zones = this.rules[at]?.config.zones.map(nameToText).join(' ')
    if (zones === undefined) return this.unmatched(query)
    const says = `its pattern fits: the records are made from the question alone`
    return { facts: [{ kind: 'template', name: `${at + 1} (${zones})`, says }], problems: [] }
  }

  private unmatched(query: Query): Explanation | undefined {
    const at = this.rules.findIndex((rule) => {
      const verdict = rule.judge(query)
      return verdict.data === undefined && verdict.stops
    })
    const rule = this.rules[at]
    if (rule === undefined) return undefined
    const name = nameToText(query.folded)
    const wants = rule.config.expressions.length === 0 ? '`match`' : '`match` and `expr`'
    const problem = {
      code: 'no-match',
      reason: `Template ${at + 1} (${rule.config.zones.map(nameToText).join(' ')}) is for this name, but none of its ${wants} fits ${name}, and nothing falls through: SERVFAIL.`,
      remedy:
        'Write `fallthrough` into its block, or another template in front of it whose `match` fits.',
    }
    return { facts: [], problems: [problem] }
  }

  clearOf(branch: Name, qtype: number): boolean {
    return this.rules.every((rule) => rule.clearOf(branch, qtype))
  }

  private answer(
    query: Query,
    rule: Rule,
    data: TemplateData,
    personal: boolean,
  ): Reply | Promise<Reply> {
    const count = this.metrics.matched(query, data)
    count.inc()
    if (rule.config.rcode === RCODE.SERVFAIL) return giveUp(query, this.name, RCODE.SERVFAIL)
    const answer = this.section(query, 'answer', rule.config.answer, data)
    if (typeof answer === 'string') return this.failed(query, answer)
    const finish = (chased: Chased): Reply =>
      this.finish(query, rule, data, { ...chased, personal }, count)
    return whenKnown(chase(query, answer), finish)
  }

  private finish(
    query: Query,
    { config }: Rule,
    data: TemplateData,
    chased: Chased & { readonly personal: boolean },
    count: Reply['counts'][number],
  ): Reply {
    const additional = this.section(query, 'additional', config.additional, data)
    if (typeof additional === 'string') return this.failed(query, additional)
    const authority = this.section(query, 'authority', config.authority, data)
    if (typeof authority === 'string') return this.failed(query, authority)
    const reply = replyTo(query, this.name, {
      rcode: config.rcode,
      answer: chased.answer,
      additional,
      authority,
      opt: config.error === undefined ? undefined : errorOpt(config.error),
      lifetime: data.personal || chased.personal ? ONCE : chased.lifetime,
      counts: [count],
    })
    const truncated = chased.truncated ? FLAG.TC : 0
    return { ...reply, flags: reply.flags | FLAG.AA | truncated }
  }

  /** The records of a section, or what is wrong with the first that is none. */
  private section(
    query: Query,
    section: Section,
    templates: readonly GoTemplate[],
    data: TemplateData,
  ): Rr[] | string {
    const records: Rr[] = []
    for (const template of templates) {
      try {
        const rr = rrFromText(template.execute(data))
        if (rr === undefined)
          return `template: ${section}: no record in ${JSON.stringify(template.text)}`
        records.push(rr)
      } catch (error) {
        if (error instanceof TemplateError)
          this.metrics.failed('template', query, data, section, template)
        else if (error instanceof PresentationError)
          this.metrics.failed('rr', query, data, section, template)
        else throw error
        return error.message
      }
    }
    return records
  }

  private failed(query: Query, error: string): Reply {
    return giveUp(query, this.name, RCODE.SERVFAIL, error)
  }
}

interface Chased {
  readonly answer: readonly Rr[]
  readonly lifetime: Lifetime
  readonly truncated: boolean
}

/** Puts behind each CNAME, for questions about addresses, what the server itself says about its target. */
function chase(query: Query, records: readonly Rr[]): Chased | Promise<Chased> {
  const followed = query.qtype === TYPE.A || query.qtype === TYPE.AAAA
  if (!followed || !records.some((rr) => rr.type === TYPE.CNAME)) {
    return { answer: records, lifetime: ALWAYS, truncated: false }
  }
  return follow(query, records)
}

async function follow(query: Query, records: readonly Rr[]): Promise<Chased> {
  const answer: Rr[] = []
  let lifetime = ALWAYS
  let truncated = false
  for (const rr of records) {
    answer.push(rr)
    if (rr.type !== TYPE.CNAME) continue
    const reply = await lookup(query, rr.rdata as string as Name, query.qtype)
    lifetime = shortest(lifetime, reply.lifetime)
    if (reply.kind !== 'message') continue
    truncated = (reply.flags & FLAG.TC) !== 0
    answer.push(...reply.answer)
  }
  return { answer, lifetime, truncated }
}

function whenKnown(
  chased: Chased | Promise<Chased>,
  then: (chased: Chased) => Reply,
): Reply | Promise<Reply> {
  return chased instanceof Promise ? chased.then(then) : then(chased)
}

function errorOpt(error: { readonly code: number; readonly text: string }): Opt {
  const options = [extendedError(error.code, error.text)]
  return { udpSize: OPT_UDP_SIZE, extendedRcode: 0, version: 0, flags: DNSSEC_OK, options }
}
