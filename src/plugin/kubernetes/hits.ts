import type {
  EndpointRecord,
  PortRecord,
  ServiceImportRecord,
  ServiceRecord,
  SliceRecord,
} from '../../kube/store.ts'
import { isPublished } from '../../kube/store.ts'
import { TYPE } from '../../wire/codes.ts'
import { type Name, nameFromText, nameOfLabels, ROOT } from '../../wire/name.ts'
import type { Octets, Rr } from '../../wire/record.ts'
import { addressOctets } from './address.ts'

/** Where a hit leads: an address, or a name to go on with (ExternalName, slices of type FQDN, a Service without any address). */
export interface Host {
  /** As the object has it: addresses are told apart by their text. */
  readonly text: string
  readonly type: typeof TYPE.A | typeof TYPE.AAAA | typeof TYPE.CNAME
  /** An address's octets; a name, or undefined where the text is none. */
  readonly rdata: Octets | undefined
}

/** One port at one host. */
export interface Hit {
  readonly host: Host
  /** -1 where the object has no port. */
  readonly port: number
  /** In lower case, as {@link protocol}, {@link endpoint}, {@link cluster} and {@link zone} are. */
  readonly portName: string
  readonly protocol: string
  /** The endpoint's label; empty text for a Service's own address. */
  readonly endpoint: string
  readonly cluster: string
  /** The topology zone. */
  readonly zone: string
  /** The labels before the zone of the name that an SRV record leads to, without a root; undefined where they make no name. */
  readonly target: Octets | undefined
}

/** SRV records without their owner, and the hosts' addresses. */
export interface ServiceAnswer {
  /** The zone in the client's spelling. */
  readonly suffix: Name
  /** Undefined where a name is too long to be written. */
  readonly rdata: readonly Octets[] | undefined
  readonly additional: readonly Rr[]
}

/** Hits in the order of the answer. Immutable; those of one record are made once. */
export class Hits {
  readonly list: readonly Hit[]
  #plain: boolean | undefined
  #ipv4: readonly Octets[] | undefined
  #ipv6: readonly Octets[] | undefined
  #byEndpoint: Map<string, Hit[]> | undefined
  /** Those of one port each that somebody asked for: no more than the object has ports. */
  readonly #byPort: { readonly port: string; readonly protocol: string; readonly hits: Hits }[] = []
  #services: ServiceAnswer | undefined

  constructor(list: readonly Hit[]) {
    this.list = list
  }

  /** Those of a port and protocol, empty text for any; undefined for none. */
  ofPort(port: string, protocol: string): Hits | undefined {
    for (const known of this.#byPort) {
      if (known.port === port && known.protocol === protocol) return known.hits
    }
    const list = this.list.filter(
      (hit) => isAnyOr(port, hit.portName) && isAnyOr(protocol, hit.protocol),
    )
    if (list.length === 0) return undefined
    const hits = new Hits(list)
    this.#byPort.push({ port, protocol, hits })
    return hits
  }

  /** What SRV records to these hits are made of under a suffix, made once as long as the suffix stays. */
  services(
    suffix: Name,
    make: (list: readonly Hit[], suffix: Name) => ServiceAnswer,
  ): ServiceAnswer {
    if (this.#services?.suffix !== suffix) this.#services = make(this.list, suffix)
    return this.#services
  }

  /** Whether all hosts are addresses. */
  get plain(): boolean {
    this.#plain ??= this.list.every((hit) => hit.host.type !== TYPE.CNAME)
    return this.#plain
  }

  /** The addresses of one family, each text once. */
  addresses(type: number): readonly Octets[] {
    if (type === TYPE.A) {
      this.#ipv4 ??= different(this.list, TYPE.A)
      return this.#ipv4
    }
    this.#ipv6 ??= different(this.list, TYPE.AAAA)
    return this.#ipv6
  }

  of(endpoint: string): readonly Hit[] {
    if (this.#byEndpoint === undefined) {
      this.#byEndpoint = new Map()
      for (const hit of this.list) {
        const known = this.#byEndpoint.get(hit.endpoint)
        if (known === undefined) this.#byEndpoint.set(hit.endpoint, [hit])
        else known.push(hit)
      }
    }
    return this.#byEndpoint.get(endpoint) ?? []
  }
}

/** The name exists, and there is nothing at it. */
export const NOTHING = new Hits([])

export function hostOf(text: string): Host {
  const octets = addressOctets(text)
  if (octets === undefined) {
    const target = text === '' ? ROOT : nameFromText(text)
    return { text, type: TYPE.CNAME, rdata: target as Octets | undefined }
  }
  return { text, type: octets.length === 4 ? TYPE.A : TYPE.AAAA, rdata: octets }
}

/** The endpoint's label: its hostname, else (`endpoint_pod_names`) its Pod's name, else its address with dashes. */
export function endpointName(endpoint: EndpointRecord, podNames: boolean): string {
  if (endpoint.hostname !== '') return endpoint.hostname
  if (podNames && endpoint.podName !== '') return endpoint.podName
  const { address } = endpoint
  if (address.includes('.')) return address.replaceAll('.', '-')
  if (!address.includes(':')) return ''
  const dashed = address.replaceAll(':', '-')
  return dashed.endsWith('-') ? `${dashed}0` : dashed
}

/** Hits of records, made at their first use and forgotten with them. */
export class HitCache {
  readonly #podNames: boolean
  readonly #services = new WeakMap<ServiceRecord, Hits>()
  readonly #imports = new WeakMap<ServiceImportRecord, Hits>()
  readonly #ready = new WeakMap<SliceRecord, Hits>()
  readonly #published = new WeakMap<SliceRecord, Hits>()
  readonly #ofImports = new WeakMap<SliceRecord, Hits>()

  /** @param podNames `endpoint_pod_names` */
  constructor(podNames: boolean) {
    this.#podNames = podNames
  }

  /** A Service's cluster addresses at each of its ports; for an ExternalName what it leads to. */
  service(service: ServiceRecord): Hits {
    return cached(this.#services, service, () => {
      const target = labelsOctets([service.name, service.namespace, 'svc'])
      if (service.type === 'ExternalName') {
        const host = hostOf(service.externalName)
        return host.type === TYPE.CNAME ? [hit(host, EXTERNAL_PORT, { target })] : []
      }
      return product(service.clusterIPs.map(hostOf), service.ports, target)
    })
  }

  /** A ServiceImport's addresses at each of its ports. */
  serviceImport(service: ServiceImportRecord): Hits {
    return cached(this.#imports, service, () =>
      product(
        service.ips.map(hostOf),
        service.ports,
        labelsOctets([service.name, service.namespace, 'svc']),
      ),
    )
  }

  /** A slice's published endpoints at each of its ports. */
  slice(slice: SliceRecord, service: ServiceRecord | undefined): Hits {
    const cache = service?.publishNotReadyAddresses === true ? this.#published : this.#ready
    return cached(cache, slice, () =>
      this.#endpoints(slice, service, '', [slice.service, slice.namespace, 'svc']),
    )
  }

  /** The same for the slice of a ServiceImport, whose endpoints' names hold the cluster's. */
  sliceOfImport(slice: SliceRecord): Hits {
    const { clusterService = '', sourceCluster, namespace } = slice
    return cached(this.#ofImports, slice, () =>
      this.#endpoints(slice, undefined, sourceCluster.toLowerCase(), [
        // As the reference writes it: a dot in it ends a label.
        ...sourceCluster.split('.'),
        clusterService,
        namespace,
        'svc',
      ]),
    )
  }

  #endpoints(
    slice: SliceRecord,
    service: ServiceRecord | undefined,
    cluster: string,
    labels: readonly string[],
  ): Hit[] {
    const hits: Hit[] = []
    const below = labelsOctets(labels)
    const zones = zonesOf(slice, service)
    for (const endpoint of slice.endpoints) {
      if (!isPublished(endpoint, service)) continue
      const name = endpointName(endpoint, this.#podNames)
      const host = hostOf(endpoint.address)
      const more = {
        target: before(name, below),
        endpoint: name.toLowerCase(),
        zone: zones.get(endpoint.address) ?? '',
        cluster,
      }
      for (const port of slice.ports) hits.push(hit(host, port, more))
    }
    return hits
  }
}

const EXTERNAL_PORT: PortRecord = { number: 0, name: '', protocol: '' }

/** An address that a slice has twice is in the zone of its last endpoint that tells one. */
function zonesOf(slice: SliceRecord, service: ServiceRecord | undefined): Map<string, string> {
  const zones = new Map<string, string>()
  for (const endpoint of slice.endpoints) {
    if (endpoint.zone === '' || !isPublished(endpoint, service)) continue
    zones.set(endpoint.address, endpoint.zone.toLowerCase())
  }
  return zones
}

function product(
  hosts: readonly Host[],
  ports: readonly PortRecord[],
  target: Octets | undefined,
): Hit[] {
  return ports.flatMap((port) => hosts.map((host) => hit(host, port, { target })))
}

export function hit(
  host: Host,
  port: PortRecord,
  more: Pick<Hit, 'target'> & Partial<Hit> = { target: undefined },
): Hit {
  return {
    host,
    port: port.number,
    portName: port.name.toLowerCase(),
    protocol: port.protocol.toLowerCase(),
    endpoint: more.endpoint ?? '',
    cluster: more.cluster ?? '',
    zone: more.zone ?? '',
    target: more.target,
  }
}

/** These labels as octets, without a root; undefined where one is empty or too long. */
export function labelsOctets(labels: readonly string[]): Octets | undefined {
  return nameOfLabels(labels)?.slice(0, -1) as Octets | undefined
}

/** An endpoint's name, which may hold dots (a Pod's name), before its Service's labels. */
function before(endpoint: string, labels: Octets | undefined): Octets | undefined {
  if (labels === undefined) return undefined
  const front = labelsOctets(endpoint.split('.'))
  return front === undefined ? undefined : ((front + labels) as Octets)
}

/** Whether a port or protocol is the one that a name asks for; empty text asks for any. */
export function isAnyOr(asked: string, had: string): boolean {
  return asked === '' || asked === had
}

function different(hits: readonly Hit[], type: number): readonly Octets[] {
  const seen = new Map<string, Octets>()
  for (const { host } of hits) if (host.type === type) seen.set(host.text, host.rdata as Octets)
  return [...seen.values()]
}

function cached<R extends object>(
  cache: WeakMap<R, Hits>,
  record: R,
  make: () => readonly Hit[],
): Hits {
  let hits = cache.get(record)
  if (hits === undefined) {
    hits = new Hits(make())
    cache.set(record, hits)
  }
  return hits
}
