import { ROOT } from '../../wire/name.ts'
import type { Query } from '../query.ts'
import type { Config } from './config.ts'
import type { Finder } from './finder.ts'
import { parseName } from './names.ts'
import type { Zones } from './zones.ts'

type Label = readonly [string, () => string]

/** What plugin metadata tells of a query: of the Pod that asks (`pods verified`), and how the name is read. */
export function* metadata(
  query: Query,
  zones: Zones,
  finder: Finder,
  config: Config,
): Iterable<Label> {
  yield* client(query, finder, config)
  const zone = zones.match(query.folded)
  if (zone === undefined) return
  // The reference asks for the cluster while it does not know the zone yet, which only the root survives.
  const multicluster = config.multicluster.includes(ROOT)
  const left = query.folded.length - zone.name.length
  const parts = parseName(query.folded, left, { multicluster, zonal: config.zonal })
  if (parts === undefined || parts.kind === 'invalid') {
    yield ['kubernetes/parse-error', () => 'invalid query name']
    return
  }
  yield ['kubernetes/port-name', () => parts.port]
  yield ['kubernetes/protocol', () => parts.protocol]
  yield ['kubernetes/endpoint', () => parts.endpoint]
  if (multicluster) yield ['kubernetes/cluster', () => parts.cluster]
  if (config.zonal) yield ['kubernetes/zone', () => parts.zone]
  yield ['kubernetes/service', () => parts.service]
  yield ['kubernetes/namespace', () => parts.namespace]
  yield ['kubernetes/kind', () => (parts.depth < 2 ? '' : parts.first)]
}

function* client(query: Query, finder: Finder, config: Config): Iterable<Label> {
  if (config.pods !== 'verified') return
  const pod = finder.store.podByAddress(query.exchange.client.address)
  if (pod === undefined) return
  yield ['kubernetes/client-namespace', () => pod.namespace]
  yield ['kubernetes/client-pod-name', () => pod.name]
  for (const [key, value] of Object.entries(pod.labels)) {
    yield [`kubernetes/client-label/${key}`, () => value]
  }
}
