import { normalizeZones } from '../../corefile/zones.ts'
import { name } from '../../wire/name.ts'
import type { PluginModule } from '../setup.ts'
import { Metadata } from './metadata.ts'

/** `metadata [ZONES...]` */
export const module: PluginModule = {
  name: 'metadata',
  setup({ tokens, block, plugins, onStart }) {
    tokens.next()
    const args = tokens.remainingArgs()
    if (tokens.nextBlock() || tokens.next()) throw tokens.argErr()
    const plugin = new Metadata(args.length === 0 ? block.zones : normalizeZones(args).map(name))
    onStart(() => plugin.collectFrom(plugins()))
    return plugin
  },
}
