import { normalizeName } from '../../corefile/zones.ts'
import { nameFromText, nameToText } from '../../wire/name.ts'
import {
  isMatchWord,
  type Match,
  type MatchWord,
  patternMatch,
  patternWith,
  plainMatch,
} from './match.ts'
import type { ResponseRule, Rule } from './rule.ts'
import { ownerRule, type StringRewrite, valueRule } from './values.ts'

/** `name [exact|prefix|suffix|substring|regex] FROM TO [answer auto | answer name FROM TO | answer value FROM TO ...]` */
export function nameRule(stops: boolean, args: readonly string[]): Rule {
  if (args.length < 2) throw new Error('too few arguments for a name rule')
  const word = args.length === 2 ? 'exact' : (args[0] as string).toLowerCase()
  const [from = '', to = ''] = args.length === 2 ? args : args.slice(1)
  const { auto, rules } = args.length > 3 ? answerRules(word, args.slice(3)) : NO_ANSWERS
  if (!isMatchWord(word)) {
    throw new Error(
      `name rule supports only exact, prefix, suffix, substring, and regex name matching, received: ${word}`,
    )
  }
  const target = normalizeName(to)
  const match = matchFor(word, from, to)
  if (word !== 'suffix') return make(stops, match, target, word === 'exact' || auto, rules)
  const back = auto ? bothWays(suffixBack(target, normalizeName(from))) : []
  return make(stops, match, target, false, [...back, ...rules])
}

function matchFor(word: MatchWord, from: string, to: string): Match {
  if (word === 'regex') return patternMatch(patternWith(from, to))
  // An exact rule's names are held to be patterns too, as in the reference, which refuses what is none.
  if (word === 'exact') patternWith(normalizeName(to), normalizeName(from))
  return plainMatch(word, normalizeName(from))
}

/** @param remaps whether the reply's names are changed back to what was asked for */
function make(
  stops: boolean,
  match: Match,
  target: string,
  remaps: boolean,
  rules: readonly ResponseRule[],
): Rule {
  return {
    stops,
    clearOf: (branch) => match.clearOf(branch),
    apply(rewriting) {
      const { question } = rewriting
      const before = nameToText(question.qname).toLowerCase()
      const after = match.replace(before, target)
      if (after === undefined) return undefined
      const qname = nameFromText(after)
      if (qname === undefined) {
        rewriting.badName = after
        return []
      }
      rewriting.question = { ...question, qname }
      return remaps ? [...bothWays(remap(after, before)), ...rules] : rules
    },
  }
}

const bothWays = (rewrite: StringRewrite): ResponseRule[] => [
  ownerRule(rewrite),
  valueRule(rewrite),
]

/** The name itself, and names below it, with another in its place. */
function remap(from: string, to: string): StringRewrite {
  return (text) => {
    if (text === from) return to
    return text.endsWith(`.${from}`) ? text.slice(0, text.length - from.length) + to : text
  }
}

function suffixBack(from: string, to: string): StringRewrite {
  return (text) => (text.endsWith(from) ? text.slice(0, text.length - from.length) + to : text)
}

interface Answers {
  readonly auto: boolean
  readonly rules: readonly ResponseRule[]
}

const NO_ANSWERS: Answers = { auto: false, rules: [] }

function answerRules(word: string, args: readonly string[]): Answers {
  if (args.length < 2) throw new Error(`invalid arguments for ${word} rule`)
  const rules: ResponseRule[] = []
  let auto = false
  let named = false
  for (let at = 0; at < args.length; ) {
    if (at === 0 && args[at] !== 'answer') {
      throw new Error(
        `exceeded the number of arguments for a non-answer rule argument for ${word} rule`,
      )
    }
    if (args[at] === 'answer') at++
    const kind = args[at++]
    if (kind === undefined) throw new Error(`type missing for answer rule for ${word} rule`)
    if (kind === 'auto') auto = true
    else if (kind === 'name' || kind === 'value') {
      rules.push(answerRule(kind, word, args[at], args[at + 1]))
      named ||= kind === 'name'
      at += 2
    } else throw new Error(`invalid type ${JSON.stringify(kind)} for answer rule for ${word} rule`)
  }
  if (auto && named) {
    throw new Error('auto name answer rule cannot be combined with explicit name anwer rules')
  }
  return { auto, rules }
}

function answerRule(
  kind: 'name' | 'value',
  word: string,
  from: string | undefined,
  to: string | undefined,
): ResponseRule {
  const about = `${kind} answer rule for ${word} rule`
  if (from === undefined || to === undefined) throw new Error(`${about}: 2 arguments required`)
  let match: Match
  try {
    match = patternMatch(patternWith(from, to))
  } catch (error) {
    throw new Error(`${about}: ${(error as Error).message}`)
  }
  const target = normalizeName(to)
  const rewrite: StringRewrite = (text) => match.replace(text, target) ?? text
  return kind === 'name' ? ownerRule(rewrite) : valueRule(rewrite)
}
