import { equal } from './patch.ts'
import type { Subresource } from './registry.ts'
import type { Resource } from './resources.ts'
import * as errors from './status.ts'
import type { ApiObject, Json } from './types.ts'

/** @throws ApiError 400 where an object names itself otherwise than the path it was sent to. */
export function checkName(object: ApiObject, name: string): void {
  if (object.metadata.name === name) return
  throw errors.badRequest(
    `the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`,
  )
}

/** @throws ApiError 409 where uid or resourceVersion say that another object was meant. */
export function checkPreconditions(resource: Resource, old: ApiObject, object: ApiObject): void {
  const { uid, resourceVersion, name } = object.metadata
  if (uid && uid !== old.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`
    throw errors.conflict(resource, name, why)
  }
  if (resourceVersion && resourceVersion !== old.metadata.resourceVersion) {
    throw errors.conflict(resource, name)
  }
}

/** @throws ApiError 422 where a patch writes another uid: it is no precondition there. */
export function checkUid(resource: Resource, old: ApiObject, object: ApiObject): void {
  const { uid, name } = object.metadata
  if (!uid || uid === old.metadata.uid) return
  const wrong = errors.field.invalid('metadata.uid', uid, 'field is immutable')
  throw errors.invalid(resource.group, resource.kind, name, [wrong])
}

/** The new object with what a client cannot write taken from the old one. */
export function merged(
  resource: Resource,
  old: ApiObject,
  object: ApiObject,
  subresource: Subresource | undefined,
  admission: boolean,
): ApiObject {
  const metadata = { ...object.metadata }
  for (const member of SERVER_FIELDS) carry(old.metadata, metadata, member)
  if (subresource === 'status') {
    const kept = { ...old.metadata }
    if (object.metadata.managedFields) kept.managedFields = object.metadata.managedFields
    return withMember({ ...old, metadata: kept }, 'status', object.status)
  }
  if (subresource === 'finalize') {
    return { ...old, spec: { ...old.spec, finalizers: object.spec?.finalizers ?? [] } }
  }
  const next = { ...object, metadata }
  const separate = admission && resource.subresources.includes('status')
  return separate ? withMember(next, 'status', old.status) : next
}

const SERVER_FIELDS = [
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
] as const

function carry(from: Json, to: Json, member: string): void {
  if (from[member] === undefined) delete to[member]
  else to[member] = from[member]
}

function withMember(object: ApiObject, member: string, value: Json): ApiObject {
  const next = { ...object }
  if (value === undefined) delete next[member]
  else next[member] = value
  return next
}

/** Whether anything but metadata and status differs: what metadata.generation counts. */
export function specChanged(old: ApiObject, next: ApiObject): boolean {
  const rest = ({ metadata, status, ...fields }: ApiObject) => fields
  return !equal(rest(old), rest(next))
}
