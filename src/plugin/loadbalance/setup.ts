import { isAbsolute, join } from 'node:path'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import { parseDuration, parsedOrUndefined } from '../../corefile/values.ts'
import { Cidr } from '../cidr.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { Loadbalance, type Policy } from './loadbalance.ts'
import { WeightFile } from './weights.ts'

const DEFAULT_RELOAD_MS = 30_000

/** `loadbalance [round_robin | weighted FILE { reload DURATION }] { prefer CIDR... }`; of several in a block the last one's policy counts. */
export const module: PluginModule = {
  name: 'loadbalance',
  setup(setup) {
    const { tokens, host, onStart, onStop } = setup
    let file: WeightFile | undefined
    let ranges: Cidr[] = []
    while (tokens.next()) {
      const args = tokens.remainingArgs()
      file = parsePolicy(setup, args)
      if (file !== undefined) ranges = []
      ranges.push(...parsePreferred(tokens))
    }
    const weights = file
    if (weights === undefined) {
      return new Loadbalance({ kind: 'round_robin' }, ranges, host.random)
    }
    onStart(() => weights.start())
    onStop(() => weights.stop())
    const policy: Policy = { kind: 'weighted', weightOf: weights.of }
    return new Loadbalance(policy, ranges, host.random)
  },
}

/** The file of weights; undefined for a plain shuffle. */
function parsePolicy(setup: Setup, args: readonly string[]): WeightFile | undefined {
  const { tokens } = setup
  const [policy, path] = args
  if (policy === undefined) return undefined
  if (policy === 'round_robin') {
    if (args.length > 1) throw tokens.err(`unknown property for ${policy}`)
    return undefined
  }
  if (policy !== 'weighted') throw new Error(`unknown policy: ${policy}`)
  if (path === undefined) throw tokens.err('missing weight file argument')
  if (args.length > 2) throw tokens.err('unexpected argument(s)')
  const { root } = setup.block
  const whole = isAbsolute(path) || root === '' ? path : join(root, path)
  return new WeightFile(whole, parseReload(tokens), setup.log)
}

function parseReload(tokens: Dispenser): number {
  let reloadMs = DEFAULT_RELOAD_MS
  while (tokens.nextBlock()) {
    if (tokens.val() !== 'reload') throw tokens.err(`unknown property '${tokens.val()}'`)
    const [period, ...rest] = tokens.remainingArgs()
    if (period === undefined) throw tokens.err('reload duration value is missing')
    if (rest.length > 0) throw tokens.err('unexpected argument')
    const parsed = parsedOrUndefined(parseDuration, period)
    if (parsed === undefined) throw tokens.err(`invalid reload duration '${period}'`)
    if (parsed < 0) throw tokens.err(`reload duration must not be negative: '${period}'`)
    reloadMs = parsed
  }
  return reloadMs
}

function parsePreferred(tokens: Dispenser): Cidr[] {
  const ranges: Cidr[] = []
  while (tokens.nextBlock()) {
    if (tokens.val() !== 'prefer') throw tokens.err(`unknown property '${tokens.val()}'`)
    for (const text of tokens.remainingArgs()) {
      const range = Cidr.parse(text)
      if (range === undefined) {
        throw tokens.err(`invalid CIDR ${quote(text)}: invalid CIDR address: ${text}`)
      }
      ranges.push(range)
    }
  }
  return ranges
}
