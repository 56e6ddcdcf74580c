import { CorefileError } from '../corefile/errors.ts'
import { formatKey } from '../corefile/keys.ts'
import { checkOverlap, type Listener } from '../corefile/overlap.ts'
import { link, type Next, type Plugin } from '../plugin/plugin.ts'
import type { Block, TlsSettings } from '../plugin/setup.ts'
import { nameFromText } from '../wire/name.ts'
import { checkPorts } from './block.ts'
import type { SetUpBlock } from './instance.ts'
import type { RoutedBlock } from './router.ts'

/** A listening address and what is served there. */
export interface PlannedListener {
  /** `dns://127.0.0.1:53`; the label `server` of the metrics, and the identity of the listener across reloads. */
  readonly label: string
  readonly transport: Listener['transport']
  /** '' for every address of the machine. */
  readonly host: string
  readonly port: number
  readonly blocks: RoutedBlock[]
  /** Settings of the first block there, which the listener follows. */
  readonly settings: Block
  readonly tls: TlsSettings | undefined
  /** Lines of the banner: `example.org.:53 on 127.0.0.1`. */
  readonly banner: string[]
}

/**
 * Groups the server blocks by listening address.
 *
 * @param linked makes a chain of a block's plugins
 * @throws CorefileError for zones that are served twice, overlap, or have a port that cannot be
 */
export function plan(
  blocks: readonly SetUpBlock[],
  linked: (plugins: readonly Plugin[]) => Next = link,
): PlannedListener[] {
  for (const block of blocks) checkPorts(block.settings)
  checkOverlap(blocks.flatMap((block) => listenersOf(block)))
  const planned = new Map<string, PlannedListener>()
  for (const block of blocks) {
    const chain = block.plugins.length === 0 ? undefined : linked(block.plugins)
    for (const listener of listenersOf(block)) add(planned, block, listener, chain)
  }
  return [...planned.values()].sort((a, b) => a.port - b.port || (a.label < b.label ? -1 : 1))
}

function listenersOf({ settings, plugins }: SetUpBlock): Listener[] {
  const hosts = settings.listenHosts.length === 0 ? [''] : settings.listenHosts
  const filtered = plugins.some((plugin) => plugin.filter !== undefined)
  return settings.keys.flatMap(({ zone, port, transport }) =>
    hosts.map((address) => ({ zone, port, transport, address, filtered })),
  )
}

function add(
  planned: Map<string, PlannedListener>,
  { settings, plugins }: SetUpBlock,
  listener: Listener,
  chain: Next | undefined,
): void {
  const { transport, address: host, port } = listener
  const zone = nameFromText(listener.zone)
  if (zone === undefined) return
  const label = `${transport}://${host.includes(':') ? `[${host}]` : host}:${port}`
  let at = planned.get(label)
  if (at === undefined) {
    if (transport === 'quic' || transport === 'https3') {
      throw new CorefileError(
        `cannot serve ${label}: Muster speaks no QUIC; use tls:// or https://`,
      )
    }
    at = { label, transport, host, port, blocks: [], settings, tls: settings.tls, banner: [] }
    planned.set(label, at)
  }
  at.blocks.push(routed(zone, settings, plugins, chain))
  const where = host === '' ? '' : ` on ${host}`
  at.banner.push(formatKey(listener).replace(/^dns:\/\//, '') + where)
}

function routed(
  zone: RoutedBlock['zone'],
  settings: Block,
  plugins: readonly Plugin[],
  chain: Next | undefined,
): RoutedBlock {
  const preparing = plugins.filter((plugin) => plugin.prepare !== undefined)
  const filtering = plugins.filter((plugin) => plugin.filter !== undefined)
  return {
    zone,
    view: settings.view,
    bugs: settings,
    chain,
    echoes: plugins.flatMap((plugin) => plugin.echoes ?? []),
    explains: plugins.some((plugin) => plugin.name === 'explain'),
    takesAnyClass: plugins.some((plugin) => plugin.takesAnyClass === true),
    prepare: (query) => {
      for (const plugin of preparing) plugin.prepare?.(query)
    },
    passes: (query) => filtering.every((plugin) => plugin.filter?.(query) === true),
    filtered: filtering.length > 0,
    closedZone: (folded, by) => plugins.find((plugin) => plugin.name === by)?.closedZone?.(folded),
    mayDenyBelow: (branch, qtype, by) => {
      const maker = plugins.findIndex((plugin) => plugin.name === by)
      return (
        maker >= 0 &&
        plugins.slice(0, maker).every((plugin) => plugin.clearOf?.(branch, qtype) === true)
      )
    },
  }
}
