import type { Octets } from '../../wire/record.ts'
import type { PluginModule } from '../setup.ts'
import { Nsid } from './nsid.ts'

/** `nsid [DATA...]` */
export const module: PluginModule = {
  name: 'nsid',
  once: true,
  setup({ tokens, host }) {
    tokens.next()
    const words = tokens.remainingArgs()
    if (tokens.nextBlock()) throw tokens.err(`unknown property '${tokens.val()}'`)
    const text = words.length === 0 ? host.hostname : words.join(' ')
    return new Nsid(Buffer.from(text).toString('latin1') as Octets)
  },
}
