import { networkInterfaces } from 'node:os'
import { isPublished, type ServiceRecord, type SliceRecord } from '../../kube/store.ts'
import { TYPE } from '../../wire/codes.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import type { Finder } from './finder.ts'
import { type Hit, hit, hostOf, labelsOctets } from './hits.ts'

/** `ns.dns`, where the server is when no Service of the cluster leads to it. */
export const DEFAULT_NAMESERVER = '\x02ns\x03dns'

const NO_PORT = { number: 0, name: '', protocol: '' }

/**
 * The addresses of this server in the cluster: of each Service whose slices hold one of the local addresses, or else those themselves. Not filtered by
 * Namespace, nothing left out that comes twice.
 */
export function nameservers(finder: Finder, local: readonly string[]): Hit[] {
  const found: Hit[] = []
  const slices = slicesAt(finder, local)
  for (const { slice, service } of slices) {
    if (service !== undefined) found.push(...addressesOf(finder, slice, service))
  }
  if (slices.length > 0) return found.filter((at) => at.host.type !== TYPE.CNAME)
  const target = labelsOctets(['ns', 'dns'])
  return local.map((address) => hit(hostOf(address), NO_PORT, { target }))
}

/** Slices that publish one of these addresses, with their Services. */
export function slicesAt(
  finder: Finder,
  local: readonly string[],
): { slice: SliceRecord; service: ServiceRecord | undefined }[] {
  return local.flatMap((address) =>
    finder.store.slicesByAddress(address).flatMap((slice) => {
      const service = finder.store.service(slice.service, slice.namespace)
      const here = slice.endpoints.some(
        (endpoint) => endpoint.address === address && isPublished(endpoint, service),
      )
      return here ? [{ slice, service }] : []
    }),
  )
}

function addressesOf(finder: Finder, slice: SliceRecord, service: ServiceRecord): Hit[] {
  if (service.headless) return onePerAddress(finder.hits.slice(slice, service).list, slice)
  const target = labelsOctets([service.name, service.namespace, 'svc'])
  return service.clusterIPs.map((address) => hit(hostOf(address), NO_PORT, { target }))
}

/** Each address of a slice once, not once for each port. */
export function onePerAddress(hits: readonly Hit[], slice: SliceRecord): Hit[] {
  return hits.filter((_, i) => i % slice.ports.length === 0)
}

/**
 * Whether a name is `ns.dns.ZONE`, as the reference tests it: on the text, where the zone in the client's spelling must come first right behind `ns.dns.`.
 *
 * @param suffix the zone in the client's spelling
 */
export function isDefaultNameserver(folded: Name, suffix: Name): boolean {
  if (!folded.startsWith(DEFAULT_NAMESERVER)) return false
  return nameToText(folded).indexOf(nameToText(suffix)) === 'ns.dns.'.length
}

/**
 * The addresses that NS records may tell: of all interfaces but loopback, link-local ones included. None where the block is bound to addresses: the reference
 * cannot read those here.
 */
export function localAddresses(listenHosts: readonly string[]): string[] {
  if (listenHosts.length > 0 && listenHosts[0] !== '') return []
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => !address.internal)
    .map((address) => address.address)
}
