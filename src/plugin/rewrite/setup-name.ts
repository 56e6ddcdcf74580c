import { quote } from '../../corefile/quote.ts'
import { normalizeName } from '../../corefile/zones.ts'
import { beginning, containing, ending, exactly, finding } from './matcher.ts'
import { bothWays, mapEnding, mapFinding, nameRule } from './name-rules.ts'
import { namePattern } from './pattern.ts'
import { type ReplyRule, renameOwners, renameTargets } from './reply-rules.ts'
import type { Rule } from './rule.ts'

/** `name [exact|prefix|suffix|substring|regex] FROM TO [ANSWER...]` */
export function parseName(stops: boolean, words: readonly string[]): Rule {
  if (words.length < 2) throw new Error('too few arguments for a name rule')
  const [kind = '', from = '', to = '', ...rest] = words.length === 2 ? ['exact', ...words] : words
  const word = kind.toLowerCase()
  const answers = rest.length === 0 ? NO_ANSWERS : parseAnswers(word, rest)
  if (word === 'regex') {
    const matcher = finding(namePattern(from, to))
    return nameRule({ stops, matcher, to: normalizeName(to), ...answers })
  }
  return parsePlain(stops, word, { from: normalizeName(from), to: normalizeName(to) }, answers)
}

function parsePlain(
  stops: boolean,
  word: string,
  { from, to }: { readonly from: string; readonly to: string },
  answers: Answers,
): Rule {
  const { replyRules } = answers
  switch (word) {
    case 'exact':
      // The reference tries the new name as a pattern.
      namePattern(to, from)
      return nameRule({ stops, matcher: exactly(from), to, mapsBack: true, replyRules })
    case 'prefix':
      return nameRule({ stops, matcher: beginning(from), to, ...answers })
    case 'suffix': {
      const back = answers.mapsBack ? bothWays(mapEnding(to, from)) : []
      const rules = [...back, ...replyRules]
      return nameRule({ stops, matcher: ending(from), to, mapsBack: false, replyRules: rules })
    }
    case 'substring':
      return nameRule({ stops, matcher: containing(from), to, ...answers })
    default: {
      const kinds = 'exact, prefix, suffix, substring, and regex'
      throw new Error(`name rule supports only ${kinds} name matching, received: ${word}`)
    }
  }
}

/** What is to be done to the names of the reply. */
interface Answers {
  readonly mapsBack: boolean
  readonly replyRules: readonly ReplyRule[]
}

const NO_ANSWERS: Answers = { mapsBack: false, replyRules: [] }

/** `answer auto|(name|value FROM TO)`, again and again; only the first needs the word `answer`. */
function parseAnswers(kind: string, words: readonly string[]): Answers {
  if (words.length < 2) throw new Error(`invalid arguments for ${kind} rule`)
  if (words[0] !== 'answer') {
    const what = 'exceeded the number of arguments for a non-answer rule argument'
    throw new Error(`${what} for ${kind} rule`)
  }
  const replyRules: ReplyRule[] = []
  let mapsBack = false
  let named = false
  for (let at = 0; at < words.length; ) {
    if (words[at] === 'answer') at++
    const type = words[at++]
    if (type === undefined) throw new Error(`type missing for answer rule for ${kind} rule`)
    if (type === 'auto') {
      mapsBack = true
      continue
    }
    replyRules.push(parseAnswer(kind, type, words.slice(at, at + 2)))
    named ||= type === 'name'
    at += 2
  }
  if (mapsBack && named) {
    throw new Error('auto name answer rule cannot be combined with explicit name anwer rules')
  }
  return { mapsBack, replyRules }
}

function parseAnswer(kind: string, type: string, [from, to]: readonly string[]): ReplyRule {
  if (type !== 'name' && type !== 'value') {
    throw new Error(`invalid type ${quote(type)} for answer rule for ${kind} rule`)
  }
  const where = `${type} answer rule for ${kind} rule`
  if (from === undefined || to === undefined) throw new Error(`${where}: 2 arguments required`)
  try {
    const rename = mapFinding(namePattern(from, to), normalizeName(to))
    return type === 'name' ? renameOwners(rename) : renameTargets(rename)
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`)
  }
}
