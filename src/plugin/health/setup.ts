import { parseDuration } from '../../corefile/values.ts'
import { adminAddress } from '../admin-address.ts'
import type { PluginModule } from '../setup.ts'
import { Health } from './health.ts'
import { healthMetrics } from './metrics.ts'

const DEFAULT_ADDRESS = ':8080'

/** `health [ADDRESS] { lameduck DURATION }` */
export const module: PluginModule = {
  name: 'health',
  setup({ tokens, http, log, host, metrics, onStart, onStop, onFinalShutdown }) {
    let address = DEFAULT_ADDRESS
    let lameduckMs = 0
    while (tokens.next()) {
      const args = tokens.remainingArgs()
      if (args.length > 1) throw tokens.argErr()
      if (args[0] !== undefined) address = adminAddress(args[0])
      while (tokens.nextBlock()) {
        if (tokens.val() !== 'lameduck') throw tokens.err(`unknown property '${tokens.val()}'`)
        const [duration, ...rest] = tokens.remainingArgs()
        if (duration === undefined || rest.length > 0) throw tokens.argErr()
        lameduckMs = parseLameduck(duration)
      }
    }
    const health = new Health(address, lameduckMs, {
      http,
      log,
      now: () => host.now(),
      ailment: () => host.ailment?.(),
      ...healthMetrics(metrics),
    })
    onStart(() => health.start())
    onFinalShutdown(() => health.lameduck())
    onStop(() => health.stop())
    return undefined
  },
}

function parseLameduck(text: string): number {
  try {
    return parseDuration(text)
  } catch (error) {
    const reason = (error as Error).message
    throw new Error(`unable to parse lameduck duration value: '${text}' : ${reason}`)
  }
}
