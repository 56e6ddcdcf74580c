import type { Json, ObjectInput } from '../../src/sandbox/types.ts'

/** A Pod as hand-written endpoints describe it. */
interface PodFacts {
  namespace: string
  name: string
  addresses: string[]
  hostname?: string
  subdomain?: string
  ready: boolean
  terminating: boolean
  ports: Map<string, Json>
  services: Set<string>
}

export interface Translated {
  objects: ObjectInput[]
  /** Pods that are to be deleted once they run: they were written as terminating. */
  terminating: { namespace: string; name: string }[]
  /** Keys of the Services that are compared. */
  services: string[]
}

/**
 * Services and hand-written EndpointSlices as what people write: Services with selectors, StatefulSets where hostnames count up
 * from zero, Deployments where nothing names the endpoints, else single Pods. `left` are keys of Services to leave out.
 */
export function asWorkloads(objects: Json[], left: string[]): Translated {
  const services = objects.filter((one) => one.kind === 'Service' && !left.includes(keyOf(one)))
  const pods = new Map<string, PodFacts>()
  const compared: string[] = []
  for (const service of services) {
    const slices = slicesOf(objects, service)
    if (slices.length > 0) compared.push(keyOf(service))
    for (const slice of slices) {
      slice.endpoints.forEach((one: Json, index: number) => {
        note(pods, service, slice, one, index)
      })
    }
  }
  const all = [...new Set(pods.values())]
  const written = services.map((one) => withSelector(one, slicesOf(objects, one).length > 0))
  return {
    objects: [...objects.filter((one) => one.kind === 'Namespace'), ...written, ...workloads(all)],
    terminating: all.filter((pod) => pod.terminating),
    services: compared,
  }
}

export function keyOf(object: Json): string {
  return `${object.metadata.namespace}/${object.metadata.name}`
}

export function slicesOf(objects: readonly Json[], service: Json): Json[] {
  return objects.filter(
    (one) =>
      one.kind === 'EndpointSlice' &&
      one.metadata.namespace === service.metadata.namespace &&
      one.metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name,
  )
}

/** Endpoints are of one Pod where they share an address, or a hostname or place across the families. */
function note(
  pods: Map<string, PodFacts>,
  service: Json,
  slice: Json,
  endpoint: Json,
  index: number,
): void {
  const { namespace, name } = service.metadata
  const keys = endpoint.addresses.map((address: string) => `${namespace} ${address}`)
  const other = slice.addressType === 'IPv6' ? 'IPv4' : 'IPv6'
  const named = (type: string) => `${namespace} ${name} ${type} ${endpoint.hostname ?? index}`
  const twin = pods.get(named(other))
  const pod = twin ?? pods.get(keys[0]) ?? plainPod(namespace, name, pods.size)
  for (const key of [...keys, named(slice.addressType)]) pods.set(key, pod)
  for (const one of endpoint.addresses) if (!pod.addresses.includes(one)) pod.addresses.push(one)
  if (endpoint.targetRef !== undefined) pod.name = endpoint.targetRef.name
  if (endpoint.hostname !== undefined) {
    pod.hostname = endpoint.hostname
    pod.subdomain = name
  }
  if (endpoint.conditions.serving === false) pod.ready = false
  else if (endpoint.conditions.ready === false && endpoint.conditions.serving !== true) {
    pod.ready = false
  }
  if (endpoint.conditions.terminating === true) pod.terminating = true
  for (const port of slice.ports ?? []) if (port.name) pod.ports.set(port.name, port)
  pod.services.add(name)
}

function plainPod(namespace: string, service: string, count: number): PodFacts {
  const name = `${service}-pod-${count}`
  return {
    namespace,
    name,
    addresses: [],
    ready: true,
    terminating: false,
    ports: new Map(),
    services: new Set(),
  }
}

function withSelector(service: Json, selects: boolean): Json {
  if (!selects) return service
  const ports = (service.spec.ports ?? []).map((port: Json) => ({
    ...port,
    targetPort: port.name ?? port.port,
  }))
  // Two families without a policy are refused.
  const dual = service.spec.ipFamilies?.length > 1 ? { ipFamilyPolicy: 'RequireDualStack' } : {}
  return {
    ...service,
    spec: { ...service.spec, ...dual, ports, selector: { [service.metadata.name]: 'yes' } },
  }
}

function workloads(pods: PodFacts[]): ObjectInput[] {
  const alike = Map.groupBy(pods, (pod) => JSON.stringify(kindOf(pod)))
  return [...alike.values()].flatMap((group, index) => {
    const [first] = group
    if (first === undefined) return []
    const [kind = '', name = ''] = kindOf(first)
    const ordered = group.toSorted((a, b) => ordinalOf(a) - ordinalOf(b))
    const counted = ordered.every((pod, index) => ordinalOf(pod) === index)
    if (kind === 'StatefulSet' && counted) return [workload(kind, name, ordered)]
    if (kind === 'Deployment') return [workload(kind, `${name}-${index}`, group)]
    return group.map(podObject)
  })
}

/** What makes Pods belong together, with the kind and name of their workload first. */
function kindOf(pod: PodFacts): string[] {
  const rest = [pod.namespace, ...pod.services, JSON.stringify([...pod.ports])]
  if (!pod.ready || pod.terminating) return ['Pod', pod.name]
  const set = /^(.+)-\d+$/.exec(pod.hostname ?? '')?.[1]
  if (set !== undefined) return ['StatefulSet', set, pod.subdomain ?? '', ...rest]
  if (pod.hostname === undefined && pod.name.includes('-pod-')) {
    return ['Deployment', [...pod.services].join('-'), ...rest]
  }
  return ['Pod', pod.name, pod.namespace]
}

function ordinalOf(pod: PodFacts): number {
  return Number(/-(\d+)$/.exec(pod.hostname ?? '')?.[1] ?? -1)
}

function workload(kind: string, name: string, pods: PodFacts[]): ObjectInput {
  const [first] = pods as [PodFacts]
  const labels = labelsOf(first)
  const lists = ['.', ':'].map((mark) =>
    pods.map((pod) => pod.addresses.find((one) => one.includes(mark))).filter(Boolean),
  )
  const annotations = {
    'sandbox.muster/addresses': lists.map((list) => list.join(',')).join(';'),
  }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: first.namespace },
    spec: {
      replicas: pods.length,
      selector: { matchLabels: labels },
      template: { metadata: { labels, annotations }, spec: podSpec(first, false) },
      ...(kind === 'StatefulSet' && {
        serviceName: first.subdomain,
        podManagementPolicy: 'Parallel',
      }),
    },
  }
}

function podObject(pod: PodFacts): ObjectInput {
  const annotations: Record<string, string> = {
    'sandbox.muster/addresses': pod.addresses.join(';'),
    'sandbox.muster/stop-delay': '10m',
  }
  if (!pod.ready) annotations['sandbox.muster/ready'] = 'false'
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, namespace: pod.namespace, labels: labelsOf(pod), annotations },
    spec: { terminationGracePeriodSeconds: 600, ...podSpec(pod, true) },
  }
}

function labelsOf(pod: PodFacts): Record<string, string> {
  return Object.fromEntries([...pod.services].map((service) => [service, 'yes']))
}

function podSpec(pod: PodFacts, named: boolean): Json {
  const ports = [...pod.ports.values()].map(({ name, port, protocol }) => ({
    name,
    containerPort: port,
    protocol,
  }))
  const identity = named && pod.hostname ? { hostname: pod.hostname, subdomain: pod.subdomain } : {}
  return { containers: [{ name: 'main', image: 'x', ports }], ...identity }
}
