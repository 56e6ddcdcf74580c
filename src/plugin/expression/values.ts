import { ExpressionError } from './error.ts'
import { compareTimed, Timed, timedText, timedType } from './times.ts'

/** Values of expressions: nil is undefined, numbers are JavaScript's, lists arrays, maps Maps, moments and the like {@link Timed}. */

export const isMap = (value: unknown): value is ReadonlyMap<unknown, unknown> =>
  value instanceof Map

/** Go's name of a value's type, for messages. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nil'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  if (Array.isArray(value)) return 'array'
  if (isMap(value)) return 'map'
  if (value instanceof Timed) return timedType(value)
  return typeof value === 'function' ? 'func' : typeof value
}

export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  throw new ExpressionError(`invalid operation: ${typeName(value)} is no number`)
}

/** A value as text: lists and maps as Go prints them. */
export function textOf(value: unknown): string {
  if (value === undefined) return '<nil>'
  if (value instanceof Timed) return timedText(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join(' ')}]`
  if (isMap(value)) {
    return `map[${[...value].map(([key, item]) => `${textOf(key)}:${textOf(item)}`).join(' ')}]`
  }
  return String(value)
}

/** Octets of a text, items of a list or a map. */
export function size(value: unknown): number {
  if (typeof value === 'string') return Array.from(value).length
  if (Array.isArray(value)) return value.length
  if (isMap(value)) return value.size
  throw new ExpressionError(`invalid argument for len (type ${typeName(value)})`)
}

export function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, i) => equal(item, b[i]))
  }
  if (isMap(a) && isMap(b)) {
    return a.size === b.size && [...a].every(([key, item]) => b.has(key) && equal(item, b.get(key)))
  }
  if (!(a instanceof Timed || b instanceof Timed)) return a === b
  if (a === undefined || b === undefined) return false
  const order = compareTimed(a, b)
  if (order === undefined) {
    throw new ExpressionError(`invalid operation: ${typeName(a)} == ${typeName(b)}`)
  }
  return order === 0
}

/** Below 0, 0 or above 0; only numbers and texts have an order. */
export function compare(a: unknown, b: unknown): number {
  const timed = compareTimed(a, b)
  if (timed !== undefined) return timed
  const comparable = typeof a === typeof b && (typeof a === 'number' || typeof a === 'string')
  if (!comparable) {
    throw new ExpressionError(`invalid operation: ${typeName(a)} < ${typeName(b)}`)
  }
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0
}
