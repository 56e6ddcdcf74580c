import type { PluginModule } from '../setup.ts'
import { Cache } from './cache.ts'
import { CacheMetrics } from './metrics.ts'
import { parseOptions } from './options.ts'

/** `cache [TTL] [ZONES...] { … }`, once in a block. */
export const module: PluginModule = {
  name: 'cache',
  once: true,
  setup({ tokens, block, metrics, host, versions }) {
    const options = parseOptions(
      tokens,
      block.keys.map((key) => key.zone),
    )
    const series = new CacheMetrics(metrics, options.zones.join(','), () => block.view)
    return new Cache(options, { host, versions, metrics: series })
  },
}
