import { statSync } from 'node:fs'
import { reasonOf } from '../../corefile/io.ts'
import type { PluginModule } from '../setup.ts'

/** `root PATH`; the last one of a block counts. */
export const module: PluginModule = {
  name: 'root',
  setup({ tokens, block, log }) {
    while (tokens.next()) {
      if (!tokens.nextArg()) throw tokens.argErr()
      block.root = tokens.val()
    }
    try {
      statSync(block.root)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        const reason = `stat ${block.root}: ${reasonOf(error)}`
        throw tokens.err(`unable to access root path '${block.root}': ${reason}`)
      }
      log.warning(`Root path does not exist: ${block.root}`)
    }
    return undefined
  },
}
