import { checkPort, parseKey } from '../corefile/keys.ts'
import type { ServerBlock } from '../corefile/parser.ts'
import type { Block } from '../plugin/setup.ts'
import { type Name, nameFromText } from '../wire/name.ts'

/** Stream time-outs without the plugin `timeouts`, in milliseconds; -1 for no bound on queries per connection. */
export const DEFAULT_TIMEOUTS = {
  readMs: 3000,
  writeMs: 5000,
  idleMs: 10_000,
  maxTcpQueries: -1,
} as const

/** Bounds of stream listeners without the plugins that set them. */
export const DEFAULT_LIMITS = {
  httpsConnections: 200,
  grpcConnections: 200,
  grpcStreams: 256,
} as const

/**
 * The settings of a server block before its directives have their say.
 *
 * @throws CorefileError for a key that is none
 */
export function newBlock(block: ServerBlock, defaultPort: number, file: string): Block {
  const keys = block.keys.flatMap((key) => parseKey(key.text, defaultPort))
  const zones = new Set<Name>()
  for (const key of keys) {
    const zone = nameFromText(key.zone)
    if (zone !== undefined) zones.add(zone)
  }
  return {
    keys,
    zones: [...zones],
    file,
    root: '',
    listenHosts: [],
    timeouts: { ...DEFAULT_TIMEOUTS },
    tls: undefined,
    sockets: undefined,
    limits: { ...DEFAULT_LIMITS },
    view: '',
    debug: false,
    stacktrace: false,
  }
}

/** @throws CorefileError for a port that cannot be; to be called when all directives are set up */
export function checkPorts(block: Block): void {
  for (const key of block.keys) checkPort(key.port)
}
