import { networkInterfaces } from 'node:os'
import { quote } from '../../corefile/quote.ts'
import type { PluginModule } from '../setup.ts'
import { addressesOf } from './bind.ts'

/** `bind ADDRESS|INTERFACE... { except ADDRESS|INTERFACE... }`, any number of times in a block. */
export const module: PluginModule = {
  name: 'bind',
  setup({ tokens, block }) {
    const interfaces = networkInterfaces()
    const all: string[] = []
    while (tokens.next()) {
      const named = tokens.remainingArgs()
      if (named.length === 0) {
        throw new Error('at least one address or interface name is expected')
      }
      let except: string[] = []
      while (tokens.nextBlock()) {
        if (tokens.val() !== 'except') throw new Error(`invalid option ${quote(tokens.val())}`)
        except = tokens.remainingArgs()
        if (except.length === 0) {
          throw new Error('at least one address or interface must be given to except subdirective')
        }
      }
      const addresses = addressesOf(named, interfaces)
      const left = new Set(addressesOf(except, interfaces))
      all.push(...addresses.filter((address) => !left.has(address)))
    }
    block.listenHosts = all
    return undefined
  },
}
