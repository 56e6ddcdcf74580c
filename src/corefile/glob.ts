import { posix } from 'node:path'
import type { CorefileIo } from './io.ts'
import { compareText } from './order.ts'

/** Whether a path is a pattern. */
export function isPattern(path: string): boolean {
  return /[*?[\\]/.test(path)
}

/**
 * The paths that match, sorted. `*` is any run of characters but slashes (leading dots included), `?` one, `\` takes the next one's meaning away;
 * wildcards may stand in directories too. Sets in brackets are the caller's to refuse: CoreDNS takes none.
 *
 * @returns undefined when the pattern is malformed: an unescaped `[`, or `\` at the end. CoreDNS overlooks these behind a `*` as long
 *   as no name comes that far.
 */
export function glob(pattern: string, io: CorefileIo): string[] | undefined {
  if (!/^(?:[^[\\]|\\.)*$/su.test(pattern)) return undefined
  return expand(pattern, io)
}

function expand(pattern: string, io: CorefileIo): string[] {
  if (!isPattern(pattern)) return io.exists(pattern) ? [pattern] : []
  const slash = pattern.lastIndexOf('/')
  const parent = slash === 0 ? '/' : pattern.slice(0, slash)
  const name = namePattern(pattern.slice(slash + 1))
  const parents = isPattern(parent) ? expand(parent, io) : [parent]
  return parents.flatMap((path) => {
    const names = namesIn(path, io).filter((entry) => name.test(entry))
    return names.map((entry) => posix.join(path, entry))
  })
}

/** What is no directory, or may not be read, has no names. */
function namesIn(path: string, io: CorefileIo): string[] {
  try {
    return io.readDirectory(path).sort(compareText)
  } catch {
    return []
  }
}

function namePattern(text: string): RegExp {
  const parts = text.match(/\\.|./gsu) ?? []
  return new RegExp(`^${parts.map(partPattern).join('')}$`, 'su')
}

function partPattern(part: string): string {
  if (part === '*') return '[^/]*'
  if (part === '?') return '[^/]'
  const char = part.length > 1 && part.startsWith('\\') ? part.slice(1) : part
  return char.replace(/[\^$.*+?()[\]{}|/\\]/u, '\\$&')
}
