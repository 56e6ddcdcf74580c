import type { Clock } from './clock.ts'
import { timestamp } from './clock.ts'
import {
  changedFields,
  type FieldSet,
  fieldsOf,
  fromFieldsV1,
  isAtomic,
  itemStep,
  leaves,
  pathText,
  toFieldsV1,
  withoutFields,
} from './fieldsets.ts'
import { equal } from './patch.ts'
import type { Resource } from './resources.ts'
import { type FieldType, isList, isObject, memberType, rootType } from './schema.ts'
import { ApiError, badRequest, field, invalid } from './status.ts'
import type { ApiObject, Json, ObjectInput } from './types.ts'

/** The manager of everything that was there before an object was first applied. */
const BEFORE_FIRST_APPLY = 'before-first-apply'

interface ManagedEntry {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  time?: string
  fieldsType: 'FieldsV1'
  fieldsV1: Json
}

/**
 * Server-side apply: the fields of the configuration become this manager's; fields it no longer names go, unless somebody
 * else owns them; a field of another manager with another value is a conflict, unless forced.
 * Managers are recorded on objects that were applied at least once.
 *
 * @throws ApiError 409 naming every conflict
 */
export function applyPatch(
  resource: Resource,
  old: ApiObject | undefined,
  config: Json,
  options: { fieldManager?: string; force?: boolean },
  clock: Clock,
): ObjectInput {
  const manager = options.fieldManager ?? ''
  if (manager === '') {
    const missing = field.required('fieldManager', 'is required for apply patch')
    throw invalid('meta.k8s.io', 'PatchOptions', '', [missing])
  }
  if (!isObject(config)) throw badRequest('error decoding YAML: the body is not an object')
  if (config.metadata?.managedFields?.length) {
    throw badRequest('metadata.managedFields must be nil')
  }
  const type = rootType(resource.apiVersion, resource.kind)
  const wanted = ownable(fieldsOf(config, type))
  const entries = managedEntries(resource, old, type, clock)
  const mine = entries.find((one) => one.manager === manager && one.operation === 'Apply')
  const others = entries.filter((one) => one !== mine)
  settleConflicts(others, wanted, old, config, type, options.force === true)
  const dropped = droppedFields(mine, wanted, others)
  const base = withoutFields(old ?? {}, dropped)
  const result = mergeApplied(base, config, type)
  const entry = entryOf(resource, manager, 'Apply', wanted, mine, clock)
  const kept = others.filter((one) => Object.keys(one.fieldsV1).length > 0)
  result.metadata = { ...result.metadata, managedFields: [...kept, entry] }
  return result
}

/** For updates of objects that were applied: the changed fields become the writer's. */
export function trackUpdate(
  resource: Resource,
  old: ApiObject,
  next: ApiObject,
  manager: string,
  clock: Clock,
): Json[] {
  const entries = structuredClone((old.metadata.managedFields ?? []) as ManagedEntry[])
  const type = rootType(resource.apiVersion, resource.kind)
  const changed = ownable(changedFields(old, next, type))
  if (changed.size === 0) return entries
  const present = fieldsOf(next, type)
  const mine = entries.find((one) => one.manager === manager && one.operation === 'Update')
  for (const entry of entries.filter((one) => one !== mine)) {
    const left = [...fromFieldsV1(entry.fieldsV1)].filter(
      (path) => present.has(path) && !changed.has(path),
    )
    entry.fieldsV1 = toFieldsV1(new Set(left))
  }
  const owned = new Set([...(mine === undefined ? [] : fromFieldsV1(mine.fieldsV1)), ...changed])
  const entry = entryOf(resource, manager, 'Update', owned, undefined, clock)
  const kept = entries.filter((one) => one !== mine && Object.keys(one.fieldsV1).length > 0)
  return [...kept, entry]
}

function managedEntries(
  resource: Resource,
  old: ApiObject | undefined,
  type: FieldType,
  clock: Clock,
): ManagedEntry[] {
  if (old === undefined) return []
  const entries = structuredClone((old.metadata.managedFields ?? []) as ManagedEntry[])
  if (entries.length > 0) return entries
  const all = ownable(fieldsOf(old, type))
  return [entryOf(resource, BEFORE_FIRST_APPLY, 'Update', all, undefined, clock)]
}

/** Everything but what names an object and what only the server writes. */
function ownable(set: FieldSet): FieldSet {
  const kept = [...set].filter((path) => {
    const steps: string[] = JSON.parse(path)
    if (steps[0] === 'f:apiVersion' || steps[0] === 'f:kind' || steps[0] === 'f:status')
      return false
    return steps[0] !== 'f:metadata' || OWNABLE_METADATA.includes(steps[1] ?? '')
  })
  return new Set(kept)
}

const OWNABLE_METADATA = ['f:labels', 'f:annotations', 'f:finalizers', 'f:ownerReferences']

function settleConflicts(
  others: ManagedEntry[],
  wanted: FieldSet,
  old: ApiObject | undefined,
  config: Json,
  type: FieldType,
  force: boolean,
): void {
  const live = leaves(old ?? {}, type)
  const asked = leaves(config, type)
  const conflicts: { manager: string; path: string }[] = []
  for (const other of others) {
    const owned = fromFieldsV1(other.fieldsV1)
    const fought = [...owned].filter(
      (path) => wanted.has(path) && live.get(path) !== asked.get(path),
    )
    conflicts.push(...fought.map((path) => ({ manager: other.manager, path })))
    for (const path of fought) owned.delete(path)
    if (fought.length > 0) other.fieldsV1 = toFieldsV1(owned)
  }
  if (conflicts.length > 0 && !force) throw conflictError(conflicts)
}

function conflictError(conflicts: { manager: string; path: string }[]): ApiError {
  const causes = conflicts.map(({ manager, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with "${manager}"`,
    field: pathText(path),
  }))
  const [only] = causes
  if (causes.length === 1) {
    const text = `Apply failed with 1 conflict: ${only?.message}: ${only?.field}`
    return new ApiError(409, 'Conflict', text, { causes })
  }
  const managers = [...new Set(conflicts.map(({ manager }) => manager))].sort()
  const listed = managers.flatMap((manager) => {
    const own = conflicts.filter((one) => one.manager === manager)
    return [`conflicts with "${manager}":`, ...own.map(({ path }) => `- ${pathText(path)}`)]
  })
  const text = `Apply failed with ${causes.length} conflicts: ${listed.join('\n')}`
  return new ApiError(409, 'Conflict', text, { causes })
}

function droppedFields(
  mine: ManagedEntry | undefined,
  wanted: FieldSet,
  others: ManagedEntry[],
): string[] {
  if (mine === undefined) return []
  const elsewhere = new Set(others.flatMap((one) => [...fromFieldsV1(one.fieldsV1)]))
  return [...fromFieldsV1(mine.fieldsV1)].filter(
    (path) => !wanted.has(path) && !elsewhere.has(path),
  )
}

function mergeApplied(live: Json, config: Json, type: FieldType | undefined): Json {
  if (Array.isArray(config) && isList(type) && type.keys !== undefined) {
    return mergeAppliedList(Array.isArray(live) ? live : [], config, type.list, type.keys)
  }
  if (!isObject(config) || (isAtomic(type) && type !== undefined)) return config
  const result: Record<string, Json> = isObject(live) ? { ...live } : {}
  for (const [key, value] of Object.entries(config)) {
    if (value !== null) result[key] = mergeApplied(result[key], value, memberType(type, key))
  }
  return result
}

function mergeAppliedList(live: Json[], config: Json[], type: FieldType, keys: string[]): Json[] {
  const result = [...live]
  for (const item of config) {
    const same = (one: Json) =>
      keys.length === 0 ? equal(one, item) : itemStep(one, keys) === itemStep(item, keys)
    const at = result.findIndex(same)
    if (at < 0) result.push(item)
    else result[at] = mergeApplied(result[at], item, type)
  }
  return result
}

function entryOf(
  resource: Resource,
  manager: string,
  operation: 'Apply' | 'Update',
  set: FieldSet,
  before: ManagedEntry | undefined,
  clock: Clock,
): ManagedEntry {
  const fieldsV1 = toFieldsV1(set)
  // The time stands still while the fields do: an apply that changes nothing writes nothing.
  const unchanged = before !== undefined && equal(before.fieldsV1, fieldsV1)
  const time = unchanged && before.time !== undefined ? before.time : timestamp(clock)
  return {
    manager,
    operation,
    apiVersion: resource.apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1,
  }
}
