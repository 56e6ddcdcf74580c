import { equal } from '../patch.ts'
import type { ApiObject, Json } from '../types.ts'
import { type ControllerContext, ENDPOINT_SLICES, ownerReference } from './context.ts'
import type { EndpointGroup } from './endpoints.ts'
import { type Content, planOf } from './sliceplan.ts'

export const SERVICE_NAME = 'kubernetes.io/service-name'
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
export const HEADLESS = 'service.kubernetes.io/headless'
export const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time'

/** Whose slices these are. */
export interface SliceOwner {
  object: ApiObject
  serviceName: string
  managedBy: string
  labels: Record<string, string>
  annotations?: Record<string, string>
  /** When what changed now did change (RFC 3339); slices that are written without it lose theirs. */
  trigger?: string | undefined
}

/**
 * Makes the slices of an owner hold just these groups. Slices are created first, then changed, then removed, so no endpoint
 * is in none of them on the way; a family of which no group is left has its slices removed.
 */
export function reconcileSlices(
  context: ControllerContext,
  owner: SliceOwner,
  groups: EndpointGroup[],
): void {
  const mine = ownSlices(context, owner)
  const types = new Set(groups.map((group) => group.addressType))
  for (const slice of mine) if (!types.has(slice.addressType)) remove(context, slice)
  for (const type of types) {
    const slices = mine.filter((slice) => slice.addressType === type)
    const wanted = groups.filter((group) => group.addressType === type)
    const plan = planOf(slices, wanted, (slice) => labelled(owner, slice), isOwned(owner))
    for (const content of plan.create) create(context, owner, type, content)
    for (const { slice, content } of plan.update) write(context, owner, slice, content)
    for (const slice of plan.remove) remove(context, slice)
  }
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

/** Slices of an earlier object of the same name are not taken over: they go with it. */
function isOwned(owner: SliceOwner): (slice: ApiObject) => boolean {
  const { uid } = owner.object.metadata
  return (slice) => slice.metadata.ownerReferences?.some((one) => one.uid === uid) ?? false
}

function labelled(owner: SliceOwner, slice: ApiObject): boolean {
  return equal(slice.metadata.labels, labelsOf(owner))
}

function create(
  context: ControllerContext,
  owner: SliceOwner,
  addressType: string,
  { ports, endpoints }: Content,
): void {
  const { namespace = '' } = owner.object.metadata
  context.registry.create(ENDPOINT_SLICES, namespace, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${owner.serviceName}-`,
      namespace,
      ...annotated({ ...owner.annotations }, owner.trigger),
      labels: labelsOf(owner),
      ownerReferences: [ownerReference(owner.object)],
    },
    addressType,
    endpoints,
    ports,
  })
}

function write(
  context: ControllerContext,
  owner: SliceOwner,
  slice: ApiObject,
  { ports, endpoints }: Content,
): void {
  const { namespace = '', name } = slice.metadata
  const { annotations, ...metadata } = slice.metadata
  const next = {
    ...slice,
    metadata: {
      ...metadata,
      ...annotated({ ...annotations, ...owner.annotations }, owner.trigger),
      labels: labelsOf(owner),
    },
    endpoints,
    ports,
  }
  context.registry.update(ENDPOINT_SLICES, namespace, name, next)
}

function annotated(annotations: Record<string, string>, trigger: string | undefined): Json {
  if (trigger === undefined) delete annotations[TRIGGER]
  else annotations[TRIGGER] = trigger
  return Object.keys(annotations).length === 0 ? {} : { annotations }
}

function remove(context: ControllerContext, slice: ApiObject): void {
  const { namespace = '', name } = slice.metadata
  if (context.registry.storage.get(ENDPOINT_SLICES, namespace, name) === undefined) return
  context.registry.remove(ENDPOINT_SLICES, namespace, name)
}

function labelsOf(owner: SliceOwner): Record<string, string> {
  return { ...owner.labels, [SERVICE_NAME]: owner.serviceName, [MANAGED_BY]: owner.managedBy }
}
