import type { RE2JS } from 're2js'
import { CLASS, TYPE } from '../../wire/codes.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { environmentOf, isPersonal } from '../expression/environment.ts'
import type { Environment } from '../expression/evaluate.ts'
import type { Expression } from '../expression/expression.ts'
import type { Query } from '../query.ts'
import { covers, touches, zoneOf } from '../zones.ts'
import { type Facts, TemplateData } from './data.ts'
import type { GoTemplate } from './gotemplate/evaluate.ts'

/** One `template` block. */
export interface RuleConfig {
  readonly zones: readonly Name[]
  readonly qclass: number
  readonly qtype: number
  /** Never empty: without `match` the pattern that matches everything. */
  readonly patterns: readonly RE2JS[]
  readonly variables: readonly { readonly name: string; readonly expression: Expression }[]
  readonly expressions: readonly Expression[]
  readonly answer: readonly GoTemplate[]
  readonly additional: readonly GoTemplate[]
  readonly authority: readonly GoTemplate[]
  readonly rcode: number
  readonly error: { readonly code: number; readonly text: string } | undefined
  readonly fallthrough: readonly Name[]
}

/** `data`: the rule takes the query. Else the next rule is asked, or nothing more (`stops`). `personal`: another client might have got another verdict. */
export type Verdict =
  | { readonly data: TemplateData }
  | { readonly data: undefined; readonly stops: boolean; readonly personal: boolean }

const NOT_MINE: Verdict = { data: undefined, stops: false, personal: false }

/** Whether a rule takes a query, and what it tells its templates then. */
export class Rule {
  readonly config: RuleConfig

  constructor(config: RuleConfig) {
    this.config = config
  }

  judge(query: Query): Verdict {
    const { config } = this
    const zone = zoneOf(config.zones, query.folded)
    if (zone === undefined || !this.takesType(query.qtype)) return NOT_MINE
    if (!either(config.qclass, query.qclass, CLASS.ANY)) return NOT_MINE
    const text = nameToText(query.folded)
    for (const pattern of config.patterns) {
      const matcher = pattern.matcher(text)
      if (!matcher.find()) continue
      const match = Array.from(
        { length: matcher.groupCount() + 1 },
        (_, i) => matcher.group(i) ?? '',
      )
      return this.weigh(query, { zone, match, group: groupsOf(pattern, match), pattern })
    }
    return this.refused(query, false)
  }

  /** Whether the rule says nothing about any name at or below the branch. */
  clearOf(branch: Name, qtype: number): boolean {
    return !this.takesType(qtype) || !touches(this.config.zones, branch)
  }

  private takesType(qtype: number): boolean {
    return either(this.config.qtype, qtype, TYPE.ANY)
  }

  private weigh(query: Query, found: Pick<Facts, 'zone' | 'match' | 'group' | 'pattern'>): Verdict {
    const { config } = this
    const variables = new Map<string, unknown>()
    const environment = new Surroundings(query, found.group, variables)
    try {
      for (const { name, expression } of config.variables) {
        variables.set(name, expression.evaluate(environment.of))
      }
      for (const expression of config.expressions) {
        if (expression.evaluate(environment.of) !== true)
          return this.refused(query, environment.personal)
      }
    } catch {
      return { data: undefined, stops: true, personal: true }
    }
    const { qclass, qtype } = config
    const data = new TemplateData(query, { ...found, variables, qclass, qtype })
    data.personal = environment.personal
    return { data }
  }

  private refused(query: Query, personal: boolean): Verdict {
    const stops = !covers(this.config.fallthrough, query.folded)
    return { data: undefined, stops, personal }
  }
}

/** What expressions can name: the query's functions, `group`, and the variables set so far. */
class Surroundings {
  /** Whether something was asked for that is not the same for whoever asks the same. */
  personal = false
  private readonly group: (name: unknown) => string
  private readonly variables: ReadonlyMap<string, unknown>
  private readonly outer: Environment

  constructor(
    query: Query,
    group: ReadonlyMap<string, string>,
    variables: ReadonlyMap<string, unknown>,
  ) {
    this.group = (name) => group.get(String(name)) ?? ''
    this.variables = variables
    this.outer = environmentOf(query)
  }

  readonly of: Environment = (name) => {
    if (this.variables.has(name)) return this.variables.get(name)
    if (name === 'group') return this.group
    if (isPersonal(name)) this.personal = true
    return this.outer(name)
  }
}

const either = (configured: number, asked: number, any: number): boolean =>
  configured === any || asked === any || configured === asked

function groupsOf(pattern: RE2JS, match: readonly string[]): ReadonlyMap<string, string> {
  const groups = new Map(match.map((text, i) => [String(i), text]))
  for (const [name, index] of Object.entries(pattern.namedGroups())) {
    groups.set(name, match[index] ?? '')
  }
  return groups
}
