import { familyOf } from '../rules/allocations.ts'
import type { Change } from '../storage.ts'
import type { ApiObject, Json } from '../types.ts'
import {
  type Controller,
  type ControllerContext,
  ENDPOINTS,
  keyOf,
  SERVICES,
  splitKey,
} from './context.ts'
import type { AddressType, EndpointGroup } from './endpoints.ts'
import { WorkQueue } from './queue.ts'
import { ownSlices, reconcileSlices, type SliceOwner, TRIGGER } from './slices.ts'

const MIRROR_CONTROLLER = 'endpointslicemirroring-controller.k8s.io'
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
const SKIP = 'endpointslice.kubernetes.io/skip-mirror'

/** Mirrors Endpoints that people write for Services without a selector into EndpointSlices. */
export class MirrorController implements Controller {
  readonly #context: ControllerContext
  readonly #queue: WorkQueue

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = new WorkQueue(context.clock, (key) => this.#sync(key), context.onError)
    for (const one of context.registry.storage.list(ENDPOINTS)) this.#queue.add(keyOf(one))
  }

  changed(change: Change): void {
    if (change.resource === ENDPOINTS || change.resource === SERVICES) this.#queue.add(change.key)
  }

  stop(): void {
    this.#queue.stop()
  }

  #sync(key: string): void {
    const [namespace, name] = splitKey(key)
    const { storage } = this.#context.registry
    const endpoints = storage.get(ENDPOINTS, namespace, name)
    const service = storage.get(SERVICES, namespace, name)
    if (endpoints === undefined) return
    const owner: SliceOwner = {
      object: endpoints,
      serviceName: name,
      managedBy: MIRROR_CONTROLLER,
      labels: endpoints.metadata.labels ?? {},
      annotations: copied(endpoints),
      trigger: endpoints.metadata.annotations?.[TRIGGER],
    }
    const selects = Object.keys(service?.spec.selector ?? {}).length > 0
    const skipped = endpoints.metadata.labels?.[SKIP] === 'true'
    if (service !== undefined && !selects && !skipped) {
      reconcileSlices(this.#context, owner, groupsOf(endpoints))
    } else if (ownSlices(this.#context, owner).length > 0) {
      reconcileSlices(this.#context, owner, [])
    }
  }
}

function copied(endpoints: ApiObject): Record<string, string> {
  const {
    [TRIGGER]: _time,
    [LAST_APPLIED]: _text,
    ...annotations
  } = endpoints.metadata.annotations ?? {}
  return annotations
}

function groupsOf(endpoints: ApiObject): EndpointGroup[] {
  const groups = new Map<string, EndpointGroup>()
  for (const subset of endpoints.subsets ?? []) {
    const ports = (subset.ports ?? []).map((port: Json) => ({
      name: port.name ?? '',
      port: port.port,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    }))
    const put = (address: Json, ready: boolean) => {
      const addressType: AddressType = familyOf(address.ip)
      const key = JSON.stringify([addressType, ports])
      const group: EndpointGroup = groups.get(key) ?? { addressType, ports, endpoints: [] }
      groups.set(key, group)
      group.endpoints.push(mirrored(address, ready))
    }
    for (const address of subset.addresses ?? []) put(address, true)
    for (const address of subset.notReadyAddresses ?? []) put(address, false)
  }
  return [...groups.values()]
}

function mirrored(address: Json, ready: boolean): Json {
  const endpoint: Json = { addresses: [address.ip], conditions: { ready } }
  for (const member of ['hostname', 'nodeName', 'targetRef']) {
    if (address[member]) endpoint[member] = address[member]
  }
  return endpoint
}
