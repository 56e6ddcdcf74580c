import type { PluginModule } from '../setup.ts'
import { any } from './any.ts'

/** `any`: no arguments. */
export const module: PluginModule = {
  name: 'any',
  setup({ tokens }) {
    tokens.next()
    if (tokens.nextArg()) throw tokens.argErr()
    return any
  },
}
