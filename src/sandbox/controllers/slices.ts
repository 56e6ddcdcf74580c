import { microTimestamp } from '../clock.ts'
import { equal } from '../patch.ts'
import type { ApiObject, Json } from '../types.ts'
import { type ControllerContext, ENDPOINT_SLICES, ownerReference } from './context.ts'
import type { EndpointGroup } from './endpoints.ts'

/** How many endpoints the controller puts in one slice (kube-controller-manager's --max-endpoints-per-slice). */
export const MAX_ENDPOINTS_PER_SLICE = 100

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Whose slices these are. */
export interface SliceOwner {
  object: ApiObject
  serviceName: string
  managedBy: string
  labels: Record<string, string>
}

/**
 * Makes the slices of an owner hold just these groups, with as few changes as can be: an endpoint stays in its slice and
 * place, new ones fill what room there is, then new slices; a slice left empty goes, unless it is the family's last.
 */
export function reconcileSlices(
  context: ControllerContext,
  owner: SliceOwner,
  groups: EndpointGroup[],
): void {
  const mine = ownSlices(context, owner)
  const used = new Set<ApiObject>()
  for (const group of groups) {
    const fitting = mine.filter((slice) => !used.has(slice) && fits(slice, group))
    for (const slice of fitting) used.add(slice)
    reconcileGroup(context, owner, group, fitting)
  }
  for (const slice of mine.filter((one) => !used.has(one))) remove(context, slice)
}

export function ownSlices(context: ControllerContext, owner: SliceOwner): ApiObject[] {
  const { namespace } = owner.object.metadata
  return context.registry.storage.list(ENDPOINT_SLICES).filter((slice) => {
    const labels = slice.metadata.labels ?? {}
    return (
      slice.metadata.namespace === namespace &&
      labels[SERVICE_NAME] === owner.serviceName &&
      labels[MANAGED_BY] === owner.managedBy &&
      slice.metadata.deletionTimestamp === undefined
    )
  })
}

function reconcileGroup(
  context: ControllerContext,
  owner: SliceOwner,
  group: EndpointGroup,
  slices: ApiObject[],
): void {
  const wanted = new Map(group.endpoints.map((one) => [identity(one), one]))
  const contents = slices.map((slice) => keep(slice, wanted))
  const added = [...wanted.values()]
  for (const content of contents) {
    content.push(...added.splice(0, Math.max(0, MAX_ENDPOINTS_PER_SLICE - content.length)))
  }
  const filled = contents.filter((content) => content.length > 0).length
  slices.forEach((slice, index) => {
    const content = contents[index] ?? []
    const last = filled === 0 && added.length === 0 && index === 0
    if (content.length > 0 || last) write(context, owner, group, slice, content)
    else remove(context, slice)
  })
  if (slices.length === 0 && added.length === 0) create(context, owner, group, [])
  while (added.length > 0) {
    create(context, owner, group, added.splice(0, MAX_ENDPOINTS_PER_SLICE))
  }
}

/** The endpoints that stay in a slice, as they are now, in its order; what is found is taken out of `wanted`. */
function keep(slice: ApiObject, wanted: Map<string, Json>): Json[] {
  const kept: Json[] = []
  for (const endpoint of slice.endpoints ?? []) {
    const key = identity(endpoint)
    const now = wanted.get(key)
    if (now === undefined) continue
    wanted.delete(key)
    kept.push(now)
  }
  return kept
}

/** An endpoint is the same as long as its address and target are. */
function identity(endpoint: Json): string {
  return JSON.stringify([endpoint.addresses, endpoint.targetRef?.uid ?? endpoint.targetRef?.name])
}

/** A slice without endpoints takes any ports: its own may be those of Pods that are gone. */
function fits(slice: ApiObject, group: EndpointGroup): boolean {
  if (slice.addressType !== group.addressType) return false
  return (slice.endpoints ?? []).length === 0 || equal(slice.ports ?? [], group.ports)
}

function create(
  context: ControllerContext,
  owner: SliceOwner,
  group: EndpointGroup,
  endpoints: Json[],
): void {
  const { namespace = '' } = owner.object.metadata
  context.registry.create(ENDPOINT_SLICES, namespace, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${owner.serviceName}-`,
      namespace,
      labels: labelsOf(owner),
      annotations: { [TRIGGER]: microTimestamp(context.clock) },
      ownerReferences: [ownerReference(owner.object)],
    },
    addressType: group.addressType,
    endpoints,
    ports: group.ports,
  })
}

function write(
  context: ControllerContext,
  owner: SliceOwner,
  group: EndpointGroup,
  slice: ApiObject,
  endpoints: Json[],
): void {
  const labels = labelsOf(owner)
  const same = equal(slice.endpoints, endpoints) && equal(slice.ports ?? [], group.ports)
  if (same && equal(slice.metadata.labels, labels)) return
  const { namespace = '', name } = slice.metadata
  const annotations = { ...slice.metadata.annotations, [TRIGGER]: microTimestamp(context.clock) }
  const metadata = { ...slice.metadata, labels, annotations }
  const next = { ...slice, metadata, endpoints, ports: group.ports }
  context.registry.update(ENDPOINT_SLICES, namespace, name, next)
}

function remove(context: ControllerContext, slice: ApiObject): void {
  const { namespace = '', name } = slice.metadata
  if (context.registry.storage.get(ENDPOINT_SLICES, namespace, name) === undefined) return
  context.registry.remove(ENDPOINT_SLICES, namespace, name)
}

function labelsOf(owner: SliceOwner): Record<string, string> {
  return { ...owner.labels, [SERVICE_NAME]: owner.serviceName, [MANAGED_BY]: owner.managedBy }
}
