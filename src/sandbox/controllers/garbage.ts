import { RESOURCES, type Resource } from '../resources.ts'
import type { Change } from '../storage.ts'
import type { ApiObject, OwnerReference } from '../types.ts'
import type { Controller, ControllerContext } from './context.ts'
import { ENDPOINTS, SERVICES } from './context.ts'
import { WorkQueue } from './queue.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'

/** Deletes what belonged to objects that are gone, and serves foreground deletion and orphaning. */
export class GarbageCollector implements Controller {
  readonly #context: ControllerContext
  readonly #queue: WorkQueue
  /** Owners (by uid) that have dependents, so that other deletions cost nothing. */
  readonly #owners = new Map<string, Set<string>>()

  constructor(context: ControllerContext) {
    this.#context = context
    this.#queue = new WorkQueue(context.clock, (uid) => this.#sync(uid), context.onError)
    for (const resource of RESOURCES) {
      for (const object of context.registry.storage.list(resource)) this.#note(resource, object)
    }
  }

  changed(change: Change): void {
    const { resource, object } = change
    const uid = object.metadata.uid ?? ''
    if (change.type === 'DELETED') {
      if (this.#owners.has(uid)) this.#queue.add(uid)
      for (const owner of object.metadata.ownerReferences ?? []) {
        this.#owners.get(owner.uid)?.delete(placeOf(resource, object))
        this.#queue.add(owner.uid)
      }
      if (resource === SERVICES) this.#dropEndpoints(object)
      return
    }
    this.#note(resource, object)
    const waits = object.metadata.finalizers?.some((one) => one === FOREGROUND || one === ORPHAN)
    if (object.metadata.deletionTimestamp !== undefined && waits) this.#queue.add(uid)
  }

  stop(): void {
    this.#queue.stop()
  }

  #note(resource: Resource, object: ApiObject): void {
    for (const owner of object.metadata.ownerReferences ?? []) {
      const places = this.#owners.get(owner.uid) ?? new Set()
      this.#owners.set(owner.uid, places.add(placeOf(resource, object)))
      if (this.#find(object.metadata.namespace, owner) === undefined) this.#queue.add(owner.uid)
    }
  }

  #sync(uid: string): void {
    const dependents = this.#dependents(uid)
    const owner = this.#ownerOf(uid, dependents)
    if (owner === undefined) {
      for (const one of dependents) this.#collect(one, uid)
      this.#owners.delete(uid)
      return
    }
    const { finalizers = [], deletionTimestamp } = owner.object.metadata
    if (deletionTimestamp === undefined) return
    if (finalizers.includes(ORPHAN)) {
      for (const one of dependents) this.#disown(one, uid)
      this.#release(owner, ORPHAN)
    } else if (finalizers.includes(FOREGROUND)) {
      for (const one of dependents) this.#delete(one, 'Foreground')
      if (this.#dependents(uid).length === 0) this.#release(owner, FOREGROUND)
    }
  }

  /** A dependent goes when none of its owners is left; else only the reference goes. */
  #collect(dependent: Place, uid: string): void {
    const { namespace, ownerReferences = [] } = dependent.object.metadata
    const left = ownerReferences.filter((one) => this.#find(namespace, one) !== undefined)
    if (left.length > 0) this.#disown(dependent, uid)
    else this.#delete(dependent, 'Background')
  }

  #delete({ resource, object }: Place, propagationPolicy: 'Foreground' | 'Background'): void {
    if (object.metadata.deletionTimestamp !== undefined) return
    const { namespace = '', name } = object.metadata
    // What has no dependents of its own need not wait for any.
    const policy = this.#owners.has(object.metadata.uid ?? '') ? propagationPolicy : 'Background'
    this.#context.registry.remove(resource, namespace, name, { propagationPolicy: policy })
  }

  #disown({ resource, object }: Place, uid: string): void {
    const { namespace = '', name } = object.metadata
    const ownerReferences = (object.metadata.ownerReferences ?? []).filter((one) => one.uid !== uid)
    const next = { ...object, metadata: { ...object.metadata, ownerReferences } }
    this.#context.registry.update(resource, namespace, name, next)
  }

  #release({ resource, object }: Place, finalizer: string): void {
    const { namespace = '', name } = object.metadata
    const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer)
    const next = { ...object, metadata: { ...object.metadata, finalizers } }
    this.#context.registry.update(resource, namespace, name, next)
  }

  #dependents(uid: string): Place[] {
    const found: Place[] = []
    for (const place of this.#owners.get(uid) ?? []) {
      const [plural, namespace = '', name = ''] = place.split('/')
      const resource = RESOURCES.find((one) => one.plural === plural)
      const object = resource && this.#context.registry.storage.get(resource, namespace, name)
      if (resource === undefined || object === undefined) continue
      if (object.metadata.ownerReferences?.some((one) => one.uid === uid)) {
        found.push({ resource, object })
      }
    }
    return found
  }

  #ownerOf(uid: string, dependents: Place[]): Place | undefined {
    const [first] = dependents
    const reference = first?.object.metadata.ownerReferences?.find((one) => one.uid === uid)
    if (reference !== undefined) return this.#find(first?.object.metadata.namespace, reference)
    // Without dependents the owner can only be one that waits for them.
    for (const resource of RESOURCES) {
      for (const object of this.#context.registry.storage.list(resource)) {
        if (object.metadata.uid === uid) return { resource, object }
      }
    }
    return undefined
  }

  #find(namespace: string | undefined, owner: OwnerReference): Place | undefined {
    const resource = RESOURCES.find(
      (one) => one.apiVersion === owner.apiVersion && one.kind === owner.kind,
    )
    if (resource === undefined) return undefined
    const scope = resource.namespaced ? (namespace ?? '') : ''
    const object = this.#context.registry.storage.get(resource, scope, owner.name)
    return object?.metadata.uid === owner.uid ? { resource, object } : undefined
  }

  /** Endpoints have no owner: they go with the Service of their name (the endpoints controller's rule). */
  #dropEndpoints(service: ApiObject): void {
    const { namespace = '', name } = service.metadata
    const { registry } = this.#context
    if (registry.storage.get(ENDPOINTS, namespace, name) !== undefined) {
      registry.remove(ENDPOINTS, namespace, name)
    }
  }
}

interface Place {
  resource: Resource
  object: ApiObject
}

function placeOf(resource: Resource, object: ApiObject): string {
  return `${resource.plural}/${object.metadata.namespace ?? ''}/${object.metadata.name}`
}
