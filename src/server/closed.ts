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

/**
 * Filters of what may exist in closed zones, for one configuration of one listener. A name that comes is added in the turn in which it comes; names that went
 * stay until there are many of them, and a filter that is full or stale gives way to a new one at the next denial.
 */
export class ClosedZones {
  private readonly table: Table
  private readonly known = new Map<ClosedZone, Closed>()
  private readonly forgets = new Map<ClosedZone, () => void>()

  constructor(table: Table) {
    this.table = table
  }

  /**
   * The filter of a zone, made when first asked for.
   *
   * @param others zones of others at or below it, where anything may exist
   */
  filterOf(zone: ClosedZone, zoneLabels: number, others: readonly Name[]): Closed | undefined {
    const known = this.known.get(zone)
    if (known !== undefined && !isWorn(known)) return known
    if (known !== undefined) this.table.closeFilter(known.filter)
    this.known.delete(zone)
    return this.make(zone, zoneLabels, others)
  }

  close(): void {
    for (const forget of this.forgets.values()) forget()
    for (const { filter } of this.known.values()) this.table.closeFilter(filter)
    this.forgets.clear()
    this.known.clear()
  }

  private make(zone: ClosedZone, zoneLabels: number, others: readonly Name[]): Closed | undefined {
    const names = [...zone.names()]
    const capacity = Math.max(MIN_NAMES, HEADROOM * (names.length + others.length))
    const filter = this.table.openFilter(capacity)
    if (filter === undefined) return undefined
    const closed: Closed = {
      filter,
      zoneLabels,
      versions: [],
      capacity,
      names: names.length,
      gone: 0,
    }
    for (const [name, open] of names) filter.add(name, open)
    for (const name of others) addWithWay(filter, name, zoneLabels)
    this.known.set(zone, closed)
    if (!this.forgets.has(zone)) this.forgets.set(zone, this.follow(zone))
    return closed
  }

  private follow(zone: ClosedZone): () => void {
    return zone.onChange(
      (name, open) => {
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

/** A zone of others, and the names on the way to it, below which nothing else may exist. */
function addWithWay(filter: Filter, name: Name, zoneLabels: number): void {
  filter.add(name, true)
  for (let up = 1; countLabels(name) - up > zoneLabels; up++) filter.add(ancestor(name, up), false)
}

/** Fuller than it was made for it still denies nothing that exists, only less of what does not. */
function isWorn({ names, gone, capacity }: Closed): boolean {
  return names > capacity || gone > Math.max(MIN_NAMES / 8, names * MAX_GONE)
}
