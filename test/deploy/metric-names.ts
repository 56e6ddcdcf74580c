import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './rendered.ts'

const PREFIX = '(?:coredns|muster|process)_'
/** A whole name in quotes. */
const LITERAL = new RegExp(`['"\`](${PREFIX}[a-z0-9_]+)['"\`]`, 'g')
/** A name made from one word, and the helper that makes it: `const plain = (word: string, …) => … \`coredns_cache_${word}_total\``. */
const HELPER = new RegExp(
  `const (\\w+) = \\((\\w+): string[^]{0,300}?\`(${PREFIX}[a-z0-9_]*)\\$\\{\\2\\}([a-z0-9_]*)\``,
  'g',
)

/** The metrics that src registers, read off its text: whole names, and names that a helper makes of the word it is called with. */
export function registeredNames(): ReadonlySet<string> {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  const names = files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => namesIn(readFileSync(join(root, 'src', file), 'utf8')))
  return new Set(names)
}

/** The names in the text of one file. */
export function namesIn(text: string): string[] {
  const whole = [...text.matchAll(LITERAL)].map((match) => match[1] as string)
  const made = [...text.matchAll(HELPER)].flatMap(([, helper, , before, after]) => {
    const calls = text.matchAll(new RegExp(`\\b${helper}\\(\\s*['"]([a-z0-9_]+)['"]`, 'g'))
    return [...calls].map((call) => `${before}${call[1]}${after}`)
  })
  return [...whole, ...made]
}
