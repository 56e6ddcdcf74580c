import { RE2JS } from 're2js'
import { normalizeName } from '../../corefile/zones.ts'
import { type Name, nameToText } from '../../wire/name.ts'

/** Octets of a pattern. */
export const MAX_PATTERN_OCTETS = 10_000

/** How a rule chooses names. Names are text: presentation form, lower case, with the final dot. */
export interface Match {
  /** What the name becomes; undefined when it is not chosen. */
  replace(text: string, by: string): string | undefined
  /** Whether no name at or below the branch can be chosen. */
  clearOf(branch: Name): boolean
}

export const MATCH_WORDS = ['exact', 'prefix', 'suffix', 'substring', 'regex'] as const
export type MatchWord = (typeof MATCH_WORDS)[number]

export const isMatchWord = (word: string): word is MatchWord =>
  (MATCH_WORDS as readonly string[]).includes(word)

/**
 * A match of plain text.
 *
 * @param from as written; for names it is made absolute first, so a prefix ends with a dot too
 */
export function plainMatch(word: Exclude<MatchWord, 'regex'>, from: string): Match {
  switch (word) {
    case 'exact':
      return {
        replace: (text, by) => (text === from ? by : undefined),
        clearOf: (branch) => !endsAtLabel(from, nameToText(branch)),
      }
    case 'prefix':
      return {
        replace: (text, by) => (text.startsWith(from) ? by + text.slice(from.length) : undefined),
        clearOf: () => false,
      }
    case 'suffix':
      return {
        replace: (text, by) =>
          text.endsWith(from) ? text.slice(0, text.length - from.length) + by : undefined,
        clearOf: (branch) => {
          const below = nameToText(branch)
          return !below.endsWith(from) && !from.endsWith(below)
        },
      }
    case 'substring':
      return {
        replace: (text, by) => (text.includes(from) ? text.split(from).join(by) : undefined),
        clearOf: () => false,
      }
  }
}

/** A match by a pattern that need not match all of the name; `{0}`, `{1}`, … in the replacement are its groups. */
export function patternMatch(pattern: RE2JS): Match {
  return {
    replace: (text, by) => {
      const matcher = pattern.matcher(text)
      if (!matcher.find()) return undefined
      let replaced = by
      for (let i = 0; i <= matcher.groupCount(); i++) {
        replaced = replaced.replaceAll(`{${i}}`, () => matcher.group(i) ?? '')
      }
      return replaced
    },
    clearOf: () => false,
  }
}

/** A pattern for a rule that only asks whether a name is chosen. Throws with the words of the rule. */
export function patternFor(text: string, rule: 'ttl' | 'rcode'): RE2JS {
  const octets = Buffer.byteLength(text)
  if (octets > MAX_PATTERN_OCTETS) {
    throw new Error(`regex pattern too long in a ${rule} rule: ${octets} > ${MAX_PATTERN_OCTETS}`)
  }
  try {
    return RE2JS.compile(text)
  } catch {
    throw new Error(`invalid regex pattern in a ${rule} rule: ${text}`)
  }
}

/** A pattern and a replacement that uses no more groups than it has. */
export function patternWith(from: string, to: string): RE2JS {
  const octets = Buffer.byteLength(from)
  if (octets > MAX_PATTERN_OCTETS) {
    throw new Error(`regex pattern too long: ${octets} > ${MAX_PATTERN_OCTETS}`)
  }
  let pattern: RE2JS
  try {
    pattern = RE2JS.compile(from)
  } catch {
    throw new Error(`invalid regex matching pattern: ${from}`)
  }
  if (groupsUsed(to) > pattern.groupCount()) {
    throw new Error(
      `the rewrite regex pattern (${to}) uses more subexpressions than its corresponding matching regex pattern (${from})`,
    )
  }
  return pattern
}

/** The match of a rule that takes `[WORD] NAME`. */
export function matchOf(word: string, text: string, rule: 'ttl' | 'rcode'): Match {
  if (!isMatchWord(word)) {
    throw new Error(
      `${rule} rule supports only exact, prefix, suffix, substring, and regex name matching`,
    )
  }
  if (word === 'regex') return patternMatch(patternFor(text, rule))
  return plainMatch(word, normalizeName(text))
}

/** How many of `{0}` to `{100}` a replacement has. */
function groupsUsed(text: string): number {
  const used = new Set(text.match(/\{(?:0|[1-9][0-9]?|100)\}/g) ?? [])
  return used.size
}

const endsAtLabel = (name: string, branch: string): boolean =>
  branch === '.' || name === branch || name.endsWith(`.${branch}`)
