import { parseDuration } from '../../corefile/values.ts'
import type { PluginModule } from '../setup.ts'
import { Reloader } from './reload.ts'

const DEFAULT_INTERVAL_MS = 30_000
const DEFAULT_JITTER_MS = 15_000
const MIN_INTERVAL_MS = 2000
const MIN_JITTER_MS = 1000

/** `reload [INTERVAL] [JITTER]` */
export const module: PluginModule = {
  name: 'reload',
  setup({ tokens, host, log, metrics, shared, onStart }) {
    tokens.next()
    const args = tokens.remainingArgs()
    if (args.length > 2) throw tokens.argErr()
    const [interval, jitter] = args
    const intervalMs = interval === undefined ? DEFAULT_INTERVAL_MS : parseDuration(interval)
    if (intervalMs < MIN_INTERVAL_MS) {
      throw new Error('interval value must be greater or equal to 2s')
    }
    const jitterMs = jitter === undefined ? DEFAULT_JITTER_MS : parseDuration(jitter)
    if (jitterMs !== 0 && jitterMs < MIN_JITTER_MS) {
      throw new Error('jitter value must be 0 or greater or equal to 1s')
    }
    const reloader = shared('reload', () => new Reloader(host, log, metrics))
    reloader.configure(withJitter(intervalMs, jitterMs, host.random))
    onStart(() => reloader.start())
    return undefined
  },
}

/** The interval up to half the jitter shorter or longer, so that many servers do not look at the same moment. */
export function withJitter(intervalMs: number, jitterMs: number, random: () => number): number {
  const range = Math.min(jitterMs, intervalMs / 2)
  return intervalMs + range * (random() - 0.5)
}
