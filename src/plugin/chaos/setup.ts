import { compareText } from '../../corefile/order.ts'
import type { PluginModule } from '../setup.ts'
import { Chaos } from './chaos.ts'

const DEFAULT_AUTHORS = ['The Muster authors'] as const

/** `chaos [VERSION] [AUTHORS...]`; of several in a block the first one counts. */
export const module: PluginModule = {
  name: 'chaos',
  setup({ tokens, host }) {
    tokens.next()
    const [version = `Muster-${host.version}`, ...named] = tokens.remainingArgs()
    if (tokens.nextBlock()) throw tokens.err(`unknown property '${tokens.val()}'`)
    const authors = named.length === 0 ? DEFAULT_AUTHORS : [...new Set(named)].sort(compareText)
    return new Chaos({ version, authors, hostname: host.hostname }, () => host.random())
  },
}
