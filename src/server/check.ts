import { parseError } from '../corefile/errors.ts'
import { type CorefileIo, systemIo } from '../corefile/io.ts'
import { checkPort, parseKey, preferredSyntaxWarning } from '../corefile/keys.ts'
import {
  type BlockKey,
  type CorefileInput,
  parseCorefile,
  type ServerBlock,
} from '../corefile/parser.ts'
import type { PluginModule } from '../plugin/setup.ts'
import { newBlock } from './block.ts'
import { DrySetUp } from './dry-set-up.ts'
import { byPlace, type Finding, findingOf } from './finding.ts'
import type { SetUpBlock } from './instance.ts'
import { plan } from './plan.ts'

/** What a check found, and the blocks that could be read. */
export interface Checked {
  readonly findings: readonly Finding[]
  readonly blocks: readonly ServerBlock[]
}

export interface CheckOptions {
  readonly modules: readonly PluginModule[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  readonly defaultPort: number
}

/** Mistakes of the Corefile's own form that a check goes past by leaving the line out. */
const MAX_LINES_LEFT_OUT = 20
/** A line that can be left out: an import that finds nothing; a brace where none was opened. */
const IMPORT = /^\s*import\b/
const CLOSING = /^\s*\}\s*$/
/** Behind the end of a block the reference takes a closing brace for the key of the next one. */
const STRAY_BRACE = "Unexpected '}' because no matching opening brace"
const NO_BLOCKS = 'no server block: log and whoami answer for every name, as without a Corefile'
/** A stand-in for a block whose keys cannot be read, so that its directives can. */
const ANY_KEY = '.'

/**
 * Says everything that would keep a server with this Corefile from starting: what is wrong with its form, then with each directive of each block, each set
 * up by itself and never started, then with the blocks together.
 */
export async function checkCorefile(input: CorefileInput, options: CheckOptions): Promise<Checked> {
  const findings: Finding[] = []
  const warn = (text: string) => findings.push({ kind: 'note', file: input.path, line: 0, text })
  const io = systemIo(options.workingDirectory, options.environment, warn)
  findings.push(...unsetVariables(input, options.environment))
  const parsed = readLeniently(input, io, findings)
  const settled: SetUpBlock[] = []
  if (parsed.length === 0 && findings.length === 0) warn(NO_BLOCKS)
  for (const block of parsed) {
    if (block.directives.size === 0) findings.push(nothingToServe(block, input.path))
    findings.push(...unknownDirectives(block, options.modules, input.path))
    const keys = block.keys.filter((key) => isKey(key, options.defaultPort, findings, input.path))
    const first = block.keys[0] as BlockKey
    const known = { ...block, keys: keys.length > 0 ? keys : [{ ...first, text: ANY_KEY }] }
    const dry = new DrySetUp(newBlock(known, options.defaultPort, input.path), options)
    findings.push(...(await dry.run(block)))
    if (keys.length > 0) settle(settled, dry.result, first, input.path, findings)
  }
  return { findings: byPlace(findings, input.path), blocks: parsed }
}

/** A reference to an environment variable, outside of comments. */
const REFERENCE = /\{\$([^}\s]+)\}|\{%([^%}\s]+)%\}/g
const COMMENT = /(?:^|\s)#.*$/

/** Variables that have no value here; where the server runs they may have one. */
function unsetVariables(
  { text, path }: CorefileInput,
  environment: CheckOptions['environment'],
): Finding[] {
  return text.split('\n').flatMap((line, index) =>
    [...line.replace(COMMENT, '').matchAll(REFERENCE)]
      .filter(([, name = '', other = '']) => environment[name || other] === undefined)
      .map(([reference, name, other]) => ({
        kind: 'note',
        file: path,
        line: index + 1,
        text: `${reference} stands for nothing: the environment has no ${name ?? other} here`,
      })),
  )
}

/** The blocks; a line that cannot be read and that the others do not hang on is left out, and told of. */
function readLeniently(
  input: CorefileInput,
  io: CorefileIo,
  findings: Finding[],
): readonly ServerBlock[] {
  const lines = input.text.split('\n')
  for (let left = MAX_LINES_LEFT_OUT; left > 0; left--) {
    try {
      const blocks = parseCorefile({ ...input, text: lines.join('\n') }, io)
      const stray = blocks.flatMap(({ keys }) => keys).find(({ text }) => text === '}')
      if (stray === undefined) return blocks
      throw parseError(input.path, stray.line, STRAY_BRACE)
    } catch (error) {
      const finding = findingOf('mistake', (error as Error).message, input.path)
      findings.push(finding)
      const line = finding.file === input.path ? (lines[finding.line - 1] ?? '') : ''
      const removable = finding.text.includes(STRAY_BRACE) ? CLOSING : IMPORT
      if (!removable.test(line)) return []
      lines[finding.line - 1] = ''
    }
  }
  return []
}

function nothingToServe({ keys }: ServerBlock, path: string): Finding {
  const { file, line, text } = keys[0] as BlockKey
  const what = `block ${text} has no plugin: every question is answered REFUSED`
  return { kind: 'note', file: file || path, line, text: what }
}

function unknownDirectives(
  { directives }: ServerBlock,
  modules: readonly PluginModule[],
  path: string,
): Finding[] {
  const known = new Set(modules.map(({ name }) => name))
  return [...directives].flatMap(([directive, tokens]) => {
    if (known.has(directive)) return []
    const { file, line } = tokens[0] ?? { file: '', line: 0 }
    const text = `Unknown directive '${directive}'`
    return [{ kind: 'mistake' as const, file: file || path, line, text }]
  })
}

function isKey(
  { text, file, line }: BlockKey,
  defaultPort: number,
  findings: Finding[],
  path: string,
): boolean {
  try {
    for (const { zone, port } of parseKey(text, defaultPort)) {
      checkPort(port)
      const warning = preferredSyntaxWarning(zone)
      if (warning !== undefined) {
        findings.push({ kind: 'note', file: file || path, line, text: warning })
      }
    }
    return true
  } catch (error) {
    findings.push({
      kind: 'mistake',
      file: file || path,
      line,
      text: (error as Error).message,
    })
    return false
  }
}

/** Puts a block beside those before it: a zone that is served twice, a port that cannot be. */
function settle(
  settled: SetUpBlock[],
  block: SetUpBlock,
  { file, line }: BlockKey,
  path: string,
  findings: Finding[],
): void {
  try {
    plan([...settled, block])
    settled.push(block)
  } catch (error) {
    findings.push(findingOf('mistake', (error as Error).message, file || path, line))
  }
}
