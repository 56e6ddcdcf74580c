import { adminAddress } from '../admin-address.ts'
import type { PluginModule } from '../setup.ts'
import { Explain } from './explain.ts'
import { openExplainPage } from './page.ts'
import { openTopPage } from './top.ts'

/** Only from the machine itself: an explanation names Pods, Services and upstreams. */
export const DEFAULT_ADDRESS = 'localhost:9154'

/** `explain [ADDRESS]` */
export const module: PluginModule = {
  name: 'explain',
  once: true,
  setup({ tokens, http, walk, observe, onStart, onStop }) {
    tokens.next()
    const args = tokens.remainingArgs()
    if (args.length > 1) throw tokens.argErr()
    if (tokens.nextBlock()) throw tokens.err(`unknown property '${tokens.val()}'`)
    const address = adminAddress(args[0] ?? DEFAULT_ADDRESS)
    const undo: (() => void | Promise<void>)[] = []
    onStart(async () => {
      if (walk !== undefined) undo.push(await openExplainPage(address, walk, http))
      if (observe === undefined) return
      const observation = observe()
      undo.push(() => observation.close())
      undo.push(await openTopPage(address, observation, http))
    })
    onStop(async () => {
      for (const step of undo.splice(0)) await step()
    })
    return new Explain()
  },
}
