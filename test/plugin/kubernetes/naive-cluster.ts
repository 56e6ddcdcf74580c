import type { ApiObject } from '../../kube/fake-api.ts'

/** What the plugin is configured with, as far as answers differ. */
export interface Naive {
  readonly pods: 'disabled' | 'insecure' | 'verified'
  readonly endpointPodNames: boolean
  /** All of them where there is none. */
  readonly namespaces: readonly string[]
}

interface Port {
  readonly name?: string
  readonly port: number
  readonly protocol: string
}
interface Endpoint {
  readonly addresses: readonly string[]
  readonly conditions: { readonly ready?: boolean }
  readonly hostname?: string
  readonly targetRef?: { readonly name: string }
}
interface Hit {
  readonly address: string
  readonly port: number
  /** Left of the zone. */
  readonly target: string
}

const ZONE = 'cluster.local.'
const TTL = 5
const NONE = { name: '', port: -1, protocol: '' }

/**
 * The answers by the rules alone (reference notes §2.2–2.9, 3.2, 3.3): whole objects, and a search through all of them for every question. Slow, and
 * without anything to keep in step.
 */
export class NaiveCluster {
  readonly #objects = new Map<string, ApiObject>()
  readonly #config: Naive

  constructor(config: Naive) {
    this.#config = config
  }

  apply(object: ApiObject): void {
    this.#objects.set(keyOf(object), object)
  }

  remove(object: ApiObject): void {
    this.#objects.delete(keyOf(object))
  }

  /** `RCODE`, then the records of the answer and the additional section, in no order; of several right answers, all. */
  answers(question: string): string[] {
    const [qname = '', type = ''] = question.split(' ')
    if (type === 'PTR') return this.#reverse(qname)
    const labels = qname.slice(0, -ZONE.length - 1).split('.')
    const hits = labels.at(-1) === 'pod' ? this.#pod(labels) : this.#service(labels)
    if (hits.length === 0) return ['NXDOMAIN']
    return [type === 'SRV' ? services(qname, hits) : addresses(qname, type, hits)]
  }

  #of(kind: string): ApiObject[] {
    return [...this.#objects.values()].filter((object) => object.kind === kind)
  }

  #exposed(namespace: string): boolean {
    const { namespaces } = this.#config
    if (namespaces.length > 0 && !namespaces.includes(namespace)) return false
    return this.#objects.has(`Namespace /${namespace}`)
  }

  #service(labels: readonly string[]): Hit[] {
    const [name = '', namespace = ''] = labels.slice(-3)
    const before = labels.slice(0, -3)
    const service = this.#objects.get(`Service ${namespace}/${name}`)
    if (service === undefined || !this.#exposed(namespace)) return []
    const spec = service.spec as { clusterIPs: string[]; ports: Port[] }
    const [port, protocol] =
      before.length === 2 ? before.map((label) => label.replace(/^_/, '')) : ['', '']
    const fits = (one: Port) =>
      (port === '' || one.name === port) &&
      (protocol === '' || one.protocol.toLowerCase() === protocol)
    const own = `${name}.${namespace}.svc`
    const headless = spec.clusterIPs[0] === 'None'
    if (before.length !== 1 && !headless) {
      const ports = orSentinel(spec.ports).filter(fits)
      return ports.flatMap(({ port }) =>
        spec.clusterIPs.map((address) => ({ address, port, target: own })),
      )
    }
    const wanted = before.length === 1 ? before[0] : undefined
    return this.#endpoints(namespace, name)
      .filter(({ name }) => wanted === undefined || name === wanted)
      .flatMap(({ address, name, ports }) =>
        ports.filter(fits).map(({ port }) => ({ address, port, target: `${name}.${own}` })),
      )
  }

  /** Those that are published. */
  #endpoints(
    namespace: string,
    service: string,
  ): { address: string; name: string; ports: readonly Port[] }[] {
    const spec = this.#objects.get(`Service ${namespace}/${service}`)?.spec as
      | { publishNotReadyAddresses?: boolean }
      | undefined
    return this.#of('EndpointSlice')
      .filter(({ metadata }) => metadata.namespace === namespace)
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
      .flatMap((slice) =>
        (slice.endpoints as Endpoint[])
          .filter(
            ({ conditions }) =>
              conditions.ready !== false || spec?.publishNotReadyAddresses === true,
          )
          .flatMap((endpoint) =>
            endpoint.addresses.map((address) => ({
              address,
              name: this.#endpointName(endpoint, address),
              ports: orSentinel(slice.ports as Port[]),
            })),
          ),
      )
  }

  #endpointName({ hostname, targetRef }: Endpoint, address: string): string {
    if (hostname) return hostname
    if (this.#config.endpointPodNames && targetRef !== undefined) return targetRef.name
    return address.replaceAll('.', '-').replaceAll(':', '-').replace(/-$/, '-0')
  }

  #pod(labels: readonly string[]): Hit[] {
    const [label = '', namespace = ''] = labels
    const { pods } = this.#config
    if (pods === 'disabled' || !this.#exposed(namespace)) return []
    const address = label.replaceAll('-', /^[^-]+(-[^-]+){3}$/.test(label) ? '.' : ':')
    const hit = { address, port: 0, target: `${label}.${namespace}.pod` }
    if (pods === 'insecure') return [hit]
    const has = ({ metadata, status }: ApiObject) =>
      metadata.namespace === namespace && (status as { podIP: string }).podIP === address
    return this.#of('Pod')
      .filter(has)
      .map(() => hit)
  }

  /** Of several Services with the address, any one may be told. */
  #reverse(qname: string): string[] {
    const address = addressOf(qname)
    const tells = (namespace: string) =>
      this.#config.namespaces.length === 0 || this.#exposed(namespace)
    const record = (target: string) => `${qname} ${TTL} IN PTR ${target}.${ZONE}`
    const owners = this.#of('Service')
      .filter(({ spec }) => (spec as { clusterIPs: string[] }).clusterIPs.includes(address))
      .map(({ metadata }) => metadata)
      .filter(({ namespace = '' }) => tells(namespace))
    if (owners.length > 0) {
      return owners.map(({ name, namespace }) => told([record(`${name}.${namespace}.svc`)]))
    }
    const services = new Set(
      this.#of('EndpointSlice').map(
        ({ metadata: { namespace, labels } }) =>
          `${labels?.['kubernetes.io/service-name']} ${namespace}`,
      ),
    )
    const records = [...services].flatMap((text) => {
      const [service = '', namespace = ''] = text.split(' ')
      if (!tells(namespace)) return []
      return this.#endpoints(namespace, service)
        .filter((endpoint) => endpoint.address === address)
        .map(({ name }) => record(`${name}.${service}.${namespace}.svc`))
    })
    return [records.length === 0 ? 'NXDOMAIN' : told(records)]
  }
}

/** Records of an answer in a form that does not depend on their order. */
export function told(records: readonly string[]): string {
  return ['NOERROR', ...[...new Set(records)].sort()].join('\n')
}

function addresses(qname: string, type: string, hits: readonly Hit[]): string {
  const fits = hits.filter(({ address }) => address.includes(':') === (type === 'AAAA'))
  return told(fits.map(({ address }) => `${qname} ${TTL} IN ${type} ${address}`))
}

function services(qname: string, hits: readonly Hit[]): string {
  const weight = Math.max(1, Math.floor(100 / hits.length))
  const records = hits
    .filter(({ port }) => port !== -1)
    .flatMap(({ address, port, target }) => [
      `${qname} ${TTL} IN SRV 0 ${weight} ${port} ${target}.${ZONE}`,
      `${target}.${ZONE} ${TTL} IN ${address.includes(':') ? 'AAAA' : 'A'} ${address}`,
    ])
  return told(records)
}

function orSentinel(ports: readonly Port[]): readonly Port[] {
  return ports.length === 0 ? [NONE] : ports
}

function addressOf(qname: string): string {
  const labels = qname.split('.').slice(0, -3).reverse()
  if (qname.endsWith('in-addr.arpa.')) return labels.join('.')
  const groups = labels.join('').match(/.{4}/g) ?? []
  const short = groups.map((group) => group.replace(/^0{1,3}/, '')).join(':')
  return short.replace(/(^|:)0(:0)+(:|$)/, '::')
}

function keyOf({ kind, metadata }: ApiObject): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}
