import { quote } from '../../corefile/quote.ts'
import type { PluginModule } from '../setup.ts'
import { Shed } from './shed.ts'

/** `shed`, once in a block, without arguments. */
export const module: PluginModule = {
  name: 'shed',
  once: true,
  setup({ tokens, block, metrics, host }) {
    while (tokens.next()) {
      if (tokens.remainingArgs().length > 0) throw tokens.argErr()
      if (tokens.nextBlock()) throw tokens.err('shed takes no options')
    }
    for (const { transport, original } of block.keys) {
      if (transport !== 'dns') {
        throw tokens.err(
          `only plain DNS server blocks are supported; ${quote(original)} uses transport ${quote(transport)}`,
        )
      }
    }
    const dropped = metrics.counter(
      'coredns_shed_dropped_total',
      'Queries and responses dropped because of overload.',
      ['server', 'reason'],
    )
    return new Shed(dropped, () => host.now())
  },
}
