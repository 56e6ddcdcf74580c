/**
 * Values as Go has them: whole numbers are number, or bigint beyond 2^53; a slice is an array, a map a Map, a struct an object whose fields and methods
 * begin with a capital letter, nil undefined.
 */
export type Value = unknown

export type Struct = Readonly<Record<string, unknown>>

/** A value as `%v` shows it. */
export function show(value: Value): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'string') return value
  if (typeof value === 'number') return showNumber(value)
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`
  if (value instanceof Map) {
    const entries = [...value].sort(([a], [b]) => (a < b ? -1 : 1))
    return `map[${entries.map(([key, item]) => `${show(key)}:${show(item)}`).join(' ')}]`
  }
  const { String: method } = value as Struct
  if (typeof method === 'function') return String(method.call(value))
  const fields = Object.values(value as Struct).filter((field) => typeof field !== 'function')
  return `{${fields.map(show).join(' ')}}`
}

/** Go's shortest form: an exponent below 1e-4 and from 1e21. */
function showNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  const size = Math.abs(value)
  const text = size !== 0 && size < 1e-4 ? value.toExponential() : String(value)
  return text.replace(/e([+-])(\d)$/, 'e$10$2')
}

/** What `if`, `and` and `not` take for true. */
export function truth(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Map) return value.size > 0
  return Boolean(value)
}

/** Go's name of a value's type, for messages. */
export function typeName(value: Value): string {
  if (value === undefined || value === null) return 'nil'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'uint64'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  if (Array.isArray(value)) return '[]interface {}'
  return value instanceof Map ? 'map[string]interface {}' : 'struct'
}
