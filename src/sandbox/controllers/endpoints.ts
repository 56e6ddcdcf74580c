import { familyOf } from '../rules/allocations.ts'
import { matchesSelectorMap } from '../selectors.ts'
import type { ApiObject, Json } from '../types.ts'
import { type ControllerContext, NODES, PODS } from './context.ts'
import { isReady } from './podstatus.ts'

export type AddressType = 'IPv4' | 'IPv6'

/** Endpoints of one Service that share a family and a list of ports: what may lie in one slice. */
export interface EndpointGroup {
  addressType: AddressType
  ports: Json[]
  endpoints: Json[]
}

/** What a Service's Pods give, one group per family and list of ports, the Service's families always among them. */
export function endpointGroups(
  context: ControllerContext,
  service: ApiObject,
  pods: ApiObject[],
): EndpointGroup[] {
  const families: AddressType[] = service.spec.ipFamilies ?? ['IPv4']
  const groups = new Map<string, EndpointGroup>()
  for (const pod of pods) {
    const node = context.registry.storage.get(NODES, '', pod.spec.nodeName ?? '')
    // A Pod of a node that is gone is soon gone itself.
    if (node === undefined && service.spec.publishNotReadyAddresses !== true) continue
    const ports = portsOf(service, pod)
    for (const addressType of families) {
      const address = addressOf(pod, addressType)
      if (address === undefined) continue
      const key = JSON.stringify([addressType, ports])
      const group: EndpointGroup = groups.get(key) ?? { addressType, ports, endpoints: [] }
      groups.set(key, group)
      group.endpoints.push(endpointOf(service, pod, address, node))
    }
  }
  for (const addressType of families) {
    const there = [...groups.values()].some((group) => group.addressType === addressType)
    if (!there) groups.set(addressType, { addressType, ports: [], endpoints: [] })
  }
  return [...groups.values()]
}

/** Pods that a Service selects and that have or had an address: not those that have ended. */
export function selectedPods(context: ControllerContext, service: ApiObject): ApiObject[] {
  const { namespace } = service.metadata
  return context.registry.storage.list(PODS).filter((pod) => {
    if (pod.metadata.namespace !== namespace) return false
    const ended = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
    return !ended && matchesSelectorMap(service.spec.selector, pod.metadata.labels)
  })
}

/** discovery/v1 Endpoint: which conditions hold follows KEP-1672. */
function endpointOf(
  service: ApiObject,
  pod: ApiObject,
  address: string,
  node: ApiObject | undefined,
): Json {
  const serving = isReady(pod)
  const terminating = pod.metadata.deletionTimestamp !== undefined
  const published = service.spec.publishNotReadyAddresses === true
  const endpoint: Json = {
    addresses: [address],
    conditions: { ready: published || (serving && !terminating), serving, terminating },
    targetRef: {
      kind: 'Pod',
      namespace: pod.metadata.namespace,
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
  }
  const { hostname, subdomain, nodeName } = pod.spec
  if (hostname && subdomain === service.metadata.name) endpoint.hostname = hostname
  if (nodeName) endpoint.nodeName = nodeName
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone']
  if (zone) endpoint.zone = zone
  return endpoint
}

function addressOf(pod: ApiObject, addressType: AddressType): string | undefined {
  const all: string[] = (pod.status?.podIPs ?? []).map((one: Json) => one.ip)
  if (all.length === 0 && pod.status?.podIP) all.push(pod.status.podIP)
  return all.find((ip) => familyOf(ip) === addressType)
}

/** The Service's ports as this Pod has them; a named target that the Pod lacks is left out. */
function portsOf(service: ApiObject, pod: ApiObject): Json[] {
  const ports: Json[] = []
  for (const port of service.spec.ports ?? []) {
    const number = targetOf(port, pod)
    if (number === undefined) continue
    const entry: Json = { name: port.name ?? '', port: number, protocol: port.protocol ?? 'TCP' }
    if (port.appProtocol !== undefined) entry.appProtocol = port.appProtocol
    ports.push(entry)
  }
  return ports
}

function targetOf(port: Json, pod: ApiObject): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target
  const sidecars = (pod.spec.initContainers ?? []).filter(
    (one: Json) => one.restartPolicy === 'Always',
  )
  for (const container of [...(pod.spec.containers ?? []), ...sidecars]) {
    const found = (container.ports ?? []).find(
      (one: Json) => one.name === target && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )
    if (found !== undefined) return found.containerPort
  }
  return undefined
}
