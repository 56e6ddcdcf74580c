/**
 * Which fields a value holds, as server-side apply counts them (sigs.k8s.io/structured-merge-diff): a set of paths, each the
 * JSON text of its steps. Steps are `f:name`, `k:{"port":80}` for an item of a keyed list, `v:"x"` for a member of a set.
 */
import { type FieldType, isList, isObject, memberType, structOf } from './schema.ts'
import type { Json } from './types.ts'

export type FieldSet = Set<string>

/** Every leaf that a value sets, and every item of its keyed lists. */
export function fieldsOf(value: Json, type: FieldType | undefined): FieldSet {
  const set: FieldSet = new Set()
  collect(value, type, [], set)
  return set
}

/** The leaves in which two values differ. */
export function changedFields(old: Json, next: Json, type: FieldType | undefined): FieldSet {
  const before = leaves(old, type)
  const changed: FieldSet = new Set()
  for (const [path, text] of leaves(next, type)) if (before.get(path) !== text) changed.add(path)
  return changed
}

/** Every leaf with the JSON text of what it holds. */
export function leaves(value: Json, type: FieldType | undefined): Map<string, string> {
  const found = new Map<string, string>()
  for (const path of fieldsOf(value, type)) {
    const held = valueAt(value, JSON.parse(path))
    found.set(path, isItem(path) ? '' : JSON.stringify(held))
  }
  return found
}

/** metav1.FieldsV1: the nested form that objects carry in managedFields. */
export function toFieldsV1(set: FieldSet): Json {
  const root: Json = {}
  for (const path of [...set].sort()) {
    let at = root
    const steps: string[] = JSON.parse(path)
    for (const step of steps) {
      at[step] ??= {}
      at = at[step]
    }
    if (isItem(path)) at['.'] = {}
  }
  return root
}

export function fromFieldsV1(fields: Json): FieldSet {
  const set: FieldSet = new Set()
  const walk = (node: Json, steps: string[]) => {
    const members = Object.keys(node ?? {})
    if (steps.length > 0 && (members.length === 0 || members.includes('.'))) {
      set.add(JSON.stringify(steps))
    }
    for (const step of members) if (step !== '.') walk(node[step], [...steps, step])
  }
  walk(fields, [])
  return set
}

/** A copy of the value without these fields. Items and structures that are left empty stay. */
export function withoutFields(value: Json, paths: Iterable<string>): Json {
  const copy = structuredClone(value)
  // Items go after their members: longer paths first.
  const steps = [...paths].map((path) => JSON.parse(path) as string[])
  for (const path of steps.sort((a, b) => b.length - a.length)) removeAt(copy, path)
  return copy
}

/** How a person names the path: `.spec.replicas`. */
export function pathText(path: string): string {
  const steps: string[] = JSON.parse(path)
  return steps
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`
      const keys = Object.entries(JSON.parse(step.slice(2)))
      return `[${keys.map(([key, held]) => `${key}=${JSON.stringify(held)}`).join(',')}]`
    })
    .join('')
}

/** The step that names an item of a keyed list. */
export function itemStep(item: Json, keys: string[]): string {
  const chosen: Json = {}
  // The one key with a default in these kinds: the protocol of a port.
  for (const key of keys) chosen[key] = item?.[key] ?? (key === 'protocol' ? 'TCP' : null)
  return `k:${JSON.stringify(chosen)}`
}

function collect(value: Json, type: FieldType | undefined, steps: string[], set: FieldSet): void {
  const atomic = isAtomic(type)
  if (isObject(value) && !atomic && Object.keys(value).length > 0) {
    for (const [key, item] of Object.entries(value)) {
      collect(item, memberType(type, key), [...steps, `f:${key}`], set)
    }
    return
  }
  if (Array.isArray(value) && isList(type) && type.keys !== undefined) {
    for (const item of value) collectItem(item, type.list, type.keys, steps, set)
    return
  }
  if (value !== undefined && value !== null) set.add(JSON.stringify(steps))
}

function collectItem(
  item: Json,
  type: FieldType,
  keys: string[],
  steps: string[],
  set: FieldSet,
): void {
  if (keys.length === 0) {
    set.add(JSON.stringify([...steps, `v:${JSON.stringify(item)}`]))
    return
  }
  const inner = [...steps, itemStep(item, keys)]
  set.add(JSON.stringify(inner))
  collect(item, type, inner, set)
}

export function isAtomic(type: FieldType | undefined): boolean {
  if (type === undefined || type === 'untyped') return true
  if (typeof type === 'object')
    return 'list' in type ? type.keys === undefined : type.atomic === true
  const struct = structOf(type)
  return struct === undefined || struct.atomic === true
}

function isItem(path: string): boolean {
  const last: string = JSON.parse(path).at(-1) ?? ''
  return last.startsWith('k:')
}

function valueAt(value: Json, steps: string[]): Json {
  let at = value
  for (const step of steps) at = memberAt(at, step)
  return at
}

function memberAt(value: Json, step: string): Json {
  if (step.startsWith('f:')) return value?.[step.slice(2)]
  if (step.startsWith('v:')) return JSON.parse(step.slice(2))
  return value?.find?.(
    (item: Json) => itemStep(item, Object.keys(JSON.parse(step.slice(2)))) === step,
  )
}

function removeAt(value: Json, steps: string[]): void {
  const parent = valueAt(value, steps.slice(0, -1))
  const last = steps.at(-1)
  if (last === undefined || parent === undefined || parent === null) return
  if (last.startsWith('f:')) {
    delete parent[last.slice(2)]
    return
  }
  if (!Array.isArray(parent)) return
  const found = memberAt(parent, last)
  const at = parent.indexOf(found)
  if (at >= 0) parent.splice(at, 1)
}
