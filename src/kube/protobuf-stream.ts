import { type ListMetadata, MAX_OBJECT_OCTETS, type Progress } from './json-stream.ts'
import { ProtobufReader, varintAt } from './protobuf.ts'

/** Every message of Kubernetes begins so (apimachinery, runtime.Unknown). */
const MAGIC = Buffer.from('k8s\0', 'latin1')

const EMPTY = Buffer.alloc(0)

/** Octets that wait for the rest of what they belong to. */
class Pending {
  octets: Buffer = EMPTY

  push(chunk: Buffer): Buffer {
    this.octets = this.octets.length === 0 ? chunk : Buffer.concat([this.octets, chunk])
    return this.octets
  }

  /** Keeps what was not used. A copy, so that a few octets do not hold a whole chunk. */
  keep(from: number): void {
    const rest = this.octets.subarray(from)
    this.octets = rest.length === 0 ? EMPTY : Buffer.from(rest)
  }
}

/**
 * A watch: frames of a big-endian length and a meta/v1 WatchEvent.
 *
 * ```
 * +--------+-----------------------------------------------+
 * | length | 1: type, 2: { 1: "k8s\0" Unknown { 2: object }}|
 * +--------+-----------------------------------------------+
 * ```
 */
export class FrameParser {
  readonly #event: (type: string, object: Buffer) => boolean
  readonly #pending = new Pending()

  /** @param event false ends the parsing */
  constructor(event: (type: string, object: Buffer) => boolean) {
    this.#event = event
  }

  push(chunk: Buffer): Progress {
    const octets = this.#pending.push(chunk)
    let at = 0
    while (octets.length - at >= 4) {
      const length = octets.readUInt32BE(at)
      if (length > MAX_OBJECT_OCTETS) return 'broken'
      if (octets.length - at - 4 < length) break
      const event = readEvent(octets.subarray(at + 4, at + 4 + length))
      if (event === undefined) return 'broken'
      at += 4 + length
      if (!this.#event(event.type, event.object)) return 'stop'
    }
    this.#pending.keep(at)
    return 'more'
  }
}

/** A list: its items one by one, as field 2 of the list inside one great Unknown. */
export class ProtobufListParser {
  readonly #item: (object: Buffer) => boolean
  readonly #pending = new Pending()
  #state: 'magic' | 'envelope' | 'list' | 'after' = 'magic'
  /** Octets of the list that are still to come. */
  #left = 0
  #metadata: ListMetadata | undefined

  /** @param item false ends the parsing */
  constructor(item: (object: Buffer) => boolean) {
    this.#item = item
  }

  push(chunk: Buffer): Progress {
    // What follows the list in its envelope says nothing.
    if (this.#state === 'after') return 'more'
    const octets = this.#pending.push(chunk)
    let at = 0
    if (this.#state === 'magic') {
      if (octets.length < MAGIC.length) return 'more'
      if (!octets.subarray(0, MAGIC.length).equals(MAGIC)) return 'broken'
      at = MAGIC.length
      this.#state = 'envelope'
    }
    for (;;) {
      if (this.#state === 'list' && this.#left === 0) this.#state = 'after'
      if (this.#state === 'after') break
      const field = fieldAt(octets, at)
      if (field === undefined) break
      if (this.#state === 'envelope' && field.number === 2) {
        // The list itself: its fields are read as they come, not as one value.
        this.#left = field.length
        this.#state = 'list'
        at = field.start
        continue
      }
      if (field.length > MAX_OBJECT_OCTETS) return 'broken'
      const end = field.start + field.length
      if (octets.length < end) break
      if (this.#state === 'list') {
        this.#left -= end - at
        if (this.#left < 0) return 'broken'
        const value = octets.subarray(field.start, end)
        if (field.number === 1) this.#metadata = readListMetadata(value)
        else if (field.number === 2 && !this.#item(value)) return 'stop'
      }
      at = end
    }
    this.#pending.keep(at)
    return 'more'
  }

  /** @returns undefined where the message is not whole, or no list */
  finish(): ListMetadata | undefined {
    return this.#left === 0 && this.#state !== 'magic' ? this.#metadata : undefined
  }
}

/** The object in a message with its magic and envelope; undefined where there is neither. */
export function unwrap(octets: Buffer): Buffer | undefined {
  if (!octets.subarray(0, MAGIC.length).equals(MAGIC)) return undefined
  const reader = new ProtobufReader(octets, MAGIC.length)
  let object: Buffer = EMPTY
  while (reader.field()) {
    if (reader.at() === 2) object = reader.octets()
    else reader.skip()
  }
  return object
}

function readEvent(octets: Buffer): { type: string; object: Buffer } | undefined {
  try {
    const reader = new ProtobufReader(octets)
    let type = ''
    let object: Buffer | undefined
    while (reader.field()) {
      if (reader.at() === 1) type = reader.text()
      else if (reader.at() === 2) {
        const outer = reader.enter()
        while (reader.field()) {
          if (reader.at() === 1) object = unwrap(reader.octets())
          else reader.skip()
        }
        reader.leave(outer)
      } else reader.skip()
    }
    return object === undefined ? undefined : { type, object }
  } catch {
    return undefined
  }
}

/** A field with its length, as all of a list and its envelope are; undefined while its tag is not whole. */
function fieldAt(
  octets: Buffer,
  at: number,
): { number: number; start: number; length: number } | undefined {
  const tag = varintAt(octets, at)
  if (tag === undefined) return undefined
  const length = varintAt(octets, tag.end)
  if (length === undefined) return undefined
  return { number: Math.floor(tag.value / 8), start: length.end, length: length.value }
}

/** meta/v1 ListMeta. */
function readListMetadata(octets: Buffer): ListMetadata | undefined {
  try {
    const reader = new ProtobufReader(octets)
    let resourceVersion = ''
    let continueToken = ''
    let remaining: number | undefined
    while (reader.field()) {
      if (reader.at() === 2) resourceVersion = reader.text()
      else if (reader.at() === 3) continueToken = reader.text()
      else if (reader.at() === 4) remaining = reader.varint()
      else reader.skip()
    }
    return { resourceVersion, continueToken, remaining }
  } catch {
    return undefined
  }
}
