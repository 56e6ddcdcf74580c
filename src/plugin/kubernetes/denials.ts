import { TYPE } from '../../wire/codes.ts'
import { ancestor, countLabels, isAtOrBelow } from '../../wire/name.ts'
import { addressOctets } from './address.ts'
import type { Asked } from './asked.ts'
import type { Config } from './config.ts'
import { type Finder, podAddress } from './finder.ts'
import { DEFAULT_NAMESERVER } from './nameservers.ts'

/**
 * How many labels of a denied name, counted from the right, name a branch with nothing in it (RFC 8020); 0 where only the name itself is known not to exist.
 * What that depends on is noted.
 */
export function deniedBelow(
  asked: Asked,
  qtype: number,
  finder: Finder,
  config: Pick<Config, 'pods' | 'zonal'>,
): number {
  if (asked.zone.holdsAddresses || NEVER.has(qtype)) return 0
  if (asked.folded.startsWith(DEFAULT_NAMESERVER)) return 0
  const left = labelsLeft(asked, finder, config)
  if (left === 0) return 0
  // In a zone above the reverse zones their names lead to what no branch of it tells.
  if (asked.zone.below.some((other) => isAtOrBelow(asked.folded, other))) return 0
  // What other zones lie in parts of is denied for the parts that they do not.
  for (let labels = asked.zone.labels + left; labels <= countLabels(asked.folded); labels++) {
    if (isClear(asked, labels)) return labels
  }
  return 0
}

/** Types whose denials say nothing of other names: these belong to zones, not to names. */
const NEVER: ReadonlySet<number> = new Set([TYPE.SOA, TYPE.AXFR, TYPE.IXFR, TYPE.DS])

/** The same, counted from the zone on. */
function labelsLeft(
  { zone, parts, reading }: Asked,
  finder: Finder,
  config: Pick<Config, 'pods' | 'zonal'>,
): number {
  const { first, depth, namespace, service } = parts
  if (first !== 'svc' && first !== 'pod') {
    return first === 'dns' || first === 'dns-version' || depth === 0 ? 0 : 1
  }
  if (depth < 2) return 0
  if (first === 'pod' && config.pods === 'disabled') return 2
  if (!finder.exposed(namespace, reading)) return 2
  if (depth < 3) return 0
  if (first === 'pod') return addressOctets(podAddress(service)) === undefined ? 3 : 0
  if (zone.grammar.multicluster) {
    reading.serviceImport(service, namespace)
    return finder.store.serviceImport(service, namespace) === undefined ? 3 : 0
  }
  reading.service(service, namespace)
  const known = finder.store.service(service, namespace)
  if (known === undefined) return 3
  // It exists. Its own name is an error all the same when it has nothing to give, and then every name below it is one too,
  // but for topology zones, which exist wherever a headless Service does.
  return depth === 3 && !(known.headless && config.zonal) ? 3 : 0
}

/** Whether no other zone, and nothing that falls through, lies in the branch. */
function isClear({ folded, zone }: Asked, labels: number): boolean {
  if (zone.below.length === 0) return true
  const branch = ancestor(folded, countLabels(folded) - labels)
  return !zone.below.some((other) => isAtOrBelow(other, branch))
}
