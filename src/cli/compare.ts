import { formatKey, parseKey } from '../corefile/keys.ts'
import { linesOf } from '../corefile/occurrences.ts'
import type { ServerBlock } from '../corefile/parser.ts'
import type { Token } from '../corefile/token.ts'

/** A server block as it is compared: what it serves, and its directives as text. */
interface Compared {
  readonly keys: ReadonlySet<string>
  readonly directives: ReadonlyMap<string, readonly string[]>
}

/**
 * What changes from one Corefile to another, one line each: zones and ports that come and go, then for each block that both have the plugins that come, go and are
 * set up otherwise. The order of blocks and of directives counts for nothing, except among the lines of one plugin.
 */
export function changes(
  old: readonly ServerBlock[],
  now: readonly ServerBlock[],
  defaultPort: number,
): string[] {
  const before = old.map((block) => compared(block, defaultPort))
  const after = now.map((block) => compared(block, defaultPort))
  const lines = keysThat('-', 'is no longer served', before, after)
  lines.push(...keysThat('+', 'is served', after, before))
  for (const block of after) {
    const was = partner(block, before)
    if (was === undefined) lines.push(...pluginsOf(block))
    else lines.push(...withHeading(block, pluginChanges(was, block)))
  }
  return lines
}

function compared({ keys, directives }: ServerBlock, defaultPort: number): Compared {
  const texts = new Map<string, readonly string[]>()
  for (const [directive, tokens] of directives) texts.set(directive, textLines(tokens))
  const formatted = keys.flatMap(({ text }) => readKey(text, defaultPort))
  return { keys: new Set(formatted), directives: texts }
}

/** A key that cannot be read is compared as it stands. */
function readKey(text: string, defaultPort: number): string[] {
  try {
    return parseKey(text, defaultPort).map(formatKey)
  } catch {
    return [text]
  }
}

function textLines(tokens: readonly Token[]): string[] {
  let depth = 0
  return linesOf(tokens).map((line) => {
    const words = line.map(({ text }) => (/^\S+$/.test(text) ? text : JSON.stringify(text)))
    const closes = words.filter((word) => word === '}').length
    const opens = words.filter((word) => word === '{').length
    const text = '    '.repeat(Math.max(0, depth - closes)) + words.join(' ')
    depth += opens - closes
    return text
  })
}

function keysThat(
  sign: string,
  what: string,
  these: readonly Compared[],
  those: readonly Compared[],
): string[] {
  const others = new Set(those.flatMap(({ keys }) => [...keys]))
  const gone = these.flatMap(({ keys }) => [...keys]).filter((key) => !others.has(key))
  return [...new Set(gone)].map((key) => `${sign} ${shown(key)} ${what}`)
}

/** The block of the other file with the most keys in common; undefined where none has any. */
function partner(block: Compared, others: readonly Compared[]): Compared | undefined {
  let best: Compared | undefined
  let most = 0
  for (const other of others) {
    const common = [...other.keys].filter((key) => block.keys.has(key)).length
    if (common > most) [best, most] = [other, common]
  }
  return best
}

function pluginsOf(block: Compared): string[] {
  return withHeading(
    block,
    [...block.directives.keys()].map((name) => `  + ${name}`),
  )
}

function pluginChanges(was: Compared, is: Compared): string[] {
  const lines: string[] = []
  for (const name of was.directives.keys()) {
    if (!is.directives.has(name)) lines.push(`  - ${name}`)
  }
  for (const [name, now] of is.directives) {
    const before = was.directives.get(name)
    if (before === undefined) lines.push(`  + ${name}`)
    else if (before.join('\n') !== now.join('\n')) {
      lines.push(`  ~ ${name}`)
      for (const line of missing(before, now)) lines.push(`      - ${line}`)
      for (const line of missing(now, before)) lines.push(`      + ${line}`)
    }
  }
  return lines
}

/** Lines of one that the other has not, or not as often; all of them where only their order differs. */
function missing(these: readonly string[], those: readonly string[]): string[] {
  const rest = [...those]
  const left = these.filter((line) => {
    const at = rest.indexOf(line)
    if (at !== -1) rest.splice(at, 1)
    return at === -1
  })
  return left.length === 0 && rest.length === 0 ? [...these] : left
}

function withHeading({ keys }: Compared, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [[...keys].map(shown).join(', '), ...lines]
}

/** `dns://example.org.:53` without the transport that goes without saying. */
const shown = (key: string) => key.replace(/^dns:\/\//, '')
