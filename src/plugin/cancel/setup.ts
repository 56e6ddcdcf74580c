import { quote } from '../../corefile/quote.ts'
import { parseDuration, parsedOrUndefined } from '../../corefile/values.ts'
import type { PluginModule } from '../setup.ts'
import { Cancel } from './cancel.ts'

/** A little more than clients commonly wait, in milliseconds. */
const DEFAULT_MS = 5001

/** `cancel [TIMEOUT]`. */
export const module: PluginModule = {
  name: 'cancel',
  setup({ tokens, host }) {
    let timeoutMs = DEFAULT_MS
    while (tokens.next()) {
      const args = tokens.remainingArgs()
      if (args.length > 1) throw tokens.argErr()
      timeoutMs = args[0] === undefined ? DEFAULT_MS : parseTimeout(args[0])
    }
    return new Cancel(timeoutMs, () => host.now())
  },
}

function parseTimeout(text: string): number {
  const timeout = parsedOrUndefined(parseDuration, text)
  if (timeout === undefined) throw new Error(`invalid duration: ${quote(text)}`)
  if (timeout <= 0) throw new Error(`invalid negative duration: ${quote(text)}`)
  return timeout
}
