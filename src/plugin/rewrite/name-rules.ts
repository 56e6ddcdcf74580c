import type { RE2JS } from 're2js'
import type { Draft } from './draft.ts'
import { type Matcher, substituted } from './matcher.ts'
import { type Rename, type ReplyRule, renameOwners, renameTargets } from './reply-rules.ts'
import type { Rule } from './rule.ts'

/** What a rule about names is made of. */
export interface NameRuleParts {
  readonly stops: boolean
  readonly matcher: Matcher
  readonly to: string
  /** Whether the new name, in the reply, becomes the old one again. */
  readonly mapsBack: boolean
  readonly replyRules: readonly ReplyRule[]
}

/** Asks for another name. */
export function nameRule({ stops, matcher, to, mapsBack, replyRules }: NameRuleParts): Rule {
  return {
    stops,
    apply: (draft) => {
      const before = draft.text
      const after = matcher.replaced(before, to)
      if (after === undefined) return undefined
      draft.rename(after)
      return mapsBack ? [...bothWays(mapTo(after, before)), ...replyRules] : replyRules
    },
    shareOf: (branch) => (matcher.shareOf(branch) === 'none' ? 'none' : 'some'),
  }
}

/** Owners and targets alike. */
export function bothWays(rename: Rename): readonly ReplyRule[] {
  return [renameOwners(rename), renameTargets(rename)]
}

/** A name and those below it. */
export function mapTo(from: string, to: string): Rename {
  const below = `.${from}`
  return (text) => {
    if (text === from) return to
    return text.endsWith(below) ? text.slice(0, text.length - from.length) + to : text
  }
}

/** Names that end so. */
export function mapEnding(from: string, to: string): Rename {
  return (text) => (text.endsWith(from) ? text.slice(0, text.length - from.length) + to : text)
}

/** Names in which a pattern is found. */
export function mapFinding(pattern: RE2JS, to: string): Rename {
  return (text) => substituted(pattern, text, to) ?? text
}

/** Does something to the replies about names that match. */
export function replyRule(stops: boolean, matcher: Matcher, rule: ReplyRule): Rule {
  const rules = [rule]
  return {
    stops,
    apply: (draft: Draft) => (matcher.matches(draft.text) ? rules : undefined),
    shareOf: (branch) => matcher.shareOf(branch),
  }
}
