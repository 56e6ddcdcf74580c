import { quote } from '../../corefile/quote.ts'
import type { PluginModule } from '../setup.ts'
import { Local } from './local.ts'
import { localhostQueries } from './metrics.ts'

/** `local { localhost_prefix on|off }` */
export const module: PluginModule = {
  name: 'local',
  setup({ tokens, metrics }) {
    let prefix = true
    while (tokens.next()) {
      if (tokens.remainingArgs().length > 0) throw tokens.argErr()
      while (tokens.nextBlock()) {
        if (tokens.val() !== 'localhost_prefix') {
          throw tokens.err(`unknown property '${tokens.val()}'`)
        }
        const args = tokens.remainingArgs()
        if (args.length !== 1) throw tokens.argErr()
        const [word = ''] = args
        if (word !== 'on' && word !== 'off') {
          throw tokens.err(`localhost_prefix expects 'on' or 'off', got ${quote(word)}`)
        }
        prefix = word === 'on'
      }
    }
    return new Local(prefix, localhostQueries(metrics))
  },
}
