import { ExpressionError } from './error.ts'
import { TIME_BUILTINS, Timed, timedInteger, timedJson } from './times.ts'
import { compare, equal, isMap, numberOf, size, textOf, typeName } from './values.ts'

type Arguments = readonly unknown[]

/** Items that one call may make: what expr-lang calls its memory budget. */
export const MAX_ITEMS = 1_000_000

/** The functions that expr-lang has of its own, those with predicates excepted. */
export const BUILTINS: Readonly<Record<string, ((...args: Arguments) => unknown) | undefined>> = {
  __proto__: null as never,
  ...TIME_BUILTINS,
  len: (item) => size(item),
  abs: (value) => Math.abs(numberOf(value)),
  ceil: (value) => Math.ceil(numberOf(value)),
  floor: (value) => Math.floor(numberOf(value)),
  round: (value) => Math.sign(numberOf(value)) * Math.round(Math.abs(numberOf(value))),
  int: integer,
  float: (value) => parsedNumber(value, 'float'),
  string: (value) => textOf(value),
  trim: (value, chars) => trimmed(string(value), chars, true, true),
  trimPrefix: (value, prefix = ' ') => {
    const text = string(value)
    return text.startsWith(string(prefix)) ? text.slice(string(prefix).length) : text
  },
  trimSuffix: (value, suffix = ' ') => {
    const text = string(value)
    return text.endsWith(string(suffix)) ? text.slice(0, text.length - string(suffix).length) : text
  },
  upper: (value) => string(value).toUpperCase(),
  lower: (value) => string(value).toLowerCase(),
  split: (value, separator, limit = -1) => split(string(value), string(separator), numberOf(limit)),
  splitAfter: (value, separator, limit = -1) => {
    const parts = split(string(value), string(separator), numberOf(limit))
    return parts.map((part, i) => (i < parts.length - 1 ? part + string(separator) : part))
  },
  replace: (value, from, to, limit = -1) =>
    replaced(string(value), string(from), string(to), numberOf(limit)),
  repeat: (value, times) => {
    const count = numberOf(times)
    if (count < 0)
      throw new ExpressionError(
        `invalid argument for repeat (expected positive integer, got ${count})`,
      )
    if (count * string(value).length > MAX_ITEMS)
      throw new ExpressionError('memory budget exceeded')
    return string(value).repeat(count)
  },
  join: (items, separator = '') => list(items).map(string).join(string(separator)),
  indexOf: (value, part) => byteIndex(string(value), string(value).indexOf(string(part))),
  lastIndexOf: (value, part) => byteIndex(string(value), string(value).lastIndexOf(string(part))),
  hasPrefix: (value, prefix) => string(value).startsWith(string(prefix)),
  hasSuffix: (value, suffix) => string(value).endsWith(string(suffix)),
  max: (...args) => numbers(args).reduce((a, b) => Math.max(a, b)),
  min: (...args) => numbers(args).reduce((a, b) => Math.min(a, b)),
  mean: (...args) =>
    args.length === 0 ? 0 : numbers(args).reduce((a, b) => a + b) / numbers(args).length,
  median,
  first: (items) => list(items)[0],
  last: (items) => list(items).at(-1),
  get: (items, key) => got(items, key),
  take: (items, count) => list(items).slice(0, numberOf(count)),
  keys: (map) => [...mapOf(map).keys()],
  values: (map) => [...mapOf(map).values()],
  toPairs: (map) => [...mapOf(map)].map((pair) => [...pair]),
  fromPairs: (pairs) => new Map(list(pairs).map((pair) => list(pair) as [unknown, unknown])),
  reverse: (items) => [...list(items)].reverse(),
  uniq: (items) =>
    list(items).filter((item, i, all) => all.findIndex((other) => equal(item, other)) === i),
  concat: (...lists) => lists.flatMap(list),
  flatten: (items) => list(items).flat(Number.POSITIVE_INFINITY),
  sort: (items, order = 'asc') => ordered(list(items), (item) => item, order),
  toJSON: (value) => JSON.stringify(plain(value), null, 2),
  fromJSON: (text) => wrapped(JSON.parse(string(text))),
  toBase64: (text) => Buffer.from(string(text)).toString('base64'),
  fromBase64: (text) => Buffer.from(string(text), 'base64').toString(),
  type: (value) => typeName(value),
  bitand: (a, b) => Number(bits(a) & bits(b)),
  bitor: (a, b) => Number(bits(a) | bits(b)),
  bitxor: (a, b) => Number(bits(a) ^ bits(b)),
  bitnand: (a, b) => Number(bits(a) & ~bits(b)),
  bitnot: (a) => Number(~bits(a)),
  bitshl: (a, b) => Number(BigInt.asIntN(64, bits(a) << shift(b))),
  bitshr: (a, b) => Number(bits(a) >> shift(b)),
  bitushr: (a, b) => Number(BigInt.asUintN(64, bits(a)) >> shift(b)),
}

/** Functions of a list and a question about each item; the question about item `i`, with what is accumulated so far. */
export const PREDICATE_BUILTINS: ReadonlyMap<
  string,
  (
    items: readonly unknown[],
    ask: (i: number, accumulated?: unknown) => unknown,
    args: Arguments,
  ) => unknown
> = new Map([
  ['all', (items, ask) => items.every((_, i) => boolean(ask(i)))],
  ['none', (items, ask) => !items.some((_, i) => boolean(ask(i)))],
  ['any', (items, ask) => items.some((_, i) => boolean(ask(i)))],
  ['one', (items, ask) => items.filter((_, i) => boolean(ask(i))).length === 1],
  ['filter', (items, ask) => items.filter((_, i) => boolean(ask(i)))],
  ['map', (items, ask) => items.map((_, i) => ask(i))],
  ['count', (items, ask) => items.filter((_, i) => boolean(ask(i))).length],
  ['sum', (items, ask) => items.reduce((sum: number, _, i) => sum + numberOf(ask(i)), 0)],
  ['find', (items, ask) => items.find((_, i) => boolean(ask(i)))],
  ['findIndex', (items, ask) => items.findIndex((_, i) => boolean(ask(i)))],
  ['findLast', (items, ask) => items.findLast((_, i) => boolean(ask(i)))],
  ['findLastIndex', (items, ask) => items.findLastIndex((_, i) => boolean(ask(i)))],
  ['groupBy', (items, ask) => grouped(items, ask)],
  ['sortBy', (items, ask, [order = 'asc']) => sortedBy(items, ask, order)],
  ['reduce', reduced],
])

function reduced(
  items: readonly unknown[],
  ask: (i: number, sum?: unknown) => unknown,
  args: Arguments,
): unknown {
  if (args.length === 0 && items.length === 0)
    throw new ExpressionError('reduce of empty array with no initial value')
  let sum = args.length > 0 ? args[0] : items[0]
  for (let i = args.length > 0 ? 0 : 1; i < items.length; i++) sum = ask(i, sum)
  return sum
}

function grouped(items: readonly unknown[], ask: (i: number) => unknown): Map<unknown, unknown[]> {
  const groups = new Map<unknown, unknown[]>()
  for (const [i, item] of items.entries()) {
    const key = ask(i)
    groups.set(key, [...(groups.get(key) ?? []), item])
  }
  return groups
}

function sortedBy(
  items: readonly unknown[],
  ask: (i: number) => unknown,
  order: unknown,
): unknown[] {
  const pairs = items.map((item, i) => ({ item, key: ask(i) }))
  return ordered(pairs, ({ key }) => key, order).map(({ item }) => item)
}

function ordered<T>(items: readonly T[], key: (item: T) => unknown, order: unknown): T[] {
  const sign = order === 'desc' ? -1 : 1
  return [...items].sort((a, b) => sign * compare(key(a), key(b)))
}

function boolean(value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw new ExpressionError(`interface conversion: interface {} is ${typeName(value)}, not bool`)
  return value
}

function string(value: unknown): string {
  if (typeof value !== 'string')
    throw new ExpressionError(`invalid argument type ${typeName(value)}, expected string`)
  return value
}

/** The items of a list, or of the values of a map. */
export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (isMap(value)) return [...value.values()]
  throw new ExpressionError(`invalid argument type ${typeName(value)}, expected array`)
}

function mapOf(value: unknown): ReadonlyMap<unknown, unknown> {
  if (isMap(value)) return value
  throw new ExpressionError(`cannot get keys from ${typeName(value)}`)
}

function numbers(args: Arguments): number[] {
  const all = args.flat(Number.POSITIVE_INFINITY).map(numberOf)
  if (all.length === 0) throw new ExpressionError('not enough arguments')
  return all
}

function integer(value: unknown): number {
  const timed = value instanceof Timed ? timedInteger(value) : undefined
  if (timed !== undefined) return timed
  if (typeof value !== 'string') return Math.trunc(numberOf(value))
  if (!/^[-+]?[0-9]+$/.test(value)) throw new ExpressionError(`invalid operation: int(${value})`)
  return Number(value)
}

function parsedNumber(value: unknown, name: string): number {
  if (typeof value !== 'string') return numberOf(value)
  const number = value.trim() === '' ? Number.NaN : Number(value)
  if (Number.isNaN(number)) throw new ExpressionError(`invalid operation: ${name}(${value})`)
  return number
}

function trimmed(text: string, chars: unknown, left: boolean, right: boolean): string {
  const cut = chars === undefined ? ' \t\n\v\f\r\u0085\u00a0' : string(chars)
  const points = Array.from(text)
  let from = 0
  let to = points.length
  while (left && from < to && cut.includes(points[from] as string)) from++
  while (right && to > from && cut.includes(points[to - 1] as string)) to--
  return points.slice(from, to).join('')
}

/** At most `limit` parts, the last one with all that is left; all of them for a limit below 0. */
function split(text: string, separator: string, limit: number): string[] {
  const parts = separator === '' ? Array.from(text) : text.split(separator)
  if (limit < 0 || parts.length <= limit) return parts
  if (limit === 0) return []
  return [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)]
}

function replaced(text: string, from: string, to: string, limit: number): string {
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from)
  let result = parts[0] as string
  for (const [i, part] of parts.slice(1).entries()) {
    result += (limit < 0 || i < limit ? to : from) + part
  }
  return result
}

const byteIndex = (text: string, index: number): number =>
  index < 0 ? -1 : Buffer.byteLength(text.slice(0, index))

function median(...args: Arguments): number {
  const all = args
    .flat(Number.POSITIVE_INFINITY)
    .map(numberOf)
    .sort((a, b) => a - b)
  if (all.length === 0) return 0
  const middle = all.length >> 1
  return all.length % 2 === 1
    ? (all[middle] as number)
    : ((all[middle - 1] as number) + (all[middle] as number)) / 2
}

/** An item of a list (from its end where the index is negative) or of a map; nil where there is none. */
export function got(items: unknown, key: unknown): unknown {
  if (isMap(items)) return items.get(key)
  if (Array.isArray(items)) return items.at(numberOf(key))
  return undefined
}

function bits(value: unknown): bigint {
  const number = numberOf(value)
  if (!Number.isInteger(number))
    throw new ExpressionError(`invalid argument type ${typeName(value)}, expected int`)
  return BigInt(number)
}

function shift(value: unknown): bigint {
  const by = bits(value)
  if (by < 0n) throw new ExpressionError(`invalid operation: negative shift count ${by}`)
  return by > 64n ? 64n : by
}

function plain(value: unknown): unknown {
  if (value instanceof Timed) return timedJson(value)
  if (isMap(value))
    return Object.fromEntries([...value].map(([key, item]) => [textOf(key), plain(item)]))
  return Array.isArray(value) ? value.map(plain) : (value ?? null)
}

function wrapped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(wrapped)
  if (value === null) return undefined
  return typeof value === 'object'
    ? new Map(Object.entries(value).map(([key, item]) => [key, wrapped(item)]))
    : value
}
