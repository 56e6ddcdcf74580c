import type { Clock } from './clock.ts'
import { type Endpoint, Slice } from './facts.ts'
import { Shelf, type ShelfOwner } from './shelf.ts'

/**
 * How long an address that one slice of a Service lost may take to turn up in another. Whoever moves endpoints writes one slice after the other, so that
 * for a moment an address is in both or in neither: two requests to the API, which controllers may have to wait for.
 */
export const MOVE_MS = 200

/** What is asked of the store about the other slices. */
export interface Neighbours {
  slices(service: string, namespace: string): readonly Slice[]
  slicesByAddress(address: string): readonly Slice[]
  /** Whether endpoints that are not ready are published too. */
  publishesAll(service: string, namespace: string): boolean
}

/** Of one without `after` nothing waits. */
type SomeClock = Pick<Clock, 'now'> & Partial<Pick<Clock, 'after' | 'monotonic'>>

/** A published endpoint that is in no slice, and since when. */
interface Lost {
  readonly endpoint: Endpoint
  readonly since: number
}

/** A slice that is shown with endpoints that it has lost. */
interface Held {
  readonly name: string
  readonly namespace: string
  readonly service: string
  readonly lost: readonly Lost[]
  /** What the server has; undefined where it has none. */
  readonly slice: Slice | undefined
  readonly forget: () => void
}

/**
 * Slices, where an endpoint that moves from one to another of the same Service is never in neither. A published address that a change takes away, and that no
 * other slice has, stays: until a slice brings it, for {@link MOVE_MS}, and while a complete list comes in until its end, since that is in no order. What else the change
 * says holds at once. A Service with one slice, as nearly all have, waits for nothing; nor does an endpoint that is still there and is no longer ready.
 */
export class SliceShelf extends Shelf<Slice> {
  readonly #neighbours: Neighbours
  readonly #clock: () => SomeClock
  readonly #held = new Map<string, Held>()
  #listing = false

  constructor(owner: ShelfOwner<Slice>, neighbours: Neighbours, clock: () => SomeClock) {
    super(owner)
    this.#neighbours = neighbours
    this.#clock = clock
  }

  override put(slice: Slice): boolean {
    const earlier = this.#take(slice)
    const before = this.get(slice.name, slice.namespace)
    const lost = before?.service === slice.service ? this.#lost(before, slice, earlier) : []
    if (before === undefined || lost.length === 0) {
      const changed = super.put(slice)
      this.#reconsider(slice)
      return changed
    }
    const endpoints = [...slice.endpoints, ...lost.map(({ endpoint }) => endpoint)]
    const changed = this.#show(slice, endpoints)
    this.#hold(slice, slice, lost)
    this.#reconsider(slice)
    return changed
  }

  override remove(name: string, namespace: string): boolean {
    const before = this.get(name, namespace)
    if (before === undefined) return false
    const lost = this.#lost(before, undefined, this.#take(before))
    if (lost.length === 0) return super.remove(name, namespace)
    this.#show(
      before,
      lost.map(({ endpoint }) => endpoint),
    )
    this.#hold(before, undefined, lost)
    return true
  }

  override beginList(): void {
    this.#listing = true
    super.beginList()
  }

  override stale(): Slice[] {
    this.#listing = false
    this.settle()
    return super.stale()
  }

  override settle(): void {
    for (const held of [...this.#held.values()]) {
      this.#take(held)
      if (held.slice === undefined) super.remove(held.name, held.namespace)
      else super.put(held.slice)
    }
  }

  /** Published endpoints of the record on the shelf that would be in no slice, less those that have waited long enough. */
  #lost(before: Slice, after: Slice | undefined, earlier: readonly Lost[]): Lost[] {
    const { service, namespace } = before
    const clock = this.#clock()
    if (clock.after === undefined || clock.monotonic === undefined) return []
    if (this.#neighbours.slices(service, namespace).length < 2) return []
    const now = clock.monotonic()
    const all = this.#neighbours.publishesAll(service, namespace)
    const kept = new Set(after?.endpoints.map(({ address }) => address))
    const isOther = (slice: Slice): boolean =>
      slice !== before && slice.service === service && slice.namespace === namespace
    return before.endpoints
      .filter(({ address, ready }) => (ready || all) && !kept.has(address))
      .filter(({ address }) => !this.#neighbours.slicesByAddress(address).some(isOther))
      .map((endpoint) => {
        const known = earlier.find((lost) => lost.endpoint.address === endpoint.address)
        return { endpoint, since: known?.since ?? now }
      })
      .filter(({ since }) => this.#listing || now - since < MOVE_MS)
  }

  /** Without a version, so that it is taken neither for what is shown nor for what the server has. Its trigger counts once it holds as a whole. */
  #show(slice: Slice, endpoints: readonly Endpoint[]): boolean {
    const { name, namespace, service, clusterService, sourceCluster, addressType, ports } = slice
    const rest = { service, clusterService, sourceCluster, addressType, ports }
    const shown = { ...rest, endpoints, lastChangeTrigger: Number.NaN }
    return super.put(new Slice(name, namespace, '', shown))
  }

  #hold(of: Slice, slice: Slice | undefined, lost: readonly Lost[]): void {
    const { name, namespace, service } = of
    const clock = this.#clock()
    const first = Math.min(...lost.map(({ since }) => since))
    const waitMs = Math.max(0, first + MOVE_MS - (clock.monotonic?.() ?? 0))
    const forget = clock.after?.(waitMs, () => {
      const held = this.#held.get(keyOf(of))
      if (held !== undefined && !this.#listing) this.#again(held)
    })
    const held = { name, namespace, service, lost, slice, forget: () => forget?.() }
    this.#held.set(keyOf(of), held)
  }

  /** What waits for an address that this slice may have brought. */
  #reconsider({ service, namespace, name }: Slice): void {
    for (const held of this.#held.values()) {
      const isOfService = held.service === service && held.namespace === namespace
      if (isOfService && held.name !== name && this.#isFound(held)) this.#again(held)
    }
  }

  #isFound({ name, service, namespace, lost }: Held): boolean {
    const isOther = (slice: Slice): boolean =>
      slice.name !== name && slice.service === service && slice.namespace === namespace
    return lost.some(({ endpoint }) =>
      this.#neighbours.slicesByAddress(endpoint.address).some(isOther),
    )
  }

  #again({ slice, name, namespace }: Held): void {
    if (slice === undefined) this.remove(name, namespace)
    else this.put(slice)
  }

  /** @returns what it was waiting for */
  #take(slice: { name: string; namespace: string }): readonly Lost[] {
    if (this.#held.size === 0) return NOTHING
    const key = keyOf(slice)
    const held = this.#held.get(key)
    held?.forget()
    this.#held.delete(key)
    return held?.lost ?? NOTHING
  }
}

const NOTHING: readonly Lost[] = []

function keyOf({ name, namespace }: { name: string; namespace: string }): string {
  return `${namespace}/${name}`
}
