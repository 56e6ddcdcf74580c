import { fileErrorText } from '../corefile/io.ts'
import type { CorefileInput } from '../corefile/parser.ts'
import { ORDER } from '../plugin/order.ts'
import { type Checked, checkCorefile } from '../server/check.ts'
import type { Finding } from '../server/finding.ts'
import { changes } from './compare.ts'
import { asksForHelp } from './flags.ts'
import { hintFor } from './hints.ts'

/** What `muster check` needs of the process. */
export interface CheckWorld {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  /** Reads a file, or standard input for `-`. */
  read(path: string): string
  write(text: string): void
}

export const CHECK_USAGE = `Usage: muster check [-dns.port PORT] [--against OLD] FILE

Says everything that keeps a server with the Corefile FILE (- for standard input) from starting, and starts nothing.
With --against, what changes from the Corefile OLD. Exit code 1 for mistakes.
`

interface Asked {
  readonly file: string
  readonly against: string | undefined
  readonly port: number
}

/** Checks a Corefile. Returns the exit code: 0 for none, 1 for mistakes, 2 for a command line that is none. */
export async function check(words: readonly string[], world: CheckWorld): Promise<0 | 1 | 2> {
  const asked = parse(words)
  if (asked === undefined) {
    world.write(CHECK_USAGE)
    return asksForHelp(words) ? 0 : 2
  }
  const now = await checkOne(asked.file, asked, world)
  if (now === undefined) return 1
  report(now, shown(asked.file), world)
  const mistaken = now.findings.some(({ kind }) => kind === 'mistake')
  if (asked.against === undefined) return mistaken ? 1 : 0
  const old = await checkOne(asked.against, asked, world)
  if (old === undefined) return 1
  if (!isReadable(old)) {
    report(old, shown(asked.against), world)
    world.write('what changes cannot be told\n')
    return 1
  }
  const lines = changes(old.blocks, now.blocks, asked.port)
  world.write(lines.length === 0 ? 'nothing changes\n' : `changes:\n${lines.join('\n')}\n`)
  return mistaken ? 1 : 0
}

/** A Corefile of which no block could be made out is no empty one. */
const isReadable = ({ blocks, findings }: Checked) =>
  blocks.length > 0 || findings.every(({ kind }) => kind === 'note')

const shown = (path: string) => (path === '-' ? 'stdin' : path)

function parse(words: readonly string[]): Asked | undefined {
  let [file, against, port]: (string | undefined)[] = [undefined, undefined, '53']
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string
    const [, flag, given] = /^--?(against|dns\.port|p)(?:=([\s\S]*))?$/.exec(word) ?? []
    if (flag !== undefined) {
      const value = given ?? words[++i]
      if (value === undefined) return undefined
      if (flag === 'against') against = value
      else port = value
    } else if ((word.startsWith('-') && word !== '-') || file !== undefined) return undefined
    else file = word
  }
  // Standard input can be read once.
  if (file === '-' && against === '-') return undefined
  if (file === undefined || !/^\d{1,5}$/.test(port ?? '')) return undefined
  return { file, against, port: Number(port) }
}

async function checkOne(
  path: string,
  { port }: Asked,
  { environment, workingDirectory, read, write }: CheckWorld,
): Promise<Checked | undefined> {
  let input: CorefileInput
  try {
    input = { text: read(path), path: shown(path) }
  } catch (error) {
    write(`${fileErrorText(path, error)}\n`)
    return undefined
  }
  const options = { modules: ORDER, environment, workingDirectory, defaultPort: port }
  return checkCorefile(input, options)
}

function report({ findings }: Checked, file: string, { write }: CheckWorld): void {
  const directives = ORDER.map(({ name }) => name)
  for (const finding of findings) write(describe(finding, directives))
  const mistakes = findings.filter(({ kind }) => kind === 'mistake').length
  const notes = findings.length - mistakes
  const counted = [count(mistakes, 'mistake'), ...(notes > 0 ? [count(notes, 'note')] : [])]
  write(`${file}: ${counted.join(', ')}\n`)
}

/** `FILE:LINE: TEXT`, and below it what to do. */
export function describe(finding: Finding, directives: readonly string[]): string {
  const { kind, file, line, text } = finding
  const place = line > 0 ? `${file}:${line}` : file
  const hint = hintFor(finding, directives)
  const first = `${place}: ${kind === 'note' ? 'note: ' : ''}${text}\n`
  return hint === undefined ? first : `${first}    ${hint}\n`
}

const count = (number: number, what: string) =>
  number === 0 ? `no ${what}s` : `${number} ${what}${number === 1 ? '' : 's'}`
