/**
 * Bodies of requests in Kubernetes's protobuf encoding, as newer kubectl sends them whatever it accepts as an answer.
 * protobuf.json is made by scripts/sandbox-protobuf.ts from the struct tags of the Go types. Answers are always JSON.
 */
import document from './protobuf.json' with { type: 'json' }
import { badRequest } from './status.ts'
import type { Json } from './types.ts'

export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'

/** `k8s` and a zero octet begin every message; a runtime.Unknown follows. */
const MAGIC = Buffer.from('k8s\0')
/** Structures nest at most so deep (a PodSpec needs nine). */
const MAX_DEPTH = 32

/** The object of a body. Throws ApiError 400 where it is none that is known here. */
export function decodeProtobuf(body: Buffer): Json {
  if (!body.subarray(0, 4).equals(MAGIC)) {
    throw badRequest('the body does not begin as Kubernetes protobuf does')
  }
  try {
    const envelope = fieldsOf(body.subarray(4))
    const meta = fieldsOf(octets(envelope.get(1)?.[0]))
    const apiVersion = octets(meta.get(1)?.[0]).toString()
    const kind = octets(meta.get(2)?.[0]).toString()
    const type = (document.roots as Record<string, string>)[`${apiVersion}/${kind}`]
    if (type === undefined) throw new RangeError(`no kind "${kind}" of version "${apiVersion}"`)
    return { apiVersion, kind, ...struct(octets(envelope.get(2)?.[0]), type, 0) }
  } catch (error) {
    throw badRequest(`error decoding the protobuf body: ${(error as Error).message}`)
  }
}

type Value = bigint | Buffer
type Fields = Map<number, Value[]>

const types = document.types as unknown as Record<string, Record<string, [string, string]>>

function struct(message: Buffer, type: string, depth: number): Record<string, Json> {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deep')
  const result: Record<string, Json> = {}
  for (const [number, values] of fieldsOf(message)) {
    const [name, shape] = types[type]?.[number] ?? []
    if (name === undefined || shape === undefined) continue
    const value = member(values, shape, depth)
    if (value === undefined) continue
    // Structures that Go embeds have no name of their own: their members are the outer one's.
    if (name === '') Object.assign(result, value)
    else result[name] = value
  }
  return result
}

/** A field's JSON, or undefined where Go's `omitempty` would leave it out. */
function member(values: Value[], shape: string, depth: number): Json {
  if (shape.startsWith('[]')) return values.map((one) => single(one, shape.slice(2), depth))
  if (shape.startsWith('{}')) return entries(values, shape.slice(2), depth)
  const last = values.at(-1)
  // A pointer that is set says so even with a zero behind it; a plain zero is nothing.
  if (shape.startsWith('*')) return single(last, shape.slice(1), depth)
  const value = single(last, shape, depth)
  return value === '' || value === 0 || value === false ? undefined : value
}

function entries(values: Value[], shape: string, depth: number): Json {
  const pairs = values.map((value) => {
    const entry = fieldsOf(octets(value))
    const held = entry.get(2)?.[0] ?? Buffer.alloc(0)
    return [octets(entry.get(1)?.[0]).toString(), single(held, shape, depth)]
  })
  return Object.fromEntries(pairs)
}

function single(value: Value | undefined, shape: string, depth: number): Json {
  switch (shape) {
    case 'string':
      return octets(value).toString()
    case 'bool':
      return value === 1n
    case 'int32':
    case 'int64':
      return Number(BigInt.asIntN(64, integer(value)))
    case 'float64':
      return octets(value).readDoubleLE(0)
    case 'bytes':
      return octets(value).toString('base64')
    case 'Time':
      return time(octets(value))
    case 'Quantity':
      return octets(fieldsOf(octets(value)).get(1)?.[0]).toString()
    case 'IntOrString':
      return intOrString(octets(value))
    case 'Raw':
      return JSON.parse(octets(fieldsOf(octets(value)).get(1)?.[0]).toString())
    default:
      return struct(octets(value), shape, depth + 1)
  }
}

/** metav1.Time is a Timestamp; the zero time is an empty one. */
function time(message: Buffer): Json {
  const seconds = fieldsOf(message).get(1)?.[0]
  if (seconds === undefined) return undefined
  const ms = Number(BigInt.asIntN(64, integer(seconds))) * 1000
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

function intOrString(message: Buffer): Json {
  const fields = fieldsOf(message)
  if (integer(fields.get(1)?.[0]) === 1n) return octets(fields.get(3)?.[0]).toString()
  return Number(BigInt.asIntN(64, integer(fields.get(2)?.[0])))
}

function octets(value: Value | undefined): Buffer {
  if (value === undefined) return Buffer.alloc(0)
  if (typeof value === 'bigint') throw new TypeError('a number where octets are due')
  return value
}

function integer(value: Value | undefined): bigint {
  if (value === undefined) return 0n
  if (typeof value !== 'bigint') throw new TypeError('octets where a number is due')
  return value
}

/** The fields of one message by number, each with its values in order. */
function fieldsOf(message: Buffer): Fields {
  const fields: Fields = new Map()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const octet = message[at++]
      if (octet === undefined) break
      value |= BigInt(octet & 0x7f) << shift
      if (octet < 0x80) return value
    }
    throw new RangeError('a number without an end')
  }
  const take = (count: number): Buffer => {
    if (count > message.length - at) throw new RangeError('a field that is longer than its message')
    at += count
    return message.subarray(at - count, at)
  }
  while (at < message.length) {
    const tag = varint()
    const number = Number(tag >> 3n)
    const wire = Number(tag & 7n)
    const value = readValue(wire, varint, take)
    const values = fields.get(number) ?? []
    fields.set(number, values)
    values.push(value)
  }
  return fields
}

function readValue(wire: number, varint: () => bigint, take: (count: number) => Buffer): Value {
  switch (wire) {
    case 0:
      return varint()
    case 1:
      return take(8)
    case 2:
      return take(Number(varint()))
    case 5:
      return take(4)
    default:
      throw new RangeError(`wire type ${wire}`)
  }
}
