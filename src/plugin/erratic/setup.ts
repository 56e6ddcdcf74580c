import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import { parseDuration, parseSigned } from '../../corefile/values.ts'
import type { PluginModule } from '../setup.ts'
import { Erratic, type Misbehaviour } from './erratic.ts'

const DEFAULT_AMOUNT = 2
const DEFAULT_DELAY_MS = 100

/** `erratic { drop [N]; truncate [N]; delay [N [DURATION]]; large }`. */
export const module: PluginModule = {
  name: 'erratic',
  setup: ({ tokens }) => new Erratic(parse(tokens)),
}

function parse(tokens: Dispenser): Misbehaviour {
  const found = { drop: DEFAULT_AMOUNT, truncate: 0, delay: 0, delayMs: 0, large: false }
  let drops = false
  while (tokens.next()) {
    while (tokens.nextBlock()) {
      const word = tokens.val()
      if (word === 'large') {
        found.large = true
        continue
      }
      if (word !== 'drop' && word !== 'truncate' && word !== 'delay') {
        throw tokens.err(`unknown property '${word}'`)
      }
      const args = tokens.remainingArgs()
      if (args.length > (word === 'delay' ? 2 : 1)) throw tokens.argErr()
      if (word === 'drop' && args[0] !== undefined) drops = true
      if (word !== 'drop' || args[0] !== undefined) found[word] = amount(args[0])
      if (word === 'delay') {
        found.delayMs = args[1] === undefined ? DEFAULT_DELAY_MS : parseDuration(args[1])
      }
    }
  }
  if ((found.delay > 0 || found.truncate > 0) && !drops) found.drop = 0
  return found
}

function amount(text: string | undefined): number {
  if (text === undefined) return DEFAULT_AMOUNT
  const value = parseSigned(text, 32)
  if (value < 0) throw new Error(`illegal amount value given ${quote(text)}`)
  return value
}
