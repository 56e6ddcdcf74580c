import { type Name, nameOfLabels, nameToText } from '../../wire/name.ts'

/**
 * What the labels left of the zone say, right to left (Kubernetes DNS specification 1.1.0 §2; `zonal` and clusterset names beside it):
 *
 *     _http._tcp.web.shop.svc.cluster.local     port, protocol, service, namespace
 *         web-0.web.shop.svc.cluster.local      endpoint, service, namespace
 *                  shop.svc.cluster.local       namespace
 *       10-0-0-1.shop.pod.cluster.local         a Pod's address in the place of the service
 *     web-0.east.web.shop.svc.clusterset.local  endpoint, cluster, service, namespace
 *     a.pin._zone.web.shop.svc.cluster.local    topology zone, service, namespace
 */
export interface NameParts {
  /** `empty`: the apex, or `svc` or `pod` alone. `invalid`: neither `svc` nor `pod`, or too many labels. */
  readonly kind: 'empty' | 'svc' | 'pod' | 'invalid'
  /** Labels left of the zone. */
  readonly depth: number
  /** The label next to the zone; empty text at the apex. */
  readonly first: string
  /** Empty text where the name ends before. */
  readonly namespace: string
  /** Or the Pod's label. Empty text where the name ends before. */
  readonly service: string
  readonly endpoint: string
  readonly cluster: string
  /** Without its underscore. Empty text stands for every port: none was named, or just `_`. */
  readonly port: string
  readonly protocol: string
  /** The topology zone, its labels joined with dots; empty text for none. */
  readonly zone: string
  /** With a topology zone: all endpoints where the zone has none (`prefer`), instead of none (`pin`). */
  readonly prefer: boolean
}

/** How names below a zone are read. */
export interface Grammar {
  readonly multicluster: boolean
  /** Topology zones may stand in names (`zonal`). */
  readonly zonal: boolean
}

/** Labels of the longest name, and one for the root. */
const starts = new Uint8Array(128)

/**
 * Reads the labels left of a zone.
 *
 * @param folded the name in lower case
 * @param left octets of it that are left of the zone
 * @returns undefined where no label begins at the zone's offset, so that the name is not below the zone after all
 */
export function parseName(folded: Name, left: number, grammar: Grammar): NameParts | undefined {
  let count = 0
  let at = 0
  while (at < left) {
    starts[count++] = at
    at += folded.charCodeAt(at) + 1
  }
  if (at !== left) return undefined
  if (count === 0) return APEX
  const first = labelAt(folded, starts[count - 1] as number)
  const kind = first === 'svc' ? 'svc' : first === 'pod' ? 'pod' : 'invalid'
  if (count === 1) return kind === 'invalid' ? parts('invalid', 1, first) : EMPTY[kind]
  if (kind === 'invalid') return parts('invalid', count, first)
  const namespace = labelAt(folded, starts[count - 2] as number)
  if (count === 2) return parts(kind, count, first, namespace)
  const service = labelAt(folded, starts[count - 3] as number)
  if (count === 3) return parts(kind, count, first, namespace, service)
  if (count === 4) {
    return { ...parts(kind, count, first, namespace, service), endpoint: labelAt(folded, 0) }
  }
  const base = parts(kind, count, first, namespace, service)
  return count === 5 ? withTwoMore(folded, base, grammar) : withTopologyZone(folded, base, grammar)
}

/** Port and protocol, or in a clusterset zone endpoint and cluster, unless either begins with an underscore. */
function withTwoMore(folded: Name, base: NameParts, grammar: Grammar): NameParts {
  const left = labelAt(folded, 0)
  const right = labelAt(folded, starts[1] as number)
  if (grammar.multicluster && !left.startsWith('_') && !right.startsWith('_')) {
    return { ...base, endpoint: left, cluster: right }
  }
  return { ...base, port: withoutUnderscore(left), protocol: withoutUnderscore(right) }
}

function withTopologyZone(folded: Name, base: NameParts, grammar: Grammar): NameParts {
  const anchor = base.depth - 4
  const directive = labelAt(folded, starts[anchor - 1] as number)
  if (
    !grammar.zonal ||
    grammar.multicluster ||
    base.kind !== 'svc' ||
    labelAt(folded, starts[anchor] as number) !== '_zone' ||
    (directive !== 'pin' && directive !== 'prefer')
  ) {
    return { ...base, kind: 'invalid' }
  }
  const zone: string[] = []
  for (let i = 0; i < anchor - 1; i++) zone.push(labelAt(folded, starts[i] as number))
  return { ...base, zone: zone.join('.'), prefer: directive === 'prefer' }
}

function parts(
  kind: NameParts['kind'],
  depth: number,
  first: string,
  namespace = '',
  service = '',
): NameParts {
  return {
    kind,
    depth,
    first,
    namespace,
    service,
    endpoint: '',
    cluster: '',
    port: '',
    protocol: '',
    zone: '',
    prefer: false,
  }
}

const APEX = parts('empty', 0, '')
const EMPTY = { svc: parts('empty', 1, 'svc'), pod: parts('empty', 1, 'pod') }

function withoutUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label
}

/** 1 for each octet that presentation form gives as it is. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, octet) =>
  /^[!#-&*-\-/-:<-?A-[\]-~]$/.test(String.fromCharCode(octet)) ? 1 : 0,
)

/**
 * The label as text. One with octets that presentation form escapes is given in that form, so that `a\.b`, one label, is never taken for the `a.b` that an
 * object may hold.
 */
function labelAt(name: Name, at: number): string {
  const end = at + 1 + name.charCodeAt(at)
  const label = name.slice(at + 1, end)
  for (let i = at + 1; i < end; i++) {
    if (PLAIN[name.charCodeAt(i)] === 0)
      return nameToText(nameOfLabels([label]) as Name).slice(0, -1)
  }
  return label
}
