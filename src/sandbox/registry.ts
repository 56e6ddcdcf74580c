import { randomUUID } from 'node:crypto'
import { trackUpdate } from './apply.ts'
import type { Clock } from './clock.ts'
import { timestamp } from './clock.ts'
import { type DecodeOptions, decodeInput, type FieldValidation } from './decode.ts'
import { type Deletion, type DeletionHooks, remove } from './deletion.ts'
import { checkName, checkPreconditions, checkUid, merged, specChanged } from './merge.ts'
import { equal } from './patch.ts'
import { type PatchRequest, patched } from './patching.ts'
import type { Resource } from './resources.ts'
import { resource as knownResource } from './resources.ts'
import { Allocations } from './rules/allocations.ts'
import { rulesOf } from './rules/index.ts'
import { validateMeta } from './rules/meta.ts'
import * as errors from './status.ts'
import type { Storage } from './storage.ts'
import type { ApiObject, ObjectInput } from './types.ts'

export interface WriteOptions {
  dryRun?: boolean
  fieldValidation?: FieldValidation
  fieldManager?: string
  /** Server-side apply only: take fields from other managers. */
  force?: boolean
  /** Keep the status of a created object instead of dropping it. */
  keepStatus?: boolean
  /** Gets each warning for the client. */
  warn?: (text: string) => void
}

export interface RegistryOptions {
  storage: Storage
  clock: Clock
  random: () => number
  /** False: objects are stored as they are written, checked for little but their names being there. */
  admission: boolean
  serviceCidrs: string[]
}

export type Subresource = 'status' | 'scale' | 'finalize'

/** Who wrote what comes from within this process: controllers, mostly. */
const IN_PROCESS_MANAGER = 'kube-controller-manager'

/** The random part of a generated name has these letters: no vowels, nothing that looks like another. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
/** So often a generated name is made anew where it is taken: of 200 two are the same once in seven hundred times. */
const MAX_NAME_TRIES = 8

/** Creates, updates, patches and deletes objects by the API's rules. Refusals are thrown as ApiError. */
export class Registry {
  readonly storage: Storage
  readonly clock: Clock
  readonly admission: boolean
  readonly allocations: Allocations
  /** Set by controllers that finish deletions themselves (Pods that stop, garbage collection). */
  hooks: DeletionHooks = {}
  readonly #random: () => number

  constructor(options: RegistryOptions) {
    this.storage = options.storage
    this.clock = options.clock
    this.admission = options.admission
    this.#random = options.random
    this.allocations = new Allocations(options.serviceCidrs, options.storage)
  }

  /** @throws ApiError 404 */
  get(resource: Resource, namespace: string, name: string): ApiObject {
    const found = this.storage.get(resource, namespace, name)
    if (found === undefined) throw errors.notFound(resource, name)
    return found
  }

  create(
    resource: Resource,
    namespace: string,
    input: ObjectInput,
    options: WriteOptions = {},
  ): ApiObject {
    const object = this.#decode(resource, namespace, input, options)
    this.#checkNamespace(resource, object)
    if (object.metadata.resourceVersion) {
      // The API server's own code for it, without a reason.
      throw new errors.ApiError(
        500,
        '',
        'resourceVersion should not be set on objects to be created',
      )
    }
    this.#name(resource, object)
    this.#stamp(resource, object, options)
    this.#admit(resource, object, undefined, options)
    const { name } = object.metadata
    if (this.storage.get(resource, object.metadata.namespace ?? '', name) !== undefined) {
      throw errors.alreadyExists(resource, name)
    }
    return options.dryRun ? object : this.storage.put(resource, object)
  }

  update(
    resource: Resource,
    namespace: string,
    name: string,
    input: ObjectInput,
    options: WriteOptions = {},
    subresource?: Subresource,
  ): ApiObject {
    const object = this.#decode(resource, namespace, input, options)
    checkName(object, name)
    const old = this.storage.get(resource, namespace, name)
    if (old === undefined) {
      if (subresource === undefined && (resource.createOnUpdate || !this.admission)) {
        delete object.metadata.resourceVersion
        return this.create(resource, namespace, object, options)
      }
      throw errors.notFound(resource, name)
    }
    return this.#replace(resource, old, object, options, subresource)
  }

  patch(
    resource: Resource,
    namespace: string,
    name: string,
    request: PatchRequest,
    options: WriteOptions = {},
    subresource?: Subresource,
  ): { object: ApiObject; created: boolean } {
    const old = this.storage.get(resource, namespace, name)
    if (old === undefined) {
      if (request.type !== 'apply' || subresource !== undefined) {
        throw errors.notFound(resource, name)
      }
      const input = patched(resource, undefined, request, options, this.clock)
      return { object: this.create(resource, namespace, input, options), created: true }
    }
    const result = patched(resource, old, request, options, this.clock)
    const how = { ...options, patched: request.type !== 'apply' }
    const object = this.#decode(resource, namespace, result, how)
    checkName(object, name)
    checkUid(resource, old, object)
    const applied = request.type === 'apply'
    const stored = this.#replace(resource, old, object, options, subresource, applied)
    return { object: stored, created: false }
  }

  /** What is left of the object (its finalizers or its Pod's grace keep it), or undefined. */
  remove(resource: Resource, namespace: string, name: string, deletion: Deletion = {}) {
    return remove(this, resource, this.get(resource, namespace, name), deletion)
  }

  /** A name of this prefix that nobody guesses: five letters, as `generateName` gives. */
  #generatedName(prefix: string): string {
    let suffix = ''
    for (let count = 0; count < 5; count++) {
      suffix += SUFFIX_LETTERS[Math.floor(this.#random() * SUFFIX_LETTERS.length)]
    }
    return prefix.slice(0, 58) + suffix
  }

  #decode(
    resource: Resource,
    namespace: string,
    input: ObjectInput,
    options: DecodeOptions,
  ): ApiObject {
    const object = decodeInput(resource, input, options)
    if (!resource.namespaced) {
      if (!this.admission) delete object.metadata.namespace
      return object
    }
    object.metadata.namespace ??= namespace
    if (namespace !== '' && object.metadata.namespace !== namespace) {
      throw errors.badRequest(
        'the namespace of the provided object does not match the namespace sent on the request',
      )
    }
    return object
  }

  #checkNamespace(resource: Resource, object: ApiObject): void {
    if (!resource.namespaced || !this.admission) return
    const name = object.metadata.namespace ?? ''
    const namespaces = knownResource('v1', 'Namespace')
    const found = this.get(namespaces, '', name)
    if (found.metadata.deletionTimestamp !== undefined) {
      const why = `unable to create new content in namespace ${name} because it is being terminated`
      throw errors.forbidden(resource, object.metadata.name ?? '', why)
    }
  }

  #name(resource: Resource, object: ApiObject): void {
    const { name, generateName } = object.metadata
    if (name) return
    if (generateName) {
      const { namespace = '' } = object.metadata
      for (let tries = 0; tries < MAX_NAME_TRIES; tries++) {
        object.metadata.name = this.#generatedName(generateName)
        if (this.storage.get(resource, namespace, object.metadata.name) === undefined) return
      }
      return
    }
    const missing = errors.field.required('metadata.name', 'name or generateName is required')
    throw errors.invalid(resource.group, resource.kind, '', [missing])
  }

  #stamp(resource: Resource, object: ApiObject, options: WriteOptions): void {
    const { metadata } = object
    metadata.uid = randomUUID()
    metadata.creationTimestamp = timestamp(this.clock)
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
    if (!this.admission) return
    if (resource.generation) metadata.generation = 1
    if (resource.subresources.includes('status') && options.keepStatus !== true) {
      delete object.status
    }
  }

  #admit(
    resource: Resource,
    object: ApiObject,
    old: ApiObject | undefined,
    options: WriteOptions,
  ): void {
    if (!this.admission) return
    const rules = rulesOf(resource)
    rules.defaults?.(object)
    rules.prepare?.(object, old)
    const wrong = validateMeta(object, resource.namespaced, rules.validateName)
    wrong.push(...(rules.validate?.(object, old) ?? []))
    if (wrong.length === 0 && resource.kind === 'Service') {
      wrong.push(...this.allocations.allocate(object, old))
    }
    if (wrong.length > 0) {
      throw errors.invalid(resource.group, resource.kind, object.metadata.name, wrong)
    }
    const { warn } = options
    if (warn === undefined) return
    for (const text of rules.warnings?.(object, this.storage) ?? []) warn(text)
  }

  #replace(
    resource: Resource,
    old: ApiObject,
    object: ApiObject,
    options: WriteOptions,
    subresource: Subresource | undefined,
    applied = false,
  ): ApiObject {
    checkPreconditions(resource, old, object)
    const next = merged(resource, old, object, subresource, this.admission)
    this.#admit(resource, next, old, options)
    if (this.admission && resource.generation && subresource !== 'status') {
      next.metadata.generation = (old.metadata.generation ?? 1) + (specChanged(old, next) ? 1 : 0)
    }
    if (!applied && subresource === undefined && old.metadata.managedFields?.length) {
      const manager = options.fieldManager ?? IN_PROCESS_MANAGER
      next.metadata.managedFields = trackUpdate(resource, old, next, manager, this.clock)
    }
    // A write that changes nothing is no event, as in the API server.
    if (equal(old, next)) return old
    if (options.dryRun) return next
    const stored = this.storage.put(resource, next)
    const freed =
      stored.metadata.deletionTimestamp !== undefined && !stored.metadata.finalizers?.length
    if (freed && (stored.metadata.deletionGracePeriodSeconds ?? 0) === 0) {
      remove(this, resource, stored, { gracePeriodSeconds: 0 })
    }
    return stored
  }
}
