import type { ClosedZone } from '../plugin/plugin.ts'
import type { Filter } from '../table/publish.ts'
import type { Table } from '../table/table.ts'
import { ancestor, countLabels, type Name } from '../wire/name.ts'

/** Room in a new filter for names that come later, as a multiple of those that are there. */
const HEADROOM = 2
/** Room in the smallest filter. */
const MIN_NAMES = 1024
/** Share of names that went, but are still in the filter, at which another is made. */
const MAX_GONE = 1 / 4

interface Closed {
  readonly filter: Filter
  readonly zoneLabels: number
  /** None: a name that comes is in the filter, and the configuration ends the whole scope. */
  readonly versions: readonly []
  readonly capacity: number
  names: number
  gone: number
}

/** How long there is no other try after one that found no memory for a filter. */
export const NO_ROOM_MS = 60_000

/** Names that are looked at in one turn of the event loop, so that a great cluster's filter holds nobody up. */
const TURN_NAMES = 2048

/**
 * Filters of what may exist in closed zones, for one configuration of one listener. A name that comes is added in the turn in which it comes; names that went
 * stay until there are many of them, and a filter that is full or stale gives way to a new one, which is begun at the next denial.
 */
export class ClosedZones {
  private readonly table: Table
  private readonly known = new Map<ClosedZone, Closed>()
  private readonly building = new Map<ClosedZone, Building>()
  private readonly forgets = new Map<ClosedZone, () => void>()
  private readonly now: () => number
  private notBefore = Number.NEGATIVE_INFINITY

  /** @param now milliseconds of the monotonic clock */
  constructor(table: Table, now: () => number) {
    this.table = table
    this.now = now
  }

  /**
   * The filter of a zone, begun when first asked for: undefined until it is whole, which takes a turn for each {@link TURN_NAMES} names after the first.
   *
   * @param others zones of others at or below it, where anything may exist
   */
  filterOf(zone: ClosedZone, zoneLabels: number, others: readonly Name[]): Closed | undefined {
    const known = this.known.get(zone)
    if (known !== undefined && !isWorn(known)) return known
    if (!this.building.has(zone) && this.now() >= this.notBefore)
      this.build(zone, zoneLabels, others)
    return this.known.get(zone)
  }

  close(): void {
    for (const forget of this.forgets.values()) forget()
    for (const { steps } of this.building.values()) steps.return()
    for (const { filter } of this.known.values()) this.table.closeFilter(filter)
    this.building.clear()
    this.forgets.clear()
    this.known.clear()
  }

  private build(zone: ClosedZone, zoneLabels: number, others: readonly Name[]): void {
    const late: [Name, boolean][] = []
    const building = { late, steps: this.stepsOf(zone, zoneLabels, others, late) }
    this.building.set(zone, building)
    if (!this.forgets.has(zone)) this.forgets.set(zone, this.follow(zone))
    const go = () => {
      if (this.building.get(zone) !== building) return
      if (building.steps.next().done === true) this.building.delete(zone)
      else setImmediate(go)
    }
    go()
  }

  /** Makes the filter, a step a turn. @param late names that came since the first step */
  private *stepsOf(
    zone: ClosedZone,
    zoneLabels: number,
    others: readonly Name[],
    late: readonly (readonly [Name, boolean])[],
  ): Generator<undefined, void> {
    const names: (readonly [Name, boolean])[] = []
    for (const name of zone.names()) if (names.push(name) % TURN_NAMES === 0) yield
    const capacity = Math.max(MIN_NAMES, HEADROOM * (names.length + others.length))
    const filter = this.openFilter(zone, capacity)
    if (filter === undefined) {
      this.notBefore = this.now() + NO_ROOM_MS
      return
    }
    let whole = false
    try {
      for (const [i, [name, open]] of names.entries()) {
        filter.add(name, open)
        if (i % TURN_NAMES === TURN_NAMES - 1) yield
      }
      for (const name of others) addWithWay(filter, name, zoneLabels)
      for (const [name, open] of late) filter.add(name, open)
      whole = true
    } finally {
      if (!whole) this.table.closeFilter(filter)
    }
    this.closeOld(zone)
    const count = names.length + late.length
    this.known.set(zone, { filter, zoneLabels, versions: [], capacity, names: count, gone: 0 })
  }

  /** The old filter denies on until the new one is whole, unless there is no room for both. */
  private openFilter(zone: ClosedZone, capacity: number): Filter | undefined {
    const filter = this.table.openFilter(capacity)
    if (filter !== undefined) return filter
    this.closeOld(zone)
    return this.table.openFilter(capacity)
  }

  private closeOld(zone: ClosedZone): void {
    const old = this.known.get(zone)
    if (old !== undefined) this.table.closeFilter(old.filter)
    this.known.delete(zone)
  }

  private follow(zone: ClosedZone): () => void {
    return zone.onChange(
      (name, open) => {
        this.building.get(zone)?.late.push([name, open])
        const closed = this.known.get(zone)
        if (closed === undefined) return
        closed.filter.add(name, open)
        closed.names++
      },
      () => {
        const closed = this.known.get(zone)
        if (closed !== undefined) closed.gone++
      },
    )
  }
}

/** A filter on its way. */
interface Building {
  readonly late: [Name, boolean][]
  readonly steps: Generator<undefined, void>
}

/** A zone of others, and the names on the way to it, below which nothing else may exist. */
function addWithWay(filter: Filter, name: Name, zoneLabels: number): void {
  filter.add(name, true)
  for (let up = 1; countLabels(name) - up > zoneLabels; up++) filter.add(ancestor(name, up), false)
}

/** Fuller than it was made for it still denies nothing that exists, only less of what does not. */
function isWorn({ names, gone, capacity }: Closed): boolean {
  return names > capacity || gone > Math.max(MIN_NAMES / 8, names * MAX_GONE)
}
