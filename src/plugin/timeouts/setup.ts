import type { Dispenser } from '../../corefile/dispenser.ts'
import {
  formatDuration,
  parseDuration,
  parsedOrUndefined,
  parseInteger,
} from '../../corefile/values.ts'
import type { Block, PluginModule } from '../setup.ts'

const MIN_MS = 1000
const MAX_MS = 86_400_000
const FIELDS = { read: 'readMs', write: 'writeMs', idle: 'idleMs' } as const

/** `timeouts { read DURATION; write DURATION; idle DURATION; maxtcpqueries NUMBER }` */
export const module: PluginModule = {
  name: 'timeouts',
  setup({ tokens, block }) {
    while (tokens.next()) {
      if (tokens.remainingArgs().length > 0) throw twice(tokens.argErr())
      let settings = 0
      for (; tokens.nextBlock(); settings++) parseSetting(tokens, block.timeouts)
      if (settings === 0) throw twice(tokens.err('timeouts block with no timeouts specified'))
    }
    return undefined
  },
}

/** Here the reference names the plugin twice. */
const twice = (error: Error): Error => new Error(`plugin/timeouts: ${error.message}`)

function parseSetting(tokens: Dispenser, timeouts: Block['timeouts']): void {
  const option = tokens.val()
  const args = tokens.remainingArgs()
  if (args.length !== 1) throw tokens.argErr()
  const [text = ''] = args
  if (option === 'maxtcpqueries') {
    timeouts.maxTcpQueries = parseMaxQueries(tokens, text)
    return
  }
  const ms = parsePeriod(tokens, text)
  if (option !== 'read' && option !== 'write' && option !== 'idle') {
    throw tokens.err(`unknown option: '${option}'`)
  }
  timeouts[FIELDS[option]] = ms
}

function parseMaxQueries(tokens: Dispenser, text: string): number {
  const bad = (reason: string) => tokens.err(`invalid value for maxtcpqueries '${text}': ${reason}`)
  let count: number
  try {
    count = parseInteger(text)
  } catch (error) {
    throw bad((error as Error).message)
  }
  if (count === 0 || count < -1) {
    throw tokens.err(
      `maxtcpqueries provided '${count}' needs to be -1 (unlimited) or a positive integer`,
    )
  }
  return count
}

/** A number without unit is in seconds. */
function parsePeriod(tokens: Dispenser, text: string): number {
  const withUnit = parsedOrUndefined(parseInteger, text) === undefined ? text : `${text}s`
  const ms = parsedOrUndefined(parseDuration, withUnit)
  if (ms === undefined) throw tokens.err(`failed to parse duration '${withUnit}'`)
  if (ms < MIN_MS || ms > MAX_MS) {
    throw tokens.err(
      `timeout provided '${formatDuration(ms)}' needs to be between 1 second and 24 hours`,
    )
  }
  return ms
}
