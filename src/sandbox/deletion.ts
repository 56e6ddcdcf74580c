import { timestamp } from './clock.ts'
import type { Registry } from './registry.ts'
import { resource as knownResource, RESOURCES, type Resource } from './resources.ts'
import * as errors from './status.ts'
import type { ApiObject } from './types.ts'

/** metav1.DeleteOptions, as far as they matter here. */
export interface Deletion {
  dryRun?: boolean
  gracePeriodSeconds?: number
  propagationPolicy?: 'Orphan' | 'Background' | 'Foreground'
  preconditions?: { uid?: string; resourceVersion?: string }
}

/** Set by controllers: without them a deletion is done at once. */
export interface DeletionHooks {
  /** Seconds that a Pod takes to stop; 0 removes it at once. */
  podGraceSeconds?: (pod: ApiObject, asked: number | undefined) => number
  /** A garbage collector is there to act on the finalizers of foreground deletion and orphaning. */
  collectsGarbage?: boolean
}

const KEPT_NAMESPACES = ['default', 'kube-system', 'kube-public']

/** Deletes an object or marks it as being deleted. Returns what is left of it, or undefined. */
export function remove(
  registry: Registry,
  resource: Resource,
  object: ApiObject,
  deletion: Deletion,
): ApiObject | undefined {
  checkPreconditions(resource, object, deletion)
  if (resource.kind === 'Namespace' && registry.admission) {
    return removeNamespace(registry, resource, object, deletion)
  }
  const marked = mark(registry, resource, object, deletion)
  const stays =
    (marked.metadata.finalizers?.length ?? 0) > 0 ||
    (marked.metadata.deletionGracePeriodSeconds ?? 0) > 0
  if (deletion.dryRun) return stays ? marked : undefined
  if (stays) {
    return marked === object ? object : registry.storage.put(resource, marked)
  }
  registry.storage.remove(resource, object.metadata.namespace ?? '', object.metadata.name)
  finishNamespace(registry, object.metadata.namespace)
  return undefined
}

function checkPreconditions(resource: Resource, object: ApiObject, deletion: Deletion): void {
  const { uid, resourceVersion } = deletion.preconditions ?? {}
  const { metadata } = object
  // Here, and only here, the API server names the kind instead of the resource.
  const subject = { ...resource, group: '', plural: resource.kind }
  if (uid !== undefined && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`
    throw errors.conflict(subject, metadata.name, why)
  }
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`
    throw errors.conflict(subject, metadata.name, why)
  }
}

/** The object with its deletionTimestamp, or itself where it had one and the grace does not get shorter. */
function mark(
  registry: Registry,
  resource: Resource,
  object: ApiObject,
  deletion: Deletion,
): ApiObject {
  const { metadata } = object
  const graceOf = resource.kind === 'Pod' ? registry.hooks.podGraceSeconds : undefined
  const grace = graceOf?.(object, deletion.gracePeriodSeconds) ?? 0
  const finalizers = [...(metadata.finalizers ?? [])]
  if (registry.hooks.collectsGarbage === true) {
    const wanted = POLICY_FINALIZER[deletion.propagationPolicy ?? 'Background']
    if (wanted !== undefined && !finalizers.includes(wanted)) finalizers.push(wanted)
  }
  const begun = metadata.deletionTimestamp !== undefined
  if (begun && grace >= (metadata.deletionGracePeriodSeconds ?? 0)) return object
  const next = { ...metadata, deletionGracePeriodSeconds: grace }
  next.deletionTimestamp = timestamp({
    ...registry.clock,
    now: () => registry.clock.now() + grace * 1000,
  })
  if (finalizers.length > 0) next.finalizers = finalizers
  if (resource.generation && !begun) next.generation = (metadata.generation ?? 1) + 1
  return { ...object, metadata: next }
}

const POLICY_FINALIZER: Record<string, string | undefined> = {
  Foreground: 'foregroundDeletion',
  Orphan: 'orphan',
}

/** A namespace is Terminating until everything in it is gone. */
function removeNamespace(
  registry: Registry,
  resource: Resource,
  object: ApiObject,
  deletion: Deletion,
): ApiObject | undefined {
  const { name } = object.metadata
  if (KEPT_NAMESPACES.includes(name)) {
    throw errors.forbidden(resource, name, 'this namespace may not be deleted')
  }
  if (deletion.dryRun) return undefined
  if (object.metadata.deletionTimestamp === undefined) {
    const metadata = { ...object.metadata, deletionTimestamp: timestamp(registry.clock) }
    const status = { ...object.status, phase: 'Terminating' }
    registry.storage.put(resource, { ...object, metadata, status })
  }
  for (const content of RESOURCES.filter((one) => one.namespaced)) {
    for (const item of registry.storage.list(content)) {
      if (item.metadata.namespace === name) remove(registry, content, item, {})
    }
  }
  finishNamespace(registry, name)
  return registry.storage.get(resource, '', name)
}

/** Removes a Terminating namespace once nothing is left in it. */
function finishNamespace(registry: Registry, name: string | undefined): void {
  if (name === undefined || !registry.admission) return
  const namespaces = knownResource('v1', 'Namespace')
  const found = registry.storage.get(namespaces, '', name)
  if (found?.metadata.deletionTimestamp === undefined) return
  if (found.metadata.finalizers?.length) return
  const inhabited = RESOURCES.some(
    (one) =>
      one.namespaced && registry.storage.list(one).some((item) => item.metadata.namespace === name),
  )
  if (!inhabited) registry.storage.remove(namespaces, '', name)
}
