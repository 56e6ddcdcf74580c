import { equal } from '../patch.ts'
import type { ApiObject, Json } from '../types.ts'
import { type ControllerContext, ENDPOINTS } from './context.ts'
import type { EndpointGroup } from './endpoints.ts'
import { HEADLESS, TRIGGER } from './slices.ts'

/** The Endpoints object of a Service holds no more than this; a larger one is cut and says so. */
export const MAX_ENDPOINTS_IN_OBJECT = 1_000

const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'

/** Writes the older Endpoints object, of the Service's first family: what `kubectl describe service` used to read. */
export function writeEndpoints(
  context: ControllerContext,
  service: ApiObject,
  groups: EndpointGroup[],
  trigger: string | undefined,
): void {
  const { registry } = context
  const { namespace = '', name } = service.metadata
  const { subsets, cut } = subsetsOf(service, groups)
  const old = registry.storage.get(ENDPOINTS, namespace, name)
  const labels = labelsOf(service)
  const { [OVER_CAPACITY]: said, ...annotations } = old?.metadata.annotations ?? {}
  const same =
    old !== undefined &&
    equal(subsets, old.subsets ?? []) &&
    equal(labels, old.metadata.labels ?? {}) &&
    cut === (said !== undefined)
  if (same) return
  if (trigger === undefined) delete annotations[TRIGGER]
  else annotations[TRIGGER] = trigger
  if (cut) annotations[OVER_CAPACITY] = 'truncated'
  const next = {
    ...(old ?? { apiVersion: 'v1', kind: 'Endpoints' }),
    metadata: { ...(old?.metadata ?? { name, namespace }), labels, annotations },
    subsets,
  }
  if (old === undefined) registry.create(ENDPOINTS, namespace, next)
  else registry.update(ENDPOINTS, namespace, name, next)
}

function labelsOf(service: ApiObject): Record<string, string> {
  const labels: Record<string, string> = {
    ...service.metadata.labels,
    'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
  }
  if (service.spec.clusterIP === 'None') labels[HEADLESS] = ''
  else delete labels[HEADLESS]
  return labels
}

function subsetsOf(service: ApiObject, groups: EndpointGroup[]): { subsets: Json[]; cut: boolean } {
  const family = service.spec.ipFamilies?.[0] ?? 'IPv4'
  const published = service.spec.publishNotReadyAddresses === true
  let room = MAX_ENDPOINTS_IN_OBJECT
  let cut = false
  const subsets: Json[] = []
  for (const { addressType, endpoints, ports } of groups) {
    if (addressType !== family) continue
    // Pods that stop have no place here, unless all are published.
    const there = endpoints.filter((one) => published || !one.conditions.terminating)
    const shown = there.slice(0, room)
    cut ||= shown.length < there.length
    room -= shown.length
    if (shown.length > 0) subsets.push(subsetOf(shown, ports))
  }
  return { subsets, cut }
}

function subsetOf(endpoints: Json[], ports: Json[]): Json {
  const subset: Json = ports.length === 0 ? {} : { ports: ports.map(portOf) }
  const [ready, notReady] = [true, false].map((wanted) =>
    endpoints.filter((one) => one.conditions.ready === wanted).map(addressOf),
  )
  if (ready?.length) subset.addresses = ready
  if (notReady?.length) subset.notReadyAddresses = notReady
  return subset
}

/** Here a port without a name has none, where a slice's has an empty one. */
function portOf({ name, ...rest }: Json): Json {
  return name === '' ? rest : { name, ...rest }
}

function addressOf({ addresses, hostname, nodeName, targetRef }: Json): Json {
  return {
    ip: addresses[0],
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef,
  }
}
