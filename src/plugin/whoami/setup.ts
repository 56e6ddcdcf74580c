import type { PluginModule } from '../setup.ts'
import { whoami } from './whoami.ts'

/** `whoami`: no arguments. */
export const module: PluginModule = {
  name: 'whoami',
  setup({ tokens }) {
    tokens.next()
    if (tokens.nextArg()) throw tokens.argErr()
    return whoami
  },
}
