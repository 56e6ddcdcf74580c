import { parsedOrUndefined, parseUnsigned } from '../../corefile/values.ts'
import { fullyQualified, normalizeName } from '../../corefile/zones.ts'
import type { Logger } from '../../log.ts'
import { rcodeFromText } from '../../wire/codes.ts'
import { cnameRule } from './cname-rule.ts'
import { beginning, containing, ending, exactly, finding, type Matcher } from './matcher.ts'
import { replyRule } from './name-rules.ts'
import { compiled } from './pattern.ts'
import { boundTtl, replaceRcode } from './reply-rules.ts'
import type { Rule } from './rule.ts'

/** The largest TTL (RFC 2181 §8). */
const MAX_TTL = 2 ** 31 - 1
/** The largest rcode that is taken as a number. */
const MAX_RCODE = 23

/** `ttl [MATCH] NAME SECONDS|MIN-MAX` */
export function parseTtl(stops: boolean, words: readonly string[]): Rule {
  if (words.length < 2) throw new Error(`too few (${words.length}) arguments for a ttl rule`)
  const range = words.length > 3 ? '' : (words.at(-1) ?? '')
  const bounds = parseRange(range)
  if (bounds === undefined) throw new Error(`invalid TTL '${range}' for a ttl rule`)
  return replyRule(stops, parseMatch('ttl', words.slice(0, -1)), boundTtl(...bounds))
}

function parseRange(text: string): [min: number, max: number] | undefined {
  const [first = '', second, third] = text.split('-')
  const number = (part: string) => parsedOrUndefined((word) => parseUnsigned(word, 32), part)
  if (second === undefined) {
    const ttl = number(first)
    return ttl === undefined ? undefined : [ttl, ttl]
  }
  if (third !== undefined || (first === '' && second === '')) return undefined
  const min = first === '' ? 0 : number(first)
  const max = second === '' ? MAX_TTL : number(second)
  return min === undefined || max === undefined || min > max ? undefined : [min, max]
}

/** `rcode [MATCH] NAME FROM TO` */
export function parseRcode(stops: boolean, words: readonly string[]): Rule {
  if (words.length < 3) throw new Error(`too few (${words.length}) arguments for a rcode rule`)
  const [from = '', to = ''] = words.length > 4 ? [] : words.slice(-2)
  const old = rcodeOf(from)
  if (old === undefined) throw new Error(`invalid matching RCODE '${from}' for a rcode rule`)
  const changed = rcodeOf(to)
  if (changed === undefined) throw new Error(`invalid replacement RCODE '${to}' for a rcode rule`)
  return replyRule(stops, parseMatch('rcode', words.slice(0, -2)), replaceRcode(old, changed))
}

function rcodeOf(text: string): number | undefined {
  const number = parsedOrUndefined((word) => parseUnsigned(word, 32), text)
  return number !== undefined && number <= MAX_RCODE ? number : rcodeFromText(text.toUpperCase())
}

/** `[MATCH] NAME` of a rule about replies to that name. */
function parseMatch(field: string, words: readonly string[]): Matcher {
  const [kind = '', from = ''] = words.length === 1 ? ['exact', ...words] : words
  switch (kind.toLowerCase()) {
    case 'exact':
      return exactly(normalizeName(from))
    case 'prefix':
      return beginning(normalizeName(from))
    case 'suffix':
      return ending(normalizeName(from))
    case 'substring':
      return containing(normalizeName(from))
    case 'regex':
      return finding(
        compiled(from, {
          tooLong: `regex pattern too long in a ${field} rule`,
          invalid: () => `invalid regex pattern in a ${field} rule: ${from}`,
        }),
      )
    default: {
      const kinds = 'exact, prefix, suffix, substring, and regex'
      throw new Error(`${field} rule supports only ${kinds} name matching`)
    }
  }
}

/** `cname [MATCH] FROM TO` */
export function parseCname(stops: boolean, words: readonly string[], log: Logger): Rule {
  if (words.length < 2 || words.length > 3) {
    throw new Error(`too few (${words.length}) arguments for a cname rule`)
  }
  const [kind, from, to] = (words.length === 2 ? ['exact', ...words] : words).map((word) =>
    word.toLowerCase(),
  ) as [string, string, string]
  const matcher = parseTarget(kind, from)
  if (kind === 'exact') return cnameRule(stops, matcher, fullyQualified(to), log)
  if (from === '' || to === '') return { stops, apply: () => undefined, shareOf: () => 'none' }
  return cnameRule(stops, matcher, to, log)
}

/** Unlike names of other rules these stay as they are written, but for the case. */
function parseTarget(kind: string, from: string): Matcher {
  switch (kind) {
    case 'exact':
      return exactly(fullyQualified(from))
    case 'prefix':
      return beginning(from)
    case 'suffix':
      return ending(from)
    case 'substring':
      return containing(from)
    case 'regex':
      return finding(
        compiled(from, {
          tooLong: 'regex pattern too long in a cname rule',
          invalid: (reason) => `invalid cname rewrite regex pattern: ${reason}`,
        }),
      )
    default:
      throw new Error(`unknown cname rewrite type: ${kind}`)
  }
}
