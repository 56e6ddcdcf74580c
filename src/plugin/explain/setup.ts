import { adminAddress } from '../admin-address.ts'
import type { PluginModule } from '../setup.ts'
import { Explain } from './explain.ts'
import { openExplainPage } from './page.ts'

/** Only from the machine itself: an explanation names Pods, Services and upstreams. */
export const DEFAULT_ADDRESS = 'localhost:9154'

/** `explain [ADDRESS]` */
export const module: PluginModule = {
  name: 'explain',
  once: true,
  setup({ tokens, http, walk, onStart, onStop }) {
    tokens.next()
    const args = tokens.remainingArgs()
    if (args.length > 1) throw tokens.argErr()
    if (tokens.nextBlock()) throw tokens.err(`unknown property '${tokens.val()}'`)
    const address = adminAddress(args[0] ?? DEFAULT_ADDRESS)
    let close = () => Promise.resolve()
    onStart(async () => {
      if (walk !== undefined) close = await openExplainPage(address, walk, http)
    })
    onStop(() => close())
    return new Explain()
  },
}
