import type { Endpoint, Pod, Service, ServiceImport, Slice } from './facts.ts'
import type { PortRecord } from './records.ts'

/**
 * "Did it change?", asked in two ways. `same…` compares every field of a record but its version: where it holds, no
 * reply can differ. The others follow the rules by which the reference moves a SOA serial, which see less.
 */

export function sameService(a: Service, b: Service): boolean {
  return (
    a.type === b.type &&
    a.flags === b.flags &&
    a.externalName === b.externalName &&
    sameTexts(a.clusterIPs, b.clusterIPs) &&
    sameTexts(a.externalIPs, b.externalIPs) &&
    samePorts(a.ports, b.ports)
  )
}

export function sameSlice(a: Slice, b: Slice): boolean {
  return (
    a.service === b.service &&
    a.clusterService === b.clusterService &&
    a.sourceCluster === b.sourceCluster &&
    a.addressType === b.addressType &&
    samePorts(a.ports, b.ports) &&
    a.endpoints.length === b.endpoints.length &&
    a.endpoints.every((endpoint, i) => sameEndpoint(endpoint, b.endpoints[i]!))
  )
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return (
    a.address === b.address &&
    a.hostname === b.hostname &&
    a.podName === b.podName &&
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    a.conditions === b.conditions
  )
}

export function samePod(a: Pod, b: Pod): boolean {
  if (a.podIP !== b.podIP) return false
  const keys = Object.keys(a.labels)
  return (
    keys.length === Object.keys(b.labels).length &&
    keys.every((key) => a.labels[key] === b.labels[key])
  )
}

export function sameServiceImport(a: ServiceImport, b: ServiceImport): boolean {
  return a.type === b.type && sameTexts(a.ips, b.ips) && samePorts(a.ports, b.ports)
}

export function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((text, i) => text === b[i]))
}

/** Port lists are interned, so the first test nearly always decides. */
export function samePorts(a: readonly PortRecord[], b: readonly PortRecord[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.every(
    (port, i) =>
      port.number === b[i]!.number && port.name === b[i]!.name && port.protocol === b[i]!.protocol,
  )
}

/**
 * Whether a serial stays: the published addresses with their host names, in order, and the ports are the same.
 *
 * @param everything the Service publishes addresses that are not ready
 * @param zones zones of endpoints are served too (`zonal`)
 */
export function sameServed(a: Slice, b: Slice, everything: boolean, zones: boolean): boolean {
  if (!samePorts(a.ports, b.ports)) return false
  let j = 0
  for (const endpoint of a.endpoints) {
    if (!everything && !endpoint.ready) continue
    j = nextPublished(b, j, everything)
    const other = b.endpoints[j++]
    if (other === undefined) return false
    if (endpoint.address !== other.address || endpoint.hostname !== other.hostname) return false
    if (zones && endpoint.zone !== other.zone) return false
  }
  return b.endpoints[nextPublished(b, j, everything)] === undefined
}

function nextPublished(slice: Slice, from: number, everything: boolean): number {
  let i = from
  while (i < slice.endpoints.length && !everything && !slice.endpoints[i]!.ready) i++
  return i
}
