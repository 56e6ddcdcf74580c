import { type Name, nameOfLabels, ROOT } from '../../wire/name.ts'
import type { Query } from '../query.ts'
import type { Config } from './config.ts'
import type { Finder } from './finder.ts'
import type { Zones } from './zones.ts'

/**
 * The search path of the Pod that asks: its Namespace, `svc` and the zone itself, then this machine's own list, then the root for the bare name. Undefined for
 * names outside the zones, for clients that are no Pod, and without `pods verified`.
 *
 * @param search the search list of this machine's resolver
 */
export function autoPath(
  query: Query,
  zones: Zones,
  finder: Finder,
  config: Config,
  search: readonly Name[],
): readonly Name[] | undefined {
  const zone = zones.match(query.folded)
  if (zone === undefined || config.pods !== 'verified') return undefined
  const pod = finder.store.podByAddress(query.exchange.client.address)
  if (pod === undefined) return undefined
  const services = nameOfLabels(['svc'], zone.name)
  const own = services && nameOfLabels([pod.namespace], services)
  if (services === undefined || own === undefined) return undefined
  return [own, services, zone.name, ...search, ROOT]
}
