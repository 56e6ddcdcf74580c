import type { RE2JS } from 're2js'

/**
 * Which of the names at or below a branch a matcher meets. `some` also where it cannot tell.
 */
export type Share = 'none' | 'some' | 'all'

/** Compares names, as text in lower case with the final dot, and says what becomes of those that match. */
export interface Matcher {
  matches(text: string): boolean
  /** The text with `to` put in; undefined where it does not match. */
  replaced(text: string, to: string): string | undefined
  /** Of the names at or below a branch, which is text as well. */
  shareOf(branch: string): Share
}

/** The whole name. */
export function exactly(from: string): Matcher {
  return {
    matches: (text) => text === from,
    replaced: (text, to) => (text === from ? to : undefined),
    shareOf: (branch) => (isAtOrBelowText(from, branch) ? 'some' : 'none'),
  }
}

/** Names that begin so. */
export function beginning(from: string): Matcher {
  return {
    matches: (text) => text.startsWith(from),
    replaced: (text, to) => (text.startsWith(from) ? to + text.slice(from.length) : undefined),
    // Any name may be put in front of the branch.
    shareOf: () => 'some',
  }
}

/** Names that end so, label boundaries not counted. */
export function ending(from: string): Matcher {
  return {
    matches: (text) => text.endsWith(from),
    replaced: (text, to) =>
      text.endsWith(from) ? text.slice(0, text.length - from.length) + to : undefined,
    shareOf: (branch) => shareOfTail(from, branch),
  }
}

/** Names with this in them; each occurrence is replaced. */
export function containing(from: string): Matcher {
  return {
    matches: (text) => text.includes(from),
    replaced: (text, to) => (text.includes(from) ? text.replaceAll(from, () => to) : undefined),
    shareOf: (branch) => (branch.includes(from) ? 'all' : 'some'),
  }
}

/** Names in which a regular expression (RE2) is found. The name as a whole becomes `to` with `{0}`, `{1}`, … filled in. */
export function finding(pattern: RE2JS): Matcher {
  const tail = literalTail(pattern.pattern())
  return {
    matches: (text) => pattern.test(text),
    replaced: (text, to) => substituted(pattern, text, to),
    shareOf: (branch) => (shareOfTail(tail, branch) === 'none' ? 'none' : 'some'),
  }
}

/** `to` with the groups of the first match of the pattern filled in, one number after the other; undefined without a match. */
export function substituted(pattern: RE2JS, text: string, to: string): string | undefined {
  const matcher = pattern.matcher(text)
  if (!matcher.find()) return undefined
  let result = to
  for (let group = 0; group <= matcher.groupCount(); group++) {
    const value = matcher.group(group) ?? ''
    result = result.replaceAll(`{${group}}`, () => value)
  }
  return result
}

/** Of the names at or below a branch, those that end so. */
function shareOfTail(tail: string, branch: string): Share {
  if (branch.endsWith(tail)) return 'all'
  return isAtOrBelowText(tail, branch) ? 'some' : 'none'
}

/** Whether a name's text, or the rest of one, ends as names at or below the branch do. */
function isAtOrBelowText(text: string, branch: string): boolean {
  return branch === '.' || text === branch || text.endsWith(`.${branch}`)
}

/**
 * What every text must end with that the pattern is found in: the plain characters in front of a final `$`. '' where there are none, or it cannot be told.
 */
export function literalTail(pattern: string): string {
  const end = pattern.length - 1
  if (pattern[end] !== '$' || isEscaped(pattern, end) || hasAlternatives(pattern)) return ''
  let tail = ''
  for (let at = end - 1; at >= 0; at--) {
    const char = pattern[at] as string
    if (isEscaped(pattern, at)) {
      if (char !== '.') break
      at--
    } else if (!/[a-z0-9_-]/.test(char)) break
    tail = char + tail
  }
  return tail
}

/** Whether a backslash takes the meaning of the character at `at`, or gives it one. */
function isEscaped(pattern: string, at: number): boolean {
  const backslashes = /\\*$/.exec(pattern.slice(0, at))?.[0].length ?? 0
  return backslashes % 2 === 1
}

/** Whether the pattern as a whole is one of several; yes where that is hard to see. */
function hasAlternatives(pattern: string): boolean {
  if (pattern.includes('\\Q')) return true
  let rest = pattern.replace(/\\./gs, 'x').replace(/\[\^?\]?[^\]]*\]/g, 'x')
  for (let before = ''; before !== rest; ) {
    before = rest
    rest = rest.replace(/\([^()]*\)/g, 'x')
  }
  return rest.includes('|')
}
