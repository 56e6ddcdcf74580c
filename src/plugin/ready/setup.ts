import type { Dispenser } from '../../corefile/dispenser.ts'
import { adminAddress } from '../admin-address.ts'
import type { PluginModule } from '../setup.ts'
import { openReadyPage, Readiness } from './ready.ts'

const DEFAULT_ADDRESS = ':8181'

/** `ready [ADDRESS] { monitor until-ready|continuously }` */
export const module: PluginModule = {
  name: 'ready',
  once: true,
  setup({ tokens, http, log, plugins, shared, onStart, onStop, onFinalShutdown }) {
    const { address, continuously } = parse(tokens)
    const readiness = shared('ready', () => new Readiness())
    const undo: (() => void | Promise<void>)[] = []
    const close = async () => {
      for (const step of undo.splice(0)) await step()
    }
    onStart(async () => {
      undo.push(readiness.watch(plugins(), continuously))
      undo.push(await openReadyPage(address, readiness, http, log))
    })
    // A process that ends is refused at once, so that probes take it out while a lameduck goes on.
    onFinalShutdown(close)
    onStop(close)
    return undefined
  },
}

function parse(tokens: Dispenser): { readonly address: string; readonly continuously: boolean } {
  tokens.next()
  const args = tokens.remainingArgs()
  if (args.length > 1) throw tokens.argErr()
  const address = args[0] === undefined ? DEFAULT_ADDRESS : adminAddress(args[0])
  let continuously = false
  while (tokens.nextBlock()) {
    if (tokens.val() !== 'monitor') throw tokens.err(`unknown property '${tokens.val()}'`)
    const [mode, ...rest] = tokens.remainingArgs()
    if (mode === undefined || rest.length > 0) throw tokens.argErr()
    if (mode !== 'until-ready' && mode !== 'continuously') {
      throw tokens.err(`monitor type '${mode}' not supported`)
    }
    continuously = mode === 'continuously'
  }
  return { address, continuously }
}
