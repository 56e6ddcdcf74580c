import type { ServiceImportRecord, ServiceRecord, SliceRecord, Store } from '../../kube/store.ts'
import { isPublished } from '../../kube/store.ts'
import { addressOctets } from './address.ts'
import type { Config } from './config.ts'
import { type Hit, HitCache, Hits, hit, hostOf, isAnyOr, labelsOctets, NOTHING } from './hits.ts'
import type { NameParts } from './names.ts'
import type { Reading } from './reading.ts'
import type { Zone } from './zones.ts'

/** Finds in the store what a name leads to. */
export class Finder {
  readonly store: Store
  readonly hits: HitCache
  readonly #config: Config

  constructor(store: Store, config: Config) {
    this.store = store
    this.hits = new HitCache(config.endpointPodNames)
    this.#config = config
  }

  /**
   * What a name leads to; {@link NOTHING} where it exists without addresses.
   *
   * @returns undefined for a name error: no such shape, Namespace, Service, port, endpoint or Pod
   */
  find(zone: Zone, parts: NameParts, reading: Reading): Hits | undefined {
    if (parts.kind === 'empty') return NOTHING
    if (parts.kind === 'invalid' || zone.holdsAddresses) return undefined
    if (!this.exposed(parts.namespace, reading)) return undefined
    if (parts.kind === 'pod') return this.#pod(parts, reading)
    if (parts.service === '') return NOTHING
    return zone.grammar.multicluster
      ? this.#serviceImport(parts, reading)
      : this.#service(parts, reading)
  }

  /** Whether names may tell of a Namespace: it exists, and is listed where a list is configured. */
  exposed(namespace: string, reading: Reading): boolean {
    const { namespaces } = this.#config
    if (namespaces.size > 0 && !namespaces.has(namespace)) return false
    reading.namespace(namespace)
    return this.store.namespace(namespace) !== undefined
  }

  /** The same where only a list of Namespaces counts: addresses are told whatever `namespace_labels` says. */
  listed(namespace: string, reading: Reading): boolean {
    return this.#config.namespaces.size === 0 || this.exposed(namespace, reading)
  }

  #service(parts: NameParts, reading: Reading): Hits | undefined {
    const { service: name, namespace } = parts
    reading.service(name, namespace)
    const service = this.store.service(name, namespace)
    if (service === undefined) return undefined
    const external = service.type === 'ExternalName'
    if (!external && !service.headless && this.#isIgnored(service, reading)) return undefined
    // A topology zone means nothing to an address that all zones share.
    if (parts.zone !== '' && !service.headless) return undefined
    if (external) return this.#externalName(service, parts)
    if (!service.headless && parts.endpoint === '') {
      return filtered(this.hits.service(service), parts)
    }
    reading.endpoints(name, namespace)
    const slices = this.store.slices(name, namespace)
    return fromSlices(
      parts,
      slices.map((slice) => this.hits.slice(slice, service)),
    )
  }

  /** `ignore empty_service`: nothing is published behind it. */
  #isIgnored(service: ServiceRecord, reading: Reading): boolean {
    if (!this.#config.ignoreEmptyService) return false
    reading.endpoints(service.name, service.namespace)
    return !publishes(this.store.slices(service.name, service.namespace), service)
  }

  #externalName(service: ServiceRecord, parts: NameParts): Hits | undefined {
    if (parts.endpoint !== '' || parts.port !== '' || parts.protocol !== '') return undefined
    const hits = this.hits.service(service)
    return hits.list.length === 0 ? undefined : hits
  }

  #serviceImport(parts: NameParts, reading: Reading): Hits | undefined {
    const { service: name, namespace } = parts
    reading.serviceImport(name, namespace)
    const service = this.store.serviceImport(name, namespace)
    if (service === undefined) return undefined
    const slices = () => {
      reading.clusterEndpoints(name, namespace)
      return this.store.clusterSlices(name, namespace)
    }
    if (this.#config.ignoreEmptyService && !service.headless && !publishes(slices(), undefined)) {
      return undefined
    }
    if (!service.headless && parts.endpoint === '') return this.#clusterSetIP(service, parts)
    return fromSlices(
      parts,
      slices().map((slice) => this.hits.sliceOfImport(slice)),
    )
  }

  /** An import without addresses exists all the same where a port fits. */
  #clusterSetIP(service: ServiceImportRecord, parts: NameParts): Hits | undefined {
    const { ports } = service
    const fits = ports.some(
      (port) =>
        isAnyOr(parts.port, port.name.toLowerCase()) &&
        isAnyOr(parts.protocol, port.protocol.toLowerCase()),
    )
    if (!fits) return undefined
    return filtered(this.hits.serviceImport(service), parts) ?? NOTHING
  }

  #pod(parts: NameParts, reading: Reading): Hits | undefined {
    const { pods } = this.#config
    if (pods === 'disabled') return undefined
    if (parts.service === '') return NOTHING
    const address = podAddress(parts.service)
    const target = labelsOctets([parts.service, parts.namespace, 'pod'])
    if (pods === 'insecure') {
      if (addressOctets(address) === undefined) return undefined
      return new Hits([hit(hostOf(address), POD_PORT, { target })])
    }
    reading.address(address)
    const found: Hit[] = []
    for (const pod of this.store.podsByAddress(address)) {
      if (pod.namespace !== parts.namespace) continue
      found.push(hit(hostOf(address), POD_PORT, { target }))
    }
    return found.length === 0 ? undefined : new Hits(found)
  }
}

const POD_PORT = { number: 0, name: '', protocol: '' }

/** The address that a Pod's label stands for: `10-0-0-1`, `2001-db8--1`. */
export function podAddress(label: string): string {
  const dashes = label.split('-').length - 1
  return label.replaceAll('-', dashes === 3 && !label.includes('--') ? '.' : ':')
}

function publishes(slices: readonly SliceRecord[], service: ServiceRecord | undefined): boolean {
  return slices.some((slice) => slice.endpoints.some((endpoint) => isPublished(endpoint, service)))
}

function fromSlices(parts: NameParts, slices: readonly Hits[]): Hits | undefined {
  if (parts.zone === '') return joined(parts, slices)
  const inZone = slices.map((hits) => new Hits(hits.list.filter((at) => at.zone === parts.zone)))
  const found = joined(parts, inZone) ?? (parts.prefer ? joined(parts, slices) : undefined)
  return found ?? NOTHING
}

function joined(parts: NameParts, slices: readonly Hits[]): Hits | undefined {
  if (slices.length === 1) return filtered(slices[0] as Hits, parts)
  const list: Hit[] = []
  for (const hits of slices) {
    const some = filtered(hits, parts)
    if (some !== undefined) for (const at of some.list) list.push(at)
  }
  return list.length === 0 ? undefined : new Hits(list)
}

/** The hits that fit the endpoint, port and protocol of the name; undefined for none. */
function filtered(hits: Hits, parts: NameParts): Hits | undefined {
  const { port, protocol, endpoint, cluster } = parts
  if (endpoint !== '') {
    const list = hits.of(endpoint).filter((at) => at.cluster === cluster)
    return list.length === 0 ? undefined : new Hits(list)
  }
  if (port === '' && protocol === '') return hits.list.length === 0 ? undefined : hits
  return hits.ofPort(port, protocol)
}
