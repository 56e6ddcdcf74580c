import { RE2JS } from 're2js'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { parseDuration } from '../../corefile/values.ts'
import type { PluginModule } from '../setup.ts'
import { type Consolidation, Errors, type Level } from './errors.ts'

/** Octets of a pattern. */
export const MAX_PATTERN_OCTETS = 10_000
const LEVELS: ReadonlySet<string> = new Set(['warning', 'error', 'info', 'debug'])

/** `errors [stdout] { stacktrace; consolidate DURATION REGEXP [LEVEL] [show_first] }` */
export const module: PluginModule = {
  name: 'errors',
  once: true,
  setup({ tokens, block, log, onStop }) {
    tokens.next()
    const args = tokens.remainingArgs()
    if (args.length > 1) throw tokens.argErr()
    if (args[0] !== undefined && args[0] !== 'stdout') {
      throw tokens.err(`invalid log file: ${args[0]}`)
    }
    const consolidations: Consolidation[] = []
    while (tokens.nextBlock()) {
      const option = tokens.val()
      if (option === 'stacktrace') block.stacktrace = true
      else if (option === 'consolidate') consolidations.push(consolidation(tokens))
      else throw tokens.syntaxErr(`Unknown field ${option}`)
    }
    const plugin = new Errors(consolidations, log)
    onStop(() => plugin.stop())
    return plugin
  },
}

function consolidation(tokens: Dispenser): Consolidation {
  const [period, pattern, ...rest] = tokens.remainingArgs()
  if (period === undefined || pattern === undefined || rest.length > 2) throw tokens.argErr()
  const periodMs = locally(tokens, () => parseDuration(period))
  const octets = Buffer.byteLength(pattern)
  if (octets > MAX_PATTERN_OCTETS) {
    throw tokens.err(`regex pattern too long: ${octets} > ${MAX_PATTERN_OCTETS}`)
  }
  const regexp = locally(tokens, () => RE2JS.compile(pattern))
  return { pattern, periodMs, matches: (error) => regexp.test(error), ...options(tokens, rest) }
}

function options(
  tokens: Dispenser,
  words: readonly string[],
): { readonly level: Level; readonly showFirst: boolean } {
  let level: Level | undefined
  let showFirst = false
  for (const word of words) {
    if (word === 'show_first') showFirst = true
    else if (!LEVELS.has(word)) throw tokens.err(`unknown option in consolidate: ${word}`)
    else if (level !== undefined) {
      throw tokens.err('multiple log levels specified in consolidate')
    } else if (showFirst) {
      throw tokens.err('log level must come before show_first in consolidate')
    } else level = word as Level
  }
  return { level: level ?? 'error', showFirst }
}

/** What a parser throws, with the place in the Corefile. */
function locally<T>(tokens: Dispenser, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw tokens.err((error as Error).message)
  }
}
