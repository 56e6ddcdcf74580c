import { availableParallelism } from 'node:os'
import { parseInteger } from '../../corefile/values.ts'
import type { PluginModule } from '../setup.ts'

export const MAX_SOCKETS = 1024

/** `multisocket [NUMBER]` */
export const module: PluginModule = {
  name: 'multisocket',
  setup({ tokens, block }) {
    tokens.next()
    const args = tokens.remainingArgs()
    if (args.length > 1 || tokens.next()) throw tokens.argErr()
    block.sockets = args[0] === undefined ? availableParallelism() : parseSockets(args[0])
    return undefined
  },
}

function parseSockets(text: string): number {
  let sockets: number
  try {
    sockets = parseInteger(text)
  } catch (error) {
    throw new Error(`invalid num sockets: ${(error as Error).message}`)
  }
  if (sockets < 1) throw new Error(`num sockets can not be zero or negative: ${sockets}`)
  if (sockets > MAX_SOCKETS) {
    throw new Error(`num sockets exceeds maximum (${MAX_SOCKETS}): ${sockets}`)
  }
  return sockets
}
