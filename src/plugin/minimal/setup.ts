import type { PluginModule } from '../setup.ts'
import { Minimal } from './minimal.ts'

/** `minimal`: no arguments. */
export const module: PluginModule = {
  name: 'minimal',
  setup({ tokens, host }) {
    tokens.next()
    if (tokens.nextArg()) throw tokens.argErr()
    return new Minimal(() => host.wallClock())
  },
}
