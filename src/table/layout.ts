/**
 * The answer table in shared memory: one writer (the control thread), any number of readers, no locks.
 *
 *   index    buckets of eight (tag, place) pairs, one cache line each; place 0 is free, else the entry's offset in the heap / 8
 *   heap     entries, never changed once published; a log of segments that is cleaned from its old end
 *   tallies  a row for each reader: how often it repeated each entry
 *   versions what replies were made from; a reply whose versions moved is dead
 *   serials  live SOA serials, written into replies at recorded offsets
 *   scopes   what a listener's configuration may answer from: which depths have denials
 *   filters  bits of what may exist below a zone
 *   epochs   a word for each reader: 0 while it holds no entry, else the epoch it read in
 *
 * An entry, offsets in octets from its start, which is a multiple of 8. What every look-up reads comes first, in as few cache lines as may be:
 *
 *     0  until: f64, milliseconds of the monotonic clock
 *     8  id    12  scope    16  key word    20  qtype << 16 | octets of the name
 *    24  traits    28  size word: client's payload size << 16 | octets of OPT RDATA, both of the client that it was made for
 *    32  octets of body    36  octets of OPT << 16 | where the body starts
 *    40  octets 2 and 3 of the reply's header    44  octets 4 to 11
 *    52  numbers of TTLs, serials, pointers, runs (one octet each)    56  octets of the entry
 *    60  the name in lower case, up to a multiple of 4; (version slot, version) pairs; offsets (u16) of TTLs, serials, pointers; runs (4 × u16); OPT; the body
 *   -24  TTLs count down from: f64    -16  serial stamp    -12  filter    -8  octets of the name that the reply was made for
 */
export const AT = {
  UNTIL: 0,
  ID: 8,
  SCOPE: 12,
  KEY: 16,
  NAME_WORD: 20,
  TRAITS: 24,
  SIZE: 28,
  BODY_OCTETS: 32,
  OPT_WORD: 36,
  FLAGS: 40,
  SECTIONS: 44,
  COUNTS: 52,
  OCTETS: 56,
  NAME: 60,
} as const

/** Offsets of what only some replies need, from where the last octets of the entry begin. */
export const REST = { COUNT_FROM: 0, SERIAL: 8, FILTER: 12, MADE_FOR: 16, OCTETS: 24 } as const

/** What the octets of a key word mean: bits of the query, its size class, and what kind of entry answers it. */
export const KEY = {
  RD: 1,
  CD: 2,
  AD: 4,
  DO: 8,
  OPT: 16,
  SIZE_SHIFT: 8,
  EXACT: 0x10000,
  BRANCH: 0x20000,
  CLOSED: 0x30000,
} as const

/** Bits of an entry's traits; the lowest three are the number of its versions. */
export const TRAIT = {
  VERSIONS: 7,
  /** Only for names that were typed in lower case: the reply holds zone text of its own. */
  LOWER_CASE: 8,
  /** Only for clients with the very payload size and OPT length of the one it was made for. */
  SAME_SIZE: 16,
  /** OPT is the client's own, echoed: its options with it. */
  ECHOES_OPTIONS: 32,
  /** OPT shows the client's payload size. */
  ECHOES_SIZE: 64,
  /** Each repetition is told one by one. */
  OBSERVED: 128,
} as const

/** (tag, place) pairs of one bucket: a cache line. */
export const BUCKET = 8
export const MAX_VERSIONS = 4
/** Octets of an entry at most: what the largest datagram of one batch slot can carry, and room for the entry's own fields. */
export const MAX_ENTRY_OCTETS = 16 << 10
/** Octets of an OPT's RDATA that the fast path echoes: one COOKIE (RFC 7873 §4). */
export const MAX_COOKIE_RDATA = 44
/** Listeners' configurations that can be told apart at a time. */
export const SCOPES = 256
/** Words of a scope: its number, the depths that have branch denials, the depths that have closed zones. */
export const SCOPE_WORDS = 4
/** Live serials at a time. */
export const SERIALS = 256
/** Filters at a time, and words that describe one: its number, where its bits begin, the logarithm of how many they are. */
export const FILTERS = 64
export const FILTER_WORDS = 3
/** Words in a reader's row for each entry: IPv4 and IPv6 over UDP, the same over streams; times, octets of queries, octets of names. */
export const TALLY_WORDS = 3
export const TALLY_COLUMNS = 4

/** The shared memory, as it is handed to a worker. */
export interface Shared {
  readonly seed: number
  /** Buckets of the index, a power of two. */
  readonly buckets: number
  /** Entries at a time. */
  readonly entries: number
  readonly index: Int32Array<SharedArrayBuffer>
  readonly heap: SharedArrayBuffer
  /** One row a reader. */
  readonly tallies: readonly Uint32Array<SharedArrayBuffer>[]
  readonly versions: Int32Array<SharedArrayBuffer>
  readonly serials: Int32Array<SharedArrayBuffer>
  readonly scopes: Int32Array<SharedArrayBuffer>
  readonly filters: Int32Array<SharedArrayBuffer>
  readonly filterBits: Int32Array<SharedArrayBuffer>
  /** What each reader's answers took: milliseconds, answers. */
  readonly busy: Float64Array<SharedArrayBuffer>
  /** The present epoch, then a word for each reader. */
  readonly epochs: Int32Array<SharedArrayBuffer>
}

/** Mixes a word into a hash, so that all bits depend on all. */
export function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0x85ebca6b)
  h ^= h >>> 15
  h = Math.imul(h, 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The hash of a key: a name's with scope, key word and qtype. Never 0, which marks nothing. */
export function keyHash(name: number, scope: number, keyWord: number, qtype: number): number {
  const hash = mix(mix(name, scope ^ keyWord), qtype)
  return hash === 0 ? 1 : hash
}
