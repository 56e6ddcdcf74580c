import { type Name, ROOT } from '../../wire/name.ts'
import type { ExternalName } from '../kubernetes/external.ts'
import { parseName } from '../kubernetes/names.ts'

/** Stands in the place of `svc`, which names here lack. */
const SVC = '\x03svc'

/**
 * The labels left of the zone: `SERVICE.NAMESPACE`, `ENDPOINT.SERVICE.NAMESPACE` or `_PORT._PROTO.SERVICE.NAMESPACE`.
 *
 * @param folded the name in lower case, below the zone
 * @returns undefined where there are more labels
 */
export function nameBelow(folded: Name, zone: Name): ExternalName | undefined {
  const left = folded.slice(0, folded.length - zone.length) + SVC
  const parts = parseName((left + ROOT) as Name, left.length, GRAMMAR)
  if (parts === undefined || parts.kind !== 'svc') return undefined
  const { namespace, service, endpoint, port, protocol } = parts
  return { namespace, service, endpoint: withoutUnderscore(endpoint), port, protocol }
}

const GRAMMAR = { multicluster: false, zonal: false }

function withoutUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label
}
