import { parsedOrUndefined, parseInteger } from '../../corefile/values.ts'
import type { PluginModule } from '../setup.ts'
import { Bufsize } from './bufsize.ts'

/** The size that DNS Flag Day 2020 found to pass without fragments. */
const DEFAULT_OCTETS = 1232
/** RFC 6891 §6.2.3 and §6.2.5. */
const MIN_OCTETS = 512
const MAX_OCTETS = 4096

/** `bufsize [OCTETS]`; of several in a block the first one counts. */
export const module: PluginModule = {
  name: 'bufsize',
  setup({ tokens }) {
    // The reference names the plugin twice.
    const mistake = () => new Error(`plugin/bufsize: ${tokens.argErr().message}`)
    tokens.next()
    const args = tokens.remainingArgs()
    if (args.length > 1) throw mistake()
    const [text] = args
    if (text === undefined) return new Bufsize(DEFAULT_OCTETS)
    const octets = parsedOrUndefined(parseInteger, text)
    if (octets === undefined || octets < MIN_OCTETS || octets > MAX_OCTETS) throw mistake()
    return new Bufsize(octets)
  },
}
