import { isObject } from './schema.ts'
import { ApiError, badRequest } from './status.ts'
import type { Json } from './types.ts'

/** A patch may hold so many operations (the API server's own limit). */
export const MAX_JSON_PATCH_OPERATIONS = 10_000

/** RFC 7386: null removes, objects merge, everything else replaces. The target is not changed. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: Record<string, Json> = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}

/**
 * RFC 6902. The target is not changed.
 *
 * @throws ApiError 400 for a patch that is none, 422 where a test fails or a path leads nowhere
 */
export function jsonPatch(target: Json, patch: Json): Json {
  if (!Array.isArray(patch)) {
    const found = typeof patch === 'object' ? 'object' : typeof patch
    throw badRequest(
      `error decoding patch: json: cannot unmarshal ${found} into Go value of type []handlers.jsonPatchOp`,
    )
  }
  if (patch.length > MAX_JSON_PATCH_OPERATIONS) {
    throw new ApiError(
      413,
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${MAX_JSON_PATCH_OPERATIONS}, got ${patch.length}`,
    )
  }
  let document: Json = structuredClone(target)
  for (const operation of patch) document = apply(document, operation)
  return document
}

function apply(document: Json, operation: Json): Json {
  const path = steps(operation?.path)
  switch (operation?.op) {
    case 'add':
      return add(document, path, structuredClone(operation.value))
    case 'remove':
      remove(document, path)
      return document
    case 'replace':
      get(document, path)
      if (path.length === 0) return structuredClone(operation.value)
      remove(document, path)
      return add(document, path, structuredClone(operation.value))
    case 'copy':
      return add(document, path, structuredClone(get(document, steps(operation.from))))
    case 'move': {
      const value = get(document, steps(operation.from))
      remove(document, steps(operation.from))
      return add(document, path, value)
    }
    case 'test':
      if (!equal(get(document, path), operation.value)) {
        throw unprocessable(`testing value ${operation.path} failed: test failed`)
      }
      return document
    default:
      throw badRequest(`Unexpected kind: ${String(operation?.op)}`)
  }
}

/** Deep equality of JSON values; the order of members does not count. */
export function equal(a: Json, b: Json): boolean {
  if (a === b) return true
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]))
    )
  }
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
  )
}

function steps(pointer: Json): string[] {
  if (pointer === '') return []
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) {
    throw unprocessable(`invalid path: ${String(pointer)}`)
  }
  return pointer
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function get(document: Json, path: string[]): Json {
  let value = document
  for (const step of path) {
    const index = Array.isArray(value) ? listIndex(step, value.length - 1) : step
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, index)) {
      throw missing(path)
    }
    value = value[index]
  }
  return value
}

function add(document: Json, path: string[], value: Json): Json {
  const last = path.at(-1)
  if (last === undefined) return value
  const parent = get(document, path.slice(0, -1))
  if (Array.isArray(parent)) {
    parent.splice(last === '-' ? parent.length : listIndex(last, parent.length), 0, value)
  } else if (isObject(parent)) {
    define(parent, last, value)
  } else {
    throw missing(path)
  }
  return document
}

function remove(document: Json, path: string[]): void {
  const last = path.at(-1)
  const parent = get(document, path.slice(0, -1))
  get(document, path)
  if (last === undefined) throw missing(path)
  if (Array.isArray(parent)) parent.splice(listIndex(last, parent.length - 1), 1)
  else delete parent[last]
}

/** `__proto__` in a path is a member like any other. */
function define(object: Record<string, Json>, key: string, value: Json): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

function listIndex(step: string, highest: number): number {
  const index = /^(?:0|[1-9]\d*)$/.test(step) ? Number(step) : -1
  if (index < 0 || index > highest) {
    throw unprocessable(`Unable to access invalid index: ${step}: invalid index referenced`)
  }
  return index
}

function missing(path: string[]): ApiError {
  return unprocessable(`the path /${path.join('/')} leads nowhere: missing path`)
}

function unprocessable(why: string): ApiError {
  const text = `the server rejected our request due to an error in our request: ${why}`
  return new ApiError(422, 'Invalid', text, {})
}
