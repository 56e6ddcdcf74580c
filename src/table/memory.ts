import {
  BUCKET,
  FILTER_WORDS,
  FILTERS,
  MAX_ENTRY_OCTETS,
  SCOPE_WORDS,
  SCOPES,
  SERIALS,
  type Shared,
  TALLY_COLUMNS,
  TALLY_WORDS,
} from './layout.ts'

/** Octets of all memory for each entry that there may be, … */
const OCTETS_PER_ENTRY = 512
/** … and more where there are many readers: index and tallies take no more than one part in so many. */
const INDEXED_SHARE = 2
/** Places in the index for each entry, so that a bucket is seldom full. */
const PLACES_PER_ENTRY = 2
const FILTER_SHARE = 1 / 16
/** Columns of a data thread's tallies: IPv4 and IPv6 over UDP. */
const UDP_COLUMNS = 2

/** Lays out shared memory: so many octets for everything but the versions, which are there anyway. */
export function createShared(options: {
  readonly octets: number
  readonly readers: number
  readonly versions: Int32Array<SharedArrayBuffer>
  readonly seed: number
}): Shared {
  const { octets, readers, versions, seed } = options
  const indexed = PLACES_PER_ENTRY * 8 + tallyOctets(1, UDP_COLUMNS) * (readers - 1)
  const perEntry = Math.max(
    OCTETS_PER_ENTRY,
    INDEXED_SHARE * (indexed + tallyOctets(1, TALLY_COLUMNS)),
  )
  const entries = 2 ** Math.floor(Math.log2(octets / perEntry))
  const buckets = (entries * PLACES_PER_ENTRY) / BUCKET
  const index = words(buckets * BUCKET * 2)
  const tallies = Array.from({ length: readers }, (_, reader) => {
    const columns = reader === readers - 1 ? TALLY_COLUMNS : UDP_COLUMNS
    return new Uint32Array(new SharedArrayBuffer(tallyOctets(entries, columns)))
  })
  const filterBits = words(Math.floor((octets * FILTER_SHARE) / 4))
  const taken = [index, filterBits, ...tallies].reduce((sum, { byteLength }) => sum + byteLength, 0)
  const heap = Math.max(16 * MAX_ENTRY_OCTETS, octets - taken) & ~7
  return {
    seed,
    buckets,
    entries,
    index,
    heap: new SharedArrayBuffer(heap),
    tallies,
    versions,
    serials: words(SERIALS),
    scopes: words(SCOPES * SCOPE_WORDS),
    filters: words(FILTERS * FILTER_WORDS),
    filterBits,
    busy: new Float64Array(new SharedArrayBuffer(readers * 2 * 8)),
    epochs: words(readers + 1),
  }
}

const tallyOctets = (entries: number, columns: number) => entries * columns * TALLY_WORDS * 4

function words(count: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT))
}
