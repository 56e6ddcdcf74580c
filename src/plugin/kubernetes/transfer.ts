import type {
  PortRecord,
  ServiceImportRecord,
  ServiceRecord,
  SliceRecord,
} from '../../kube/store.ts'
import { isPublished } from '../../kube/store.ts'
import { CLASS, TYPE } from '../../wire/codes.ts'
import { isAtOrBelow, join, type Name, ROOT } from '../../wire/name.ts'
import { type Octets, type Rr, srvRdata } from '../../wire/record.ts'
import { glue, nameserverRecords, targetOf, UNSPEAKABLE, weightOf } from './answers.ts'
import type { Config } from './config.ts'
import type { Finder } from './finder.ts'
import { endpointName, type Hits, type Host, hostOf, labelsOctets } from './hits.ts'
import { nameservers, onePerAddress } from './nameservers.ts'
import type { Reading } from './reading.ts'
import { inZone, Zone } from './zones.ts'

/** Weight of a Service's own SRV records. */
const FULL_WEIGHT = 100

/** What one zone's transfer is made with. */
interface Transfer {
  readonly finder: Finder
  readonly config: Config
  readonly zone: Name
  readonly reading: Reading
}

/**
 * A zone's records (RFC 5936 §2.2): SOA, name servers, Services by name, SOA. A zone below a configured one is transferred as if it were one itself. Only the
 * SOA where `serial` is the present one (RFC 1995 §2); any other serial brings everything.
 */
export function* transfer(
  finder: Finder,
  config: Config,
  localAddresses: readonly string[],
  zone: Name,
  serial: number | undefined,
  reading: Reading,
): Iterable<readonly Rr[]> {
  const multicluster = config.multicluster.some((above) => isAtOrBelow(zone, above))
  const present = finder.store.stamps.internal
  const soa = new Zone(zone, { multicluster, zonal: false }, config.ttl, []).soa(zone, present)
  yield [soa]
  if (serial !== undefined && serial !== 0 && serial === present >>> 0) return
  const servers = nameserverRecords(zone, zone, config.ttl, nameservers(finder, localAddresses))
  if (servers !== UNSPEAKABLE) {
    yield servers.answer
    yield servers.additional.map((record) => ({ ...record, ttl: 0 }))
  }
  const work: Transfer = { finder, config, zone, reading }
  yield* multicluster ? importRecords(work) : servicesRecords(work)
  yield [soa]
}

function* servicesRecords(work: Transfer): Iterable<readonly Rr[]> {
  const { finder } = work
  for (const service of byName(finder.store.services())) {
    if (!finder.exposed(service.namespace, work.reading)) continue
    const base = ownName(work, service)
    if (base === undefined) continue
    if (service.type === 'ExternalName') yield externalRecords(work, base, service)
    else if (SERVED_TYPES.has(service.type)) {
      const hosts = service.clusterIPs.map(hostOf)
      if (isAddress(hosts[0])) yield addressedRecords(work, base, hosts, service.ports)
      else {
        for (const slice of finder.store.slices(service.name, service.namespace)) {
          yield endpointRecords(work, base, slice, finder.hits.slice(slice, service))
        }
      }
    }
  }
}

const SERVED_TYPES: ReadonlySet<string> = new Set(['ClusterIP', 'NodePort', 'LoadBalancer'])

/** The endpoints' names lack the cluster here, as with the reference. */
function* importRecords(work: Transfer): Iterable<readonly Rr[]> {
  const { finder } = work
  for (const service of byName(finder.store.serviceImports())) {
    if (!finder.exposed(service.namespace, work.reading)) continue
    const base = ownName(work, service)
    if (base === undefined) continue
    const hosts = service.ips.map(hostOf)
    if (isAddress(hosts[0])) yield addressedRecords(work, base, hosts, service.ports)
    else {
      const below = labelsOctets([service.name, service.namespace, 'svc'])
      for (const slice of finder.store.clusterSlices(service.name, service.namespace)) {
        yield endpointRecords(work, base, slice, finder.hits.sliceOfImport(slice), below)
      }
    }
  }
}

/** Addresses of the Service, and for each port an SRV record at its name and at the port's. */
function addressedRecords(
  work: Transfer,
  base: Name,
  hosts: readonly Host[],
  ports: readonly PortRecord[],
): Rr[] {
  const { ttl } = work.config
  const records: Rr[] = hosts.filter(isAddress).map((host) => addressAt(base, ttl, host))
  const target = isAddress(hosts.at(-1)) ? base : ROOT
  for (const port of ports) {
    records.push(srv(base, ttl, FULL_WEIGHT, port.number, target))
    const owner = portName(port, base)
    if (owner !== undefined) records.push(srv(owner, ttl, FULL_WEIGHT, port.number, target))
  }
  return records
}

/** Each endpoint's address at the Service's name and at its own, and an SRV record for each named port. */
function endpointRecords(
  work: Transfer,
  base: Name,
  slice: SliceRecord,
  hits: Hits,
  below?: Octets,
): Rr[] {
  const { ttl } = work.config
  const endpoints = onePerAddress(hits.list, slice)
  const names = below === undefined ? [] : namesOf(slice, work.config)
  const weight = weightOf(endpoints.length)
  const records: Rr[] = []
  for (const [i, endpoint] of endpoints.entries()) {
    const own = below === undefined ? endpoint.target : nameBelow(names[i] as string, below)
    const target = isAddress(endpoint.host)
      ? targetOf({ ...endpoint, target: own }, work.zone)
      : ROOT
    if (target === undefined) continue
    if (target !== ROOT) {
      records.push(addressAt(base, ttl, endpoint.host), glue(target, ttl, endpoint))
    }
    for (const port of slice.ports) {
      const owner = portName(port, base)
      if (owner !== undefined) records.push(srv(owner, ttl, weight, port.number, target))
    }
  }
  return records
}

/** Of the endpoints that {@link Hits} of an import's slice are made from, in their order. */
function namesOf(slice: SliceRecord, config: Config): string[] {
  return slice.endpoints
    .filter((endpoint) => isPublished(endpoint, undefined))
    .map((endpoint) => endpointName(endpoint, config.endpointPodNames))
}

function nameBelow(endpoint: string, below: Octets): Octets | undefined {
  const labels = labelsOctets(endpoint.split('.'))
  return labels === undefined ? undefined : ((labels + below) as Octets)
}

function externalRecords(work: Transfer, base: Name, service: ServiceRecord): Rr[] {
  const host = work.finder.hits.service(service).list[0]?.host
  if (host?.rdata === undefined) return []
  const { ttl } = work.config
  return [{ owner: base, type: TYPE.CNAME, class: CLASS.IN, ttl, rdata: host.rdata }]
}

function ownName(work: Transfer, service: ServiceRecord | ServiceImportRecord): Name | undefined {
  const labels = labelsOctets([service.name, service.namespace, 'svc'])
  return labels === undefined ? undefined : inZone(labels, work.zone)
}

/** `_http._tcp` before a Service's name; undefined for a port without a name. */
function portName(port: PortRecord, base: Name): Name | undefined {
  if (port.name === '') return undefined
  const labels = labelsOctets([`_${port.name.toLowerCase()}`, `_${port.protocol.toLowerCase()}`])
  return labels === undefined ? undefined : join((labels + ROOT) as Name, base)
}

/** A port of -1, which stands for none, shows as 65535: sixteen bits of it. */
function srv(owner: Name, ttl: number, weight: number, port: number, target: Name): Rr {
  const rdata = srvRdata(0, weight, port & 0xffff, target)
  return { owner, type: TYPE.SRV, class: CLASS.IN, ttl, rdata }
}

function addressAt(owner: Name, ttl: number, host: Host): Rr {
  return { owner, type: host.type, class: CLASS.IN, ttl, rdata: host.rdata as Octets }
}

function isAddress(host: Host | undefined): host is Host {
  return host !== undefined && host.type !== TYPE.CNAME
}

function byName<R extends { readonly name: string }>(records: Iterable<R>): R[] {
  return [...records].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
