import type { Json } from './types.ts'

/** One reason of an Invalid status (metav1.StatusCause). */
export interface StatusCause {
  reason: string
  message: string
  field?: string
}

/** metav1.Status, the body of every refusal. */
export interface Status {
  kind: 'Status'
  apiVersion: 'v1'
  metadata: { continue?: string }
  status: 'Failure' | 'Success'
  message?: string
  reason?: string
  details?: {
    name?: string
    group?: string
    kind?: string
    uid?: string
    causes?: StatusCause[]
    retryAfterSeconds?: number
  }
  code: number
}

/**
 * A refused request. Thrown from wherever the refusal is found and caught once, where requests are answered;
 * the texts are those of k8s.io/apimachinery's api/errors.
 */
export class ApiError extends Error {
  readonly status: Status

  constructor(code: number, reason: string, message: string, details?: Status['details']) {
    super(message)
    this.name = 'ApiError'
    const body: Status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      code,
    }
    if (reason !== '') body.reason = reason
    if (details !== undefined) body.details = details
    this.status = body
  }
}

/** What a refusal is about: the plural, its group, and the kind for texts. */
export interface Subject {
  group: string
  plural: string
  kind: string
}

export function notFound(subject: Subject, name: string): ApiError {
  const text = `${qualified(subject)} "${name}" not found`
  return new ApiError(404, 'NotFound', text, details(subject, name))
}

export function alreadyExists(subject: Subject, name: string): ApiError {
  const text = `${qualified(subject)} "${name}" already exists`
  return new ApiError(409, 'AlreadyExists', text, details(subject, name))
}

const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again'

export function conflict(subject: Subject, name: string, why = MODIFIED): ApiError {
  const text = `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`
  return new ApiError(409, 'Conflict', text, details(subject, name))
}

export function forbidden(subject: Subject, name: string, why: string): ApiError {
  const text = `${qualified(subject)} "${name}" is forbidden: ${why}`
  return new ApiError(403, 'Forbidden', text, details(subject, name))
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message)
}

export function methodNotAllowed(): ApiError {
  const text = 'the server does not allow this method on the requested resource'
  return new ApiError(405, 'MethodNotAllowed', text, {})
}

export function unknownResource(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {})
}

export function expired(message: string): ApiError {
  return new ApiError(410, 'Expired', message)
}

/** One thing wrong with one field; made by the functions of `field`. */
export interface FieldError {
  path: string
  reason: string
  text: string
}

/** The texts of what is wrong with one field's value, as errors. */
export function invalidEach(path: string, value: Json, texts: string[]): FieldError[] {
  return texts.map((text) => field.invalid(path, value, text))
}

/** One error where a value is none of those that there are. */
export function oneOf(path: string, value: Json, supported: string[]): FieldError[] {
  return supported.includes(value) ? [] : [field.notSupported(path, value, supported)]
}

/** Field errors with the texts of apimachinery's validation/field. */
export const field = {
  required: (path: string, detail = ''): FieldError => ({
    path,
    reason: 'FieldValueRequired',
    text: detail === '' ? 'Required value' : `Required value: ${detail}`,
  }),
  invalid: (path: string, value: Json, detail: string): FieldError => ({
    path,
    reason: 'FieldValueInvalid',
    text: `Invalid value: ${goValue(value)}${detail === '' ? '' : `: ${detail}`}`,
  }),
  duplicate: (path: string, value: Json): FieldError => ({
    path,
    reason: 'FieldValueDuplicate',
    text: `Duplicate value: ${goValue(value)}`,
  }),
  forbidden: (path: string, detail: string): FieldError => ({
    path,
    reason: 'FieldValueForbidden',
    text: `Forbidden: ${detail}`,
  }),
  notSupported: (path: string, value: Json, supported: string[]): FieldError => ({
    path,
    reason: 'FieldValueNotSupported',
    text: `Unsupported value: ${goValue(value)}: supported values: ${supported.map((word) => `"${word}"`).join(', ')}`,
  }),
  tooMany: (path: string, actual: number, max: number): FieldError => ({
    path,
    reason: 'FieldValueTooMany',
    text: `Too many: ${actual}: must have at most ${max} items`,
  }),
  tooLong: (path: string, max: number): FieldError => ({
    path,
    reason: 'FieldValueTooLong',
    text: `Too long: may not be more than ${max} bytes`,
  }),
}

/** 422 with every field error in its text and among its causes. */
export function invalid(group: string, kind: string, name: string, errors: FieldError[]): ApiError {
  const lines = errors.map((error) => `${error.path}: ${error.text}`)
  const list = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`
  const qualifiedKind = group === '' ? kind : `${kind}.${group}`
  const causes = errors.map(({ path, reason, text }) => ({ reason, message: text, field: path }))
  const about: Status['details'] = { kind, causes }
  if (name !== '') about.name = name
  if (group !== '') about.group = group
  return new ApiError(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${list}`, about)
}

/** The body of a successful deletion that leaves nothing to show. */
export function success(subject: Subject, name: string, uid: string): Omit<Status, 'code'> {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { ...details(subject, name), uid },
  }
}

function qualified(subject: Subject): string {
  return subject.group === '' ? subject.plural : `${subject.plural}.${subject.group}`
}

function details(subject: Subject, name: string): NonNullable<Status['details']> {
  const about = { name, kind: subject.plural }
  return subject.group === '' ? about : { ...about, group: subject.group }
}

function goValue(value: Json): string {
  return JSON.stringify(value) ?? 'null'
}
