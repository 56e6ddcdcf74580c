import type { Dispenser } from '../../corefile/dispenser.ts'
import { parsedOrUndefined, parseInteger } from '../../corefile/values.ts'
import { adminAddress } from '../admin-address.ts'
import type { PluginModule } from '../setup.ts'
import { profilePages } from './pages.ts'

const DEFAULT_ADDRESS = 'localhost:6053'

/** `pprof [ADDRESS] { block [RATE] }` */
export const module: PluginModule = {
  name: 'pprof',
  once: true,
  setup({ tokens, http, log, onStart, onStop }) {
    tokens.next()
    const address = parseAddress(tokens)
    while (tokens.nextBlock()) {
      parseBlock(tokens)
      log.warning('block has no effect: Node.js has no profile of blocking')
    }
    const undo: (() => Promise<void>)[] = []
    onStart(async () => {
      for (const [path, page] of profilePages()) undo.push(await http.add(address, path, page))
    })
    onStop(async () => {
      for (const remove of undo.splice(0)) await remove()
    })
    return undefined
  },
}

function parseAddress(tokens: Dispenser): string {
  const args = tokens.remainingArgs()
  if (args.length > 1) throw tokens.argErr()
  if (args[0] === undefined) return DEFAULT_ADDRESS
  try {
    return adminAddress(args[0])
  } catch (error) {
    throw tokens.err((error as Error).message)
  }
}

function parseBlock(tokens: Dispenser): void {
  if (tokens.val() !== 'block') throw tokens.err(`unknown property '${tokens.val()}'`)
  const args = tokens.remainingArgs()
  if (args.length > 1) throw tokens.argErr()
  const [rate] = args
  if (rate !== undefined && parsedOrUndefined(parseInteger, rate) === undefined) {
    throw tokens.err(`property 'block' invalid integer value '${rate}'`)
  }
}
