/**
 * JSON as an API server streams it: one event on each line of a watch, and the items of a list one by one, so that
 * neither needs memory, or time on end, for more than one object.
 */

/** No object of Kubernetes comes near this (etcd takes 1.5 MiB): a longer one is a broken stream. */
export const MAX_OBJECT_OCTETS = 16 * 1024 * 1024

const LINE_FEED = 0x0a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** What came of the octets so far. `broken` is final. */
export type Progress = 'more' | 'stop' | 'broken'

/** Cuts a watch into lines and parses each. */
export class LineParser {
  readonly #event: (event: unknown) => boolean
  #rest: Buffer[] = []
  #restOctets = 0

  /** @param event takes one parsed line; false ends the parsing */
  constructor(event: (event: unknown) => boolean) {
    this.#event = event
  }

  push(chunk: Buffer): Progress {
    let start = 0
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, start)
      if (end === -1) break
      const line = this.#take(chunk.subarray(start, end))
      start = end + 1
      const event = parse(line)
      if (event === undefined) return 'broken'
      if (!this.#event(event)) return 'stop'
    }
    return this.#keep(chunk.subarray(start)) ? 'more' : 'broken'
  }

  /** Joins what earlier chunks left over with the end of the line. */
  #take(tail: Buffer): Buffer {
    if (this.#restOctets === 0) return tail
    const line = Buffer.concat([...this.#rest, tail])
    this.#rest = []
    this.#restOctets = 0
    return line
  }

  #keep(rest: Buffer): boolean {
    if (rest.length === 0) return true
    this.#rest.push(rest)
    this.#restOctets += rest.length
    return this.#restOctets <= MAX_OBJECT_OCTETS
  }
}

/** What a list says besides its items. */
export interface ListMetadata {
  readonly resourceVersion: string
  /** Asks for the next page; empty on the last. */
  readonly continueToken: string
  /** How many items follow on later pages, where the server says so. */
  readonly remaining: number | undefined
}

/**
 * Takes the items out of a list as they come. The rest of the document, a few dozen octets, is kept and parsed at the
 * end.
 */
export class ListParser {
  readonly #item: (item: unknown) => boolean
  /** Pieces of the item that is being read, or of what is not an item. */
  #pieces: Buffer[] = []
  #octets = 0
  #skeleton: Buffer[] = []
  #skeletonOctets = 0
  #depth = 0
  #inString = false
  #escaped = false
  #inItems = false
  /** The latest text at depth 1, to know `items` from other lists. */
  #key = ''
  #keyStart = -1
  #keyPieces: Buffer[] = []

  /** @param item takes one parsed item; false ends the parsing */
  constructor(item: (item: unknown) => boolean) {
    this.#item = item
  }

  push(chunk: Buffer): Progress {
    // Where the run of octets that belong together (one item, or what lies between) began in this chunk.
    let start = 0
    this.#keyStart = this.#keyStart === -1 ? -1 : 0
    for (let i = 0; i < chunk.length; i++) {
      const octet = chunk[i]!
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false
        else if (octet === BACKSLASH) this.#escaped = true
        else if (octet === QUOTE) this.#endString(chunk, i)
      } else if (octet === QUOTE) this.#beginString(i)
      else if (octet === OPEN_BRACE || octet === OPEN_BRACKET) {
        if (this.#inItems && this.#depth === 2) {
          this.#toSkeleton(chunk.subarray(start, i))
          start = i
        }
        this.#depth++
        if (this.#depth === 2 && octet === OPEN_BRACKET && this.#key === 'items') {
          this.#inItems = true
        }
      } else if (octet === CLOSE_BRACE || octet === CLOSE_BRACKET) {
        this.#depth--
        if (this.#inItems && this.#depth === 2) {
          const item = parse(this.#take(chunk.subarray(start, i + 1)))
          start = i + 1
          if (item === undefined) return 'broken'
          if (!this.#item(item)) return 'stop'
        } else if (this.#depth === 1) this.#inItems = false
      } else if (octet === COMMA && this.#inItems && this.#depth === 2) {
        // The commas between items would be left alone in the skeleton.
        this.#toSkeleton(chunk.subarray(start, i))
        start = i + 1
      }
    }
    if (this.#keyStart !== -1) this.#keyPieces.push(chunk.subarray(this.#keyStart))
    return this.#keepRest(chunk.subarray(start)) ? 'more' : 'broken'
  }

  /** @returns undefined where the document is not whole, or no list */
  finish(): ListMetadata | undefined {
    const document = parse(Buffer.concat(this.#skeleton)) as
      | { metadata?: Record<string, unknown>; items?: unknown }
      | undefined
    const metadata = document?.metadata
    if (this.#depth !== 0 || typeof metadata !== 'object' || metadata === null) return undefined
    const { resourceVersion, continue: token, remainingItemCount } = metadata
    if (typeof resourceVersion !== 'string') return undefined
    return {
      resourceVersion,
      continueToken: typeof token === 'string' ? token : '',
      remaining: typeof remainingItemCount === 'number' ? remainingItemCount : undefined,
    }
  }

  #beginString(at: number): void {
    this.#inString = true
    if (this.#depth === 1) this.#keyStart = at + 1
  }

  #endString(chunk: Buffer, at: number): void {
    this.#inString = false
    if (this.#keyStart === -1) return
    this.#key = Buffer.concat([...this.#keyPieces, chunk.subarray(this.#keyStart, at)]).toString()
    this.#keyPieces = []
    this.#keyStart = -1
  }

  #take(tail: Buffer): Buffer {
    if (this.#octets === 0) return tail
    const item = Buffer.concat([...this.#pieces, tail])
    this.#pieces = []
    this.#octets = 0
    return item
  }

  #keepRest(rest: Buffer): boolean {
    if (!this.#inItems || this.#depth < 3) return this.#toSkeleton(rest)
    this.#pieces.push(rest)
    this.#octets += rest.length
    return this.#octets <= MAX_OBJECT_OCTETS
  }

  #toSkeleton(piece: Buffer): boolean {
    if (piece.length > 0) this.#skeleton.push(Buffer.from(piece))
    this.#skeletonOctets += piece.length
    return this.#skeletonOctets <= MAX_OBJECT_OCTETS
  }
}

/** @returns undefined for what is not JSON; JSON itself has no undefined */
function parse(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString('utf8'))
  } catch {
    return undefined
  }
}
