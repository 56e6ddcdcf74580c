import { RE2JS } from 're2js'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import { parseUnsigned } from '../../corefile/values.ts'
import { classFromText, RCODE, rcodeFromText, typeFromText } from '../../wire/codes.ts'
import type { Name } from '../../wire/name.ts'
import { isQueryFunction, queryKinds } from '../expression/environment.ts'
import { Expression, isBuiltin } from '../expression/expression.ts'
import type { Kind } from '../expression/kinds.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { fallthroughZones, zoneNames } from '../zones.ts'
import { parseUint } from './functions.ts'
import { GoTemplate } from './gotemplate/evaluate.ts'
import { templateMetrics } from './metrics.ts'
import { Rule, type RuleConfig } from './rule.ts'
import { Template } from './template.ts'

/** Octets of a pattern. */
const MAX_PATTERN_OCTETS = 10_000
const RESERVED = new Set(['true', 'false', 'nil', 'not', 'and', 'or', 'in', 'let', 'if', 'else'])

/** What the lines of one block say. */
type Draft = {
  -readonly [K in keyof RuleConfig]: RuleConfig[K] extends readonly (infer T)[]
    ? T[]
    : RuleConfig[K]
}

/** `template CLASS TYPE [ZONES...] { match REGEX...; var NAME EXPR; expr EXPR; answer RR; additional RR; authority RR; rcode CODE; ederror CODE [TEXT]; fallthrough [ZONES...] }` */
export const module: PluginModule = {
  name: 'template',
  setup(setup) {
    const { tokens } = setup
    const rules: Rule[] = []
    while (tokens.next()) rules.push(new Rule(parseRule(setup)))
    return new Template(rules, templateMetrics(setup.metrics))
  },
}

function parseRule({ tokens, block }: Setup): RuleConfig {
  const draft = parseHead(tokens, block.zones)
  while (tokens.nextBlock()) parseLine(tokens, draft)
  if (draft.patterns.length === 0) draft.patterns.push(RE2JS.compile('.*'))
  return draft
}

function parseHead(tokens: Dispenser, blockZones: readonly Name[]): Draft {
  if (!tokens.nextArg()) throw tokens.argErr()
  const qclass = generic(tokens.val()) ? undefined : classFromText(tokens.val())
  if (qclass === undefined) throw tokens.err(`invalid query class ${tokens.val()}`)
  if (!tokens.nextArg()) throw tokens.argErr()
  const qtype = generic(tokens.val()) ? undefined : typeFromText(tokens.val())
  if (qtype === undefined) throw tokens.err(`invalid RR class ${tokens.val()}`)
  const args = tokens.remainingArgs()
  return {
    zones: args.length === 0 ? [...blockZones] : zoneNames(args),
    qclass,
    qtype,
    patterns: [],
    variables: [],
    expressions: [],
    answer: [],
    additional: [],
    authority: [],
    rcode: RCODE.NOERROR,
    error: undefined,
    fallthrough: [],
  }
}

/** Only mnemonics count here. */
const generic = (word: string): boolean => /^(?:TYPE|CLASS)\d+$/.test(word)

function parseLine(tokens: Dispenser, draft: Draft): void {
  const word = tokens.val()
  switch (word) {
    case 'match':
      draft.patterns.push(...someArgs(tokens).map((text) => parsePattern(tokens, text)))
      return
    case 'answer':
    case 'additional':
    case 'authority':
      draft[word].push(...someArgs(tokens).map((text) => parseTemplate(tokens, word, text)))
      return
    case 'var':
      parseVariable(tokens, draft)
      return
    case 'expr':
      draft.expressions.push(parseExpression(tokens, someArgs(tokens).join(' '), draft))
      return
    case 'rcode':
      draft.rcode = parseRcode(tokens)
      return
    case 'ederror':
      draft.error = parseExtendedError(tokens)
      return
    case 'fallthrough':
      draft.fallthrough = fallthroughZones(tokens.remainingArgs())
      return
    case 'upstream':
      tokens.remainingArgs()
      return
    default:
      throw tokens.argErr()
  }
}

function someArgs(tokens: Dispenser): string[] {
  const args = tokens.remainingArgs()
  if (args.length === 0) throw tokens.argErr()
  return args
}

function parsePattern(tokens: Dispenser, text: string): RE2JS {
  const octets = Buffer.byteLength(text)
  if (octets > MAX_PATTERN_OCTETS) {
    throw tokens.err(`regex pattern too long: ${octets} > ${MAX_PATTERN_OCTETS}`)
  }
  try {
    return RE2JS.compile(text)
  } catch (error) {
    throw tokens.err(`could not parse regex: ${text}, ${(error as Error).message}`)
  }
}

function parseTemplate(tokens: Dispenser, section: string, text: string): GoTemplate {
  try {
    return new GoTemplate(section, text, { parseInt: parseUint })
  } catch (error) {
    throw tokens.err(`could not compile template: ${tokens.val()}, ${(error as Error).message}`)
  }
}

function parseVariable(tokens: Dispenser, draft: Draft): void {
  const [name = '', ...words] = someArgs(tokens)
  if (words.length === 0) throw tokens.argErr()
  if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name))
    throw tokens.err(`invalid variable name ${quote(name)}`)
  if (knows(draft, name) || isBuiltin(name) || RESERVED.has(name)) {
    throw tokens.err(`variable name ${quote(name)} is reserved`)
  }
  draft.variables.push({ name, expression: parseExpression(tokens, words.join(' '), draft, name) })
}

function parseExpression(
  tokens: Dispenser,
  source: string,
  draft: Draft,
  name?: string,
): Expression {
  try {
    return new Expression(
      source,
      (word) => knows(draft, word),
      (word) => kindOf(draft, word),
    )
  } catch (error) {
    const what = name === undefined ? '' : `${name}, `
    throw tokens.err(`could not compile expression: ${what}${(error as Error).message}`)
  }
}

function kindOf(draft: Draft, word: string): Kind | undefined {
  if (word === 'group') return 'func() string'
  return draft.variables.find(({ name }) => name === word)?.expression.kind ?? queryKinds(word)
}

const knows = (draft: Draft, word: string): boolean =>
  word === 'group' || isQueryFunction(word) || draft.variables.some(({ name }) => name === word)

function parseRcode(tokens: Dispenser): number {
  if (!tokens.nextArg()) throw tokens.argErr()
  const rcode = rcodeFromText(tokens.val())
  if (rcode === undefined) throw tokens.err(`unknown rcode ${tokens.val()}`)
  return rcode
}

function parseExtendedError(tokens: Dispenser): RuleConfig['error'] {
  const [code, text = '', ...others] = tokens.remainingArgs()
  if (code === undefined || others.length > 0) throw tokens.argErr()
  try {
    return { code: parseUnsigned(code, 16), text }
  } catch (error) {
    throw tokens.err(
      `error parsing extended DNS error code ${tokens.val()}, ${(error as Error).message}`,
    )
  }
}
