import { isPublished, type ServiceRecord } from '../../kube/store.ts'
import { TYPE } from '../../wire/codes.ts'
import type { Explanation } from '../why.ts'
import type { Config } from './config.ts'
import { explainExternal } from './explain-external.ts'
import type { Finder } from './finder.ts'
import { endpointName, type Hit, Hits, type Host, hit, hostOf, labelsOctets } from './hits.ts'
import { slicesAt } from './nameservers.ts'
import type { Reading } from './reading.ts'

/** A name of k8s_external's zones: `[ENDPOINT.|_PORT._PROTO.]SERVICE.NAMESPACE`. */
export interface ExternalName {
  readonly namespace: string
  /** Empty text where the name ends before. */
  readonly service: string
  readonly endpoint: string
  readonly port: string
  readonly protocol: string
}

/** A Service's hits in a transfer of k8s_external's zone. */
export interface ExternalService {
  readonly service: ServiceRecord
  readonly hits: readonly Hit[]
  /** Endpoints of a headless Service, not external addresses. */
  readonly headless: boolean
}

/** What k8s_external serves: Services by the addresses that they have outside the cluster. Targets of hits lack the label `svc`. */
export class External {
  readonly #finder: Finder
  readonly #config: Config
  readonly #local: () => readonly string[]
  readonly #hits = new WeakMap<ServiceRecord, Hits>()

  constructor(finder: Finder, config: Config, local: () => readonly string[]) {
    this.#finder = finder
    this.#config = config
    this.#local = local
  }

  /** TTL in seconds that CNAME and SRV records take from the cluster's zones. */
  get ttl(): number {
    return this.#config.ttl
  }

  /** Unix seconds of the last change of external addresses. */
  get serial(): number {
    return this.#finder.store.stamps.external
  }

  exposed(namespace: string, reading: Reading): boolean {
    return this.#finder.exposed(namespace, reading)
  }

  /**
   * What a name leads to.
   *
   * @param headless headless Services without external addresses answer with their endpoints
   * @returns undefined for a name error
   */
  find(name: ExternalName, headless: boolean, reading: Reading): Hits | undefined {
    reading.service(name.service, name.namespace)
    const service = this.#finder.store.service(name.service, name.namespace)
    if (service === undefined) return undefined
    const byEndpoint =
      headless && service.externalIPs.length === 0 && (service.headless || name.endpoint !== '')
    const list = byEndpoint
      ? this.#endpoints(service, reading).filter(
          (at) => name.endpoint === '' || at.endpoint === name.endpoint,
        )
      : this.#outside(service).list
    const fitting = list.filter(
      (at) =>
        (name.port === '' || at.portName === name.port) &&
        (name.protocol === '' || at.protocol === name.protocol),
    )
    return fitting.length === 0 ? undefined : new Hits(fitting)
  }

  /** @param headless as for {@link find} */
  explain(name: ExternalName, headless: boolean): Explanation {
    return explainExternal(name, this.#finder, this.#config, headless)
  }

  /** Services that have an address outside, each as the labels of its name. */
  servicesAt(address: string, reading: Reading): (readonly [string, string])[] {
    reading.address(address)
    const found: (readonly [string, string])[] = []
    for (const { name, namespace } of this.#finder.store.servicesByExternalAddress(address)) {
      if (this.#finder.listed(namespace, reading)) found.push([name, namespace])
    }
    return found
  }

  /** This server's addresses outside: of the Services that lead to it. */
  nameservers(headless: boolean): Host[] {
    const local = this.#local()
    const slices = slicesAt(this.#finder, local)
    const texts = slices.flatMap(({ slice, service }) => {
      if (service === undefined) return []
      if (!headless || !service.headless) return service.externalIPs
      return slice.endpoints
        .filter((endpoint) => isPublished(endpoint, service))
        .map((endpoint) => endpoint.address)
    })
    return (slices.length > 0 ? texts : local).map(hostOf).filter((at) => at.type !== TYPE.CNAME)
  }

  /** All that a transfer tells, Namespaces that are not exposed too, as with the reference. */
  *services(headless: boolean, reading: Reading): Iterable<ExternalService> {
    for (const service of this.#finder.store.services()) {
      if (headless && service.externalIPs.length === 0 && service.headless) {
        yield { service, hits: this.#endpoints(service, reading), headless: true }
      } else {
        const { list } = this.#outside(service)
        if (list.length > 0) yield { service, hits: list, headless: false }
      }
    }
  }

  /** External addresses, each at all ports. */
  #outside(service: ServiceRecord): Hits {
    let hits = this.#hits.get(service)
    if (hits === undefined) {
      const target = labelsOctets([service.name, service.namespace])
      const hosts = service.externalIPs.map(hostOf)
      hits = new Hits(hosts.flatMap((at) => service.ports.map((port) => hit(at, port, { target }))))
      this.#hits.set(service, hits)
    }
    return hits
  }

  #endpoints(service: ServiceRecord, reading: Reading): Hit[] {
    const { name, namespace } = service
    reading.endpoints(name, namespace)
    const found: Hit[] = []
    for (const slice of this.#finder.store.slices(name, namespace)) {
      for (const endpoint of slice.endpoints) {
        if (!isPublished(endpoint, service)) continue
        const label = endpointName(endpoint, this.#config.endpointPodNames)
        const target = labelsOctets([...label.split('.'), name, namespace])
        const more = { target, endpoint: label.toLowerCase() }
        const host = hostOf(endpoint.address)
        for (const port of slice.ports) found.push(hit(host, port, more))
      }
    }
    return found
  }
}
