/** A key and about how often it came: at most {@link count}, at least `count - error`. */
export interface Counted {
  readonly key: string
  readonly count: number
  readonly error: number
}

interface Entry {
  key: string
  count: number
  error: number
  /** Its place in the heap. */
  place: number
}

/**
 * Space-Saving (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements in Data Streams, 2005): so many counters and no more. A key that has none takes the
 * smallest over, with what that had counted as its possible error. So a key whose share of all is more than 1 in `capacity` is always there, whatever else comes, and
 * no error is greater than that share.
 */
export class Sketch {
  /** What was added, all together. */
  total = 0

  readonly capacity: number
  private readonly byKey = new Map<string, Entry>()
  /** A heap, the smallest count first. */
  private readonly heap: Entry[] = []

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.heap.length
  }

  /** What a key that is not there can have counted at most. */
  get floor(): number {
    return this.heap.length < this.capacity ? 0 : (this.heap[0] as Entry).count
  }

  /** Returns the key whose counter was taken over, if one was. */
  add(key: string, weight: number): string | undefined {
    this.total += weight
    const known = this.byKey.get(key)
    if (known !== undefined) {
      known.count += weight
      this.sink(known)
      return undefined
    }
    if (this.heap.length < this.capacity) {
      this.insert(key, weight)
      return undefined
    }
    return this.takeOver(this.heap[0] as Entry, key, weight)
  }

  get(key: string): Counted | undefined {
    return this.byKey.get(key)
  }

  keys(): Iterable<string> {
    return this.byKey.keys()
  }

  clear(): void {
    this.total = 0
    this.byKey.clear()
    this.heap.length = 0
  }

  private insert(key: string, weight: number): void {
    const entry = { key, count: weight, error: 0, place: this.heap.length }
    this.heap.push(entry)
    this.byKey.set(key, entry)
    this.rise(entry)
  }

  private takeOver(entry: Entry, key: string, weight: number): string {
    const gone = entry.key
    this.byKey.delete(gone)
    entry.key = key
    entry.error = entry.count
    entry.count += weight
    this.byKey.set(key, entry)
    this.sink(entry)
    return gone
  }

  private rise(entry: Entry): void {
    while (entry.place > 0) {
      const parent = this.heap[(entry.place - 1) >> 1] as Entry
      if (parent.count <= entry.count) return
      this.swap(entry, parent)
    }
  }

  private sink(entry: Entry): void {
    for (;;) {
      const left = this.heap[2 * entry.place + 1]
      const right = this.heap[2 * entry.place + 2]
      const least =
        right !== undefined && left !== undefined && right.count < left.count ? right : left
      if (least === undefined || least.count >= entry.count) return
      this.swap(entry, least)
    }
  }

  private swap(a: Entry, b: Entry): void {
    const { place } = a
    a.place = b.place
    b.place = place
    this.heap[a.place] = a
    this.heap[b.place] = b
  }
}

/**
 * The most frequent keys of two sketches together, surest first: by what they counted at least. A key that one of them does not hold may have counted as much there as its smallest.
 */
export function mostOf(sketches: readonly [Sketch, Sketch], limit: number): Counted[] {
  const [a, b] = sketches
  const keys = new Set([...a.keys(), ...b.keys()])
  const all = Array.from(keys, (key) => {
    const [one, other] = [of(a, key), of(b, key)]
    return { key, count: one.count + other.count, error: one.error + other.error }
  })
  const least = ({ count, error }: Counted) => count - error
  return all.sort((x, y) => least(y) - least(x) || (x.key < y.key ? -1 : 1)).slice(0, limit)
}

const of = (sketch: Sketch, key: string): Pick<Counted, 'count' | 'error'> =>
  sketch.get(key) ?? { count: sketch.floor, error: sketch.floor }
