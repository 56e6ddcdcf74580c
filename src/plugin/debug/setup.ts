import type { PluginModule } from '../setup.ts'

/** `debug`: no arguments. Debug lines are the whole process's, as long as one block asks for them. */
export const module: PluginModule = {
  name: 'debug',
  setup({ tokens, block, log, shared, onStart }) {
    while (tokens.next()) if (tokens.nextArg()) throw tokens.argErr()
    block.debug = true
    shared('debug', () => ({ close: () => log.debugging?.(false) }))
    onStart(() => log.debugging?.(true))
    return undefined
  },
}
