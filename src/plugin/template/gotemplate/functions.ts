import { sprintf } from './printf.ts'
import { show, truth, typeName, type Value } from './values.ts'

/** A function of a template; throws Error with what is wrong with its arguments. */
export type TemplateFunction = (...args: readonly Value[]) => Value

/** Functions that every Go template has, `and` and `or` excepted: the evaluator stops those early. */
export const BUILTINS: Readonly<Record<string, TemplateFunction>> = {
  and: (...args) => args.find((arg) => !truth(arg)) ?? args.at(-1),
  or: (...args) => args.find(truth) ?? args.at(-1),
  not: (arg) => !truth(arg),
  len: length,
  index: (item, ...keys) => keys.reduce(indexed, item),
  slice: sliced,
  print: (...args) => sprint(args),
  println: (...args) => `${args.map(show).join(' ')}\n`,
  printf: (format, ...args) => sprintf(text(format), args),
  html: (...args) => sprint(args).replace(/[&<>"'\0]/g, (char) => HTML[char] as string),
  js: (...args) => sprint(args).replace(/[\\'"<>&=\x00-\x1f]/g, escapeScript),
  urlquery: (...args) =>
    encodeURIComponent(sprint(args))
      .replace(/%20/g, '+')
      .replace(/[!'()*]/g, percent),
  call: called,
  eq: (first, ...others) => {
    if (others.length === 0) throw new Error('missing argument for comparison')
    return others.some((other) => equal(first, other))
  },
  ne: (a, b) => !equal(a, b),
  lt: (a, b) => less(a, b),
  le: (a, b) => less(a, b) || equal(a, b),
  gt: (a, b) => !less(a, b) && !equal(a, b),
  ge: (a, b) => !less(a, b),
}

function text(value: Value): string {
  if (typeof value === 'string') return value
  if (value === undefined) throw new Error('invalid value; expected string')
  throw new Error(`wrong type for value; expected string; got ${typeName(value)}`)
}

const HTML: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\0': '\uFFFD',
}

const escapeScript = (char: string): string =>
  '\\\'"'.includes(char)
    ? `\\${char}`
    : `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`

const percent = (char: string): string => `%${char.charCodeAt(0).toString(16).toUpperCase()}`

/** Go's Sprint: a blank between two values that are no strings. */
function sprint(args: readonly Value[]): string {
  let text = ''
  for (const [i, arg] of args.entries()) {
    if (i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string') text += ' '
    text += show(arg)
  }
  return text
}

function length(item: Value): number {
  if (typeof item === 'string') return Buffer.byteLength(item)
  if (Array.isArray(item)) return item.length
  if (item instanceof Map) return item.size
  throw new Error(`len of type ${typeName(item)}`)
}

function indexed(item: Value, key: Value): Value {
  if (item instanceof Map) return item.get(key) ?? zeroOf(item)
  const items = typeof item === 'string' ? Buffer.from(item) : item
  if (!Array.isArray(items) && !(items instanceof Uint8Array)) {
    throw new Error(
      item === undefined ? 'index of untyped nil' : `can't index item of type ${typeName(item)}`,
    )
  }
  if (typeof key !== 'number' || !Number.isInteger(key)) {
    throw new Error(`cannot index slice/array with type ${typeName(key)}`)
  }
  if (key < 0 || key >= items.length) throw new Error(`index out of range: ${key}`)
  return items[key]
}

/** What a map of texts says of a key that it has not. */
function zeroOf(map: ReadonlyMap<unknown, unknown>): Value {
  const [first] = map.values()
  return typeof first === 'string' ? '' : undefined
}

function sliced(item: Value, ...bounds: readonly Value[]): Value {
  const text = typeof item === 'string'
  const items = text ? Buffer.from(item) : item
  if (!Array.isArray(items) && !(items instanceof Uint8Array)) {
    throw new Error(`can't slice item of type ${typeName(item)}`)
  }
  const [from = 0, to = items.length] = bounds as number[]
  for (const bound of bounds as number[]) {
    if (!(bound >= 0 && bound <= items.length)) throw new Error(`index out of range: ${bound}`)
  }
  if (from > to) throw new Error(`invalid slice index: ${from} > ${to}`)
  const part = items.slice(from, to)
  return text ? part.toString() : part
}

function called(callee: Value, ...args: readonly Value[]): Value {
  if (typeof callee !== 'function') throw new Error(`non-function of type ${typeName(callee)}`)
  return callee(...args)
}

type Kind = 'bool' | 'int' | 'float' | 'string' | 'nil'

function kindOf(value: Value): Kind {
  if (value === undefined || value === null) return 'nil'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'bigint') return 'int'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float'
  if (typeof value === 'string') return 'string'
  throw new Error('invalid type for comparison')
}

function equal(a: Value, b: Value): boolean {
  const [kindA, kindB] = [kindOf(a), kindOf(b)]
  if (kindA === 'nil' || kindB === 'nil') return kindA === kindB
  if (!comparable(kindA, kindB)) throw new Error('incompatible types for comparison')
  return kindA === 'int' && kindB === 'int' ? BigInt(a as number) === BigInt(b as number) : a === b
}

function less(a: Value, b: Value): boolean {
  const [kindA, kindB] = [kindOf(a), kindOf(b)]
  if (!comparable(kindA, kindB)) throw new Error('incompatible types for comparison')
  if (kindA === 'bool' || kindA === 'nil') throw new Error('invalid type for comparison')
  return (a as number) < (b as number)
}

/** A whole number that came of a computation with fractions is a float to Go and an int here, so both compare. */
const comparable = (a: Kind, b: Kind): boolean =>
  a === b || (a === 'int' && b === 'float') || (a === 'float' && b === 'int')
