import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '../names.ts'
import { type FieldError, field, invalidEach } from '../status.ts'
import type { ApiObject } from '../types.ts'

/** Keys and values of all annotations of an object together, in octets. */
export const MAX_ANNOTATIONS_SIZE = 256 * 1024

/** ObjectMeta: apimachinery's api/validation ValidateObjectMeta. */
export function validateMeta(
  object: ApiObject,
  namespaced: boolean,
  nameErrors: (name: string) => string[] = dns1123Subdomain,
): FieldError[] {
  const { name, namespace } = object.metadata
  const errors = nameErrors(name).map((text) => field.invalid('metadata.name', name, text))
  if (namespaced) {
    const texts = dns1123Label(namespace ?? '')
    errors.push(...texts.map((text) => field.invalid('metadata.namespace', namespace, text)))
  } else if (namespace !== undefined) {
    errors.push(field.forbidden('metadata.namespace', 'not allowed on this type'))
  }
  errors.push(...validateLabels(object.metadata.labels, 'metadata.labels'))
  errors.push(...validateAnnotations(object.metadata.annotations))
  errors.push(...validateOwners(object))
  for (const finalizer of object.metadata.finalizers ?? []) {
    errors.push(...invalidEach('metadata.finalizers', finalizer, qualifiedName(finalizer)))
  }
  return errors
}

export function validateLabels(
  labels: Record<string, string> | undefined,
  path: string,
): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...qualifiedName(key).map((text) => field.invalid(path, key, text)))
    errors.push(...labelValue(value).map((text) => field.invalid(path, value, text)))
  }
  return errors
}

function validateAnnotations(annotations: Record<string, string> | undefined): FieldError[] {
  const path = 'metadata.annotations'
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    const texts = qualifiedName(key.toLowerCase())
    errors.push(...texts.map((text) => field.invalid(path, key, text)))
    size += key.length + value.length
  }
  if (size > MAX_ANNOTATIONS_SIZE) errors.push(field.tooLong(path, MAX_ANNOTATIONS_SIZE))
  return errors
}

function validateOwners(object: ApiObject): FieldError[] {
  const owners = object.metadata.ownerReferences ?? []
  const errors: FieldError[] = []
  owners.forEach((owner) => {
    const path = 'metadata.ownerReferences'
    for (const member of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (!owner[member]) {
        errors.push(field.invalid(`${path}.${member}`, owner[member] ?? '', 'must not be empty'))
      }
    }
  })
  const [one, other] = owners.filter((owner) => owner.controller === true)
  if (one !== undefined && other !== undefined) {
    const found = `${one.kind}/${one.name} and ${other.kind}/${other.name}`
    const text = `Only one reference can have Controller set to true. Found "true" in references for ${found}`
    errors.push(field.invalid('metadata.ownerReferences', owners, text))
  }
  return errors
}
