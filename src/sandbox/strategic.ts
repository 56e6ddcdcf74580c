import { type FieldType, isList, isObject, memberType, structOf } from './schema.ts'
import { ApiError } from './status.ts'
import type { Json } from './types.ts'

/**
 * Strategic merge patch: a merge patch that knows by which key the items of a list are told apart, with the directives
 * `$patch`, `$retainKeys`, `$deleteFromPrimitiveList` and `$setElementOrder`. The target is not changed.
 * (Kubernetes: contributors/devel/sig-api-machinery/strategic-merge-patch.md.)
 *
 * @throws ApiError 500 (the API server's own code for it) where an item of a keyed list lacks its key, or a directive is none
 */
export function strategicMergePatch(target: Json, patch: Json, type: FieldType | undefined): Json {
  if (!isObject(patch)) return patch
  const { $patch: directive, ...changes } = patch
  if (directive === 'replace') return stripped(changes)
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge') {
    throw unusable(`unknown patch type: ${directive} in map: ${JSON.stringify(patch)}`)
  }
  const result: Record<string, Json> = isObject(target) ? { ...target } : {}
  retainKeys(result, changes.$retainKeys)
  for (const [key, value] of Object.entries(changes)) {
    if (key.startsWith('$')) continue
    const inner = memberType(type, key)
    if (value === null) delete result[key]
    else if (Array.isArray(value)) result[key] = mergeList(result[key], value, inner, key)
    else if (isObject(value)) result[key] = strategicMergePatch(result[key], value, inner)
    else result[key] = value
  }
  for (const [key, value] of Object.entries(changes)) applyListDirective(result, key, value, type)
  return result
}

const DELETE_PRIMITIVES = '$deleteFromPrimitiveList/'
const ELEMENT_ORDER = '$setElementOrder/'

function applyListDirective(
  result: Record<string, Json>,
  key: string,
  value: Json,
  type: FieldType | undefined,
): void {
  if (key.startsWith(DELETE_PRIMITIVES)) {
    const name = key.slice(DELETE_PRIMITIVES.length)
    const list = result[name]
    if (Array.isArray(list)) result[name] = list.filter((item) => !value.includes(item))
  } else if (key.startsWith(ELEMENT_ORDER)) {
    const name = key.slice(ELEMENT_ORDER.length)
    const list = result[name]
    if (Array.isArray(list)) result[name] = ordered(list, value, mergeKey(memberType(type, name)))
  }
}

/** `$retainKeys`: of the live members only these stay (a Deployment's strategy, a volume's source). */
function retainKeys(result: Record<string, Json>, keys: Json): void {
  if (!Array.isArray(keys)) return
  for (const key of Object.keys(result)) if (!keys.includes(key)) delete result[key]
}

function mergeList(live: Json, patch: Json[], type: FieldType | undefined, name: string): Json {
  if (patch.some((item) => item?.$patch === 'replace')) {
    return patch.filter((item) => item?.$patch !== 'replace').map(stripped)
  }
  const key = mergeKey(type)
  if (key === undefined) return patch.map(stripped)
  const list: Json[] = Array.isArray(live) ? [...live] : []
  if (key === '') return [...new Set([...list, ...patch])]
  for (const item of patch) mergeItem(list, item, key, isList(type) ? type.list : undefined, name)
  return list
}

function mergeItem(
  list: Json[],
  item: Json,
  key: string,
  type: FieldType | undefined,
  name: string,
): void {
  if (!isObject(item) || item[key] === undefined) {
    const text = `map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`
    throw unusable(`${text} (in ${name})`)
  }
  const at = list.findIndex((one) => one?.[key] === item[key])
  if (item.$patch === 'delete') {
    if (at >= 0) list.splice(at, 1)
  } else if (at < 0) {
    list.push(strategicMergePatch({}, item, type))
  } else {
    list[at] = strategicMergePatch(list[at], item, type)
  }
}

function unusable(text: string): ApiError {
  return new ApiError(500, '', text)
}

/** The field that tells items apart, '' for a set of scalars, undefined for a list that is replaced. */
function mergeKey(type: FieldType | undefined): string | undefined {
  if (!isList(type) || type.keys === undefined) return undefined
  // SSA tells ports apart by port and protocol, strategic merge by the port alone: the first key is the patch's.
  if (type.keys.length > 0) return type.keys[0]
  return structOf(type.list) === undefined ? '' : undefined
}

/** Items named in `order` take that order; the others keep their place behind the item they followed. */
function ordered(list: Json[], order: Json[], key: string | undefined): Json[] {
  if (key === undefined) return list
  const identity = (item: Json) => (key === '' ? item : item?.[key])
  const wanted = order.map(identity)
  const rank = new Map<Json, number>()
  let last = -1
  for (const item of list) {
    const at = wanted.indexOf(identity(item))
    if (at >= 0) last = at
    rank.set(item, at >= 0 ? at : last + 0.5)
  }
  return [...list].sort((a, b) => (rank.get(a) ?? 0) - (rank.get(b) ?? 0))
}

/** A value without directives: what an added item or a new object really holds. */
function stripped(value: Json): Json {
  if (Array.isArray(value)) {
    return value.filter((item) => item?.$patch !== 'delete').map(stripped)
  }
  if (!isObject(value)) return value
  const members = Object.entries(value).filter(
    ([key, item]) => !key.startsWith('$') && item !== null,
  )
  return Object.fromEntries(members.map(([key, item]) => [key, stripped(item)]))
}
