import { PLACEHOLDER } from '../../scripts/demo-readme.ts'

/** What placeholders stand for so far. */
export type Words = ReadonlyMap<string, string>

/**
 * Whether a command printed just the lines that a scene shows (its notation is told in scripts/demo-readme.ts).
 *
 * @returns the words with those that were new, or undefined where it did not
 */
export function fits(
  printed: string,
  shown: readonly string[],
  words: Words = new Map(),
): Words | undefined {
  return assign(linesOf(printed), linesOf(shown.join('\n')), words)
}

/** A command with its placeholders' words in their places. */
export function filledIn(command: string, words: Words): string {
  return command.replace(PLACEHOLDER, (whole, name: string) => words.get(name) ?? whole)
}

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter(Boolean)

/** Finds a printed line for the first shown one, such that the others find theirs. */
function assign(printed: string[], shown: string[], words: Words): Words | undefined {
  const rest = shown.includes('...')
  const [first, ...others] = shown.filter((line) => line !== '...')
  if (first === undefined) return printed.length === 0 || rest ? words : undefined
  for (const [at, line] of printed.entries()) {
    const now = lineFits(line, first, words)
    if (now === undefined) continue
    const left = [...printed.slice(0, at), ...printed.slice(at + 1)]
    const found = assign(left, rest ? ['...', ...others] : others, now)
    if (found !== undefined) return found
  }
  return undefined
}

function lineFits(line: string, shown: string, words: Words): Words | undefined {
  const names: string[] = []
  let pattern = ''
  let from = 0
  for (const { 0: whole, 1: name = '', index } of shown.matchAll(PLACEHOLDER)) {
    const known = words.get(name)
    pattern += escaped(shown.slice(from, index))
    from = index + whole.length
    pattern += known === undefined ? `(?<${name.replaceAll('-', '_')}>\\S+)` : escaped(known)
    if (known === undefined) names.push(name)
  }
  pattern += escaped(shown.slice(from)).replace(/(\\\.){3}$/, '.*')
  const found = new RegExp(`^${pattern}$`).exec(line)
  if (found === null) return undefined
  const now = new Map(words)
  for (const name of names) {
    const word = found.groups?.[name.replaceAll('-', '_')] as string
    if ([...now.values()].includes(word)) return undefined
    now.set(name, word)
  }
  return now
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
