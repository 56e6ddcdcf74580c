/**
 * The fields of the kinds that are served: their types, and which lists are merged by which keys. schema.json is made by
 * scripts/sandbox-schema.ts from the schema that client-go carries.
 */
import document from './schema.json' with { type: 'json' }
import type { Json } from './types.ts'

/** `string`, `numeric`, `boolean`, `untyped`, or `#Name` of a structure. */
export type ScalarType = string

export type FieldType = ScalarType | ListType | MapType

/** `keys` absent: replaced as a whole; empty: a set of scalars; else merged by these fields. */
export interface ListType {
  list: FieldType
  keys?: string[]
}

export interface MapType {
  map: FieldType
  atomic?: boolean
}

export interface StructType {
  fields: Record<string, FieldType>
  atomic?: boolean
}

const types = document.types as unknown as Record<string, StructType>
const roots = document.roots as Record<string, string>

/** The type of a kind's objects, or `untyped`. */
export function rootType(apiVersion: string, kind: string): FieldType {
  const name = roots[`${apiVersion}/${kind}`]
  return name === undefined ? 'untyped' : `#${name}`
}

export function structOf(type: FieldType | undefined): StructType | undefined {
  return typeof type === 'string' && type.startsWith('#') ? types[type.slice(1)] : undefined
}

export function structName(type: FieldType): string {
  return typeof type === 'string' ? type.slice(1) : ''
}

/** The type of one member of a value of this type. */
export function memberType(type: FieldType | undefined, member: string): FieldType | undefined {
  if (typeof type === 'object' && 'map' in type) return type.map
  return structOf(type)?.fields[member]
}

export function isList(type: FieldType | undefined): type is ListType {
  return typeof type === 'object' && 'list' in type
}

export interface Decoded {
  /** The value without nulls and without the fields that nobody knows. */
  value: Json
  /** Paths of the fields that were left out as unknown: `spec.ports[0].nam`. */
  unknown: string[]
  /** The text of Go's decoder for the first value of a wrong type. */
  wrong?: string
}

/** Reads a value as Go's JSON decoder reads it into the kind's structure. */
export function decode(value: Json, type: FieldType): Decoded {
  const result: Decoded = { value: undefined, unknown: [] }
  result.value = read(value, type, { at: '', names: '', owner: structName(type) }, result)
  return result
}

interface Place {
  /** `spec.ports[0]` */
  at: string
  /** `spec.ports`, as Go names it. */
  names: string
  owner: string
}

function read(value: Json, type: FieldType, place: Place, result: Decoded): Json {
  if (value === null || value === undefined) return undefined
  if (typeof type === 'object') {
    return 'list' in type
      ? readList(value, type, place, result)
      : readMap(value, type, place, result)
  }
  const struct = structOf(type)
  if (struct !== undefined) return readStruct(value, type, struct, place, result)
  if (type !== 'untyped' && typeof value !== SCALARS[type]) wrong(value, GO[type], place, result)
  return value
}

const SCALARS: Record<string, string> = {
  string: 'string',
  numeric: 'number',
  boolean: 'boolean',
}
const GO: Record<string, string> = { string: 'string', numeric: 'int32', boolean: 'bool' }

function readList(value: Json, type: ListType, place: Place, result: Decoded): Json {
  if (!Array.isArray(value)) return wrong(value, `[]${goType(type.list)}`, place, result)
  return value
    .map((item, index) => read(item, type.list, { ...place, at: `${place.at}[${index}]` }, result))
    .filter((item) => item !== undefined)
}

function readMap(value: Json, type: MapType, place: Place, result: Decoded): Json {
  if (!isObject(value)) return wrong(value, `map[string]${goType(type.map)}`, place, result)
  const read1: [string, Json][] = []
  for (const [key, item] of Object.entries(value)) {
    const inner = { ...place, at: `${place.at}[${key}]` }
    const member = read(item, type.map, inner, result)
    // A label without a value is written as null by some YAML; Go reads the zero value.
    read1.push([key, member ?? (type.map === 'string' ? '' : null)])
  }
  return Object.fromEntries(read1)
}

function readStruct(
  value: Json,
  type: FieldType,
  struct: StructType,
  place: Place,
  result: Decoded,
): Json {
  if (!isObject(value)) return wrong(value, goType(type), place, result)
  const members: Record<string, Json> = {}
  for (const [key, item] of Object.entries(value)) {
    const at = place.at === '' ? key : `${place.at}.${key}`
    const known = struct.fields[key]
    if (known === undefined) {
      result.unknown.push(at)
      continue
    }
    const names = place.names === '' ? key : `${place.names}.${key}`
    const member = read(item, known, { at, names, owner: structName(type) }, result)
    if (member !== undefined) members[key] = member
  }
  return members
}

function wrong(value: Json, go: string | undefined, place: Place, result: Decoded): Json {
  const found = Array.isArray(value) ? 'array' : isObject(value) ? 'object' : goScalar(value)
  result.wrong ??= `json: cannot unmarshal ${found} into Go struct field ${place.owner}.${place.names} of type ${go}`
  return value
}

function goScalar(value: Json): string {
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function goType(type: FieldType): string {
  if (typeof type === 'object') return 'list' in type ? `[]${goType(type.list)}` : 'map'
  return type.startsWith('#') ? `v1.${type.slice(1)}` : (GO[type] ?? type)
}

export function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
