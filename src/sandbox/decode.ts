import type { Resource } from './resources.ts'
import { decode, isObject, rootType } from './schema.ts'
import { badRequest, field, invalid } from './status.ts'
import type { ApiObject, Json, ObjectInput } from './types.ts'

/** What becomes of fields that nobody knows: refused, dropped with a warning, dropped. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface DecodeOptions {
  fieldValidation?: FieldValidation
  warn?: (text: string) => void
  /** The input is an object with a patch in it: what is wrong is wrong with the patch. */
  patched?: boolean
}

/**
 * What a client sent, as an object of the resource: a copy of its own, with its type checked and unknown fields gone.
 *
 * @throws ApiError 400 where kind or field types are wrong
 */
export function decodeInput(
  resource: Resource,
  input: ObjectInput,
  options: DecodeOptions,
): ApiObject {
  checkKind(resource, input)
  const { apiVersion: _version, kind: _kind, ...rest } = input
  const typed = {
    kind: resource.kind,
    apiVersion: resource.apiVersion,
    ...rest,
    metadata: input.metadata ?? {},
  }
  const { value, unknown, wrong } = decode(typed, rootType(resource.apiVersion, resource.kind))
  if (wrong !== undefined && options.patched) {
    throw invalid('', '', '', [field.invalid('patch', JSON.stringify(input), wrong)])
  }
  if (wrong !== undefined) throw badRequest(`${cannot(resource)}: ${wrong}`)
  if (unknown.length > 0) tellUnknown(resource, unknown, options)
  const object = structuredClone(value)
  object.metadata ??= {}
  return object
}

function checkKind(resource: Resource, input: Json): void {
  if (!isObject(input)) {
    throw badRequest(`${cannot(resource)}: the body is not an object`)
  }
  const { apiVersion = resource.apiVersion, kind = resource.kind } = input
  if (apiVersion === resource.apiVersion && kind === resource.kind) return
  if (apiVersion === resource.apiVersion) {
    const conversion = `converting (${resource.version}.${kind}) to (${resource.version}.${resource.kind})`
    const read = `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`
    throw badRequest(`${read}: ${conversion}: unknown conversion`)
  }
  throw badRequest(
    `the API version in the data (${apiVersion}) does not match the expected API version (${resource.apiVersion})`,
  )
}

function tellUnknown(resource: Resource, unknown: string[], options: DecodeOptions): void {
  const texts = unknown.map((path) => `unknown field "${path}"`)
  if (options.fieldValidation === 'Strict') {
    throw badRequest(`${cannot(resource)}: strict decoding error: ${texts.join(', ')}`)
  }
  if (options.fieldValidation !== 'Ignore') for (const text of texts) options.warn?.(text)
}

function cannot(resource: Resource): string {
  return `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}`
}
