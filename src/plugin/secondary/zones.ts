import type { Logger } from '../../log.ts'
import type { Peer } from '../../net/upstream/outcome.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import type { Rr } from '../../wire/record.ts'
import { closest } from '../file/closest.ts'
import type { Lifetime, Versions } from '../lifetime.ts'
import { whileStanding } from '../lifetime.ts'
import { covers } from '../zones.ts'
import { type Member, membersOf } from './catalog.ts'
import { type SecondaryParts, SecondaryZone } from './secondary-zone.ts'

/** Members of all catalogs together: a catalog that lists more is not followed beyond. */
export const MAX_MEMBERS = 10_000

/** A zone of the Corefile. */
export interface ConfiguredZone {
  readonly origin: Name
  readonly primaries: readonly Peer[]
  /** Where members may be, if the zone is a catalog: empty for anywhere; undefined when it is none. */
  readonly memberZones: readonly Name[] | undefined
}

interface ListedZone {
  readonly catalog: Name
  readonly id: string
}

/** The zones of the Corefile, and those that catalogs among them list (RFC 9432). */
export class SecondaryZones {
  private readonly zones = new Map<Name, SecondaryZone>()
  private readonly listed = new Map<Name, ListedZone>()
  private readonly catalogs = new Map<Name, readonly Member[]>()
  private readonly common: Omit<SecondaryParts, 'origin' | 'primaries' | 'inspect'>
  private readonly key = 'zones:secondary'
  private readonly log: Logger
  private readonly versions: Versions
  private running = false

  constructor(
    configured: Iterable<ConfiguredZone>,
    common: Omit<SecondaryParts, 'origin' | 'primaries' | 'inspect'>,
  ) {
    this.common = common
    this.log = common.log
    this.versions = common.versions
    for (const { origin, primaries, memberZones } of configured) {
      const inspect =
        memberZones === undefined
          ? {}
          : {
              inspect: (records: readonly Rr[]) =>
                this.apply(origin, primaries, memberZones, records),
            }
      this.zones.set(origin, new SecondaryZone({ ...common, origin, primaries, ...inspect }))
    }
  }

  start(): void {
    this.running = true
    for (const zone of this.zones.values()) void zone.run()
  }

  stop(): void {
    this.running = false
    for (const zone of this.zones.values()) zone.stop()
  }

  zone(origin: Name): SecondaryZone | undefined {
    return this.zones.get(origin)
  }

  /** The zone with the longest origin that a name is in. */
  zoneFor(folded: Name): SecondaryZone | undefined {
    return closest(this.zones, folded)
  }

  /** How long the list of zones stands; to be asked for before it is read. */
  lifetime(): Lifetime {
    const slot = this.versions.slot(this.key)
    return whileStanding([{ slot, version: this.versions.read(slot) }])
  }

  /** Takes over what a catalog lists: zones are added, begin anew, or go. */
  private apply(
    catalog: Name,
    primaries: readonly Peer[],
    memberZones: readonly Name[],
    records: readonly Rr[],
  ): void {
    const members = membersOf(catalog, records)
    const allowed = members.filter(
      ({ zone }) => memberZones.length === 0 || covers(memberZones, zone),
    )
    this.catalogs.set(catalog, members)
    for (const member of allowed) this.take(catalog, primaries, member)
    const kept = new Set(allowed.map(({ zone }) => zone))
    for (const [zone, { catalog: owner }] of [...this.listed]) {
      if (owner === catalog && !kept.has(zone)) this.remove(zone, catalog)
    }
    const rejected = members.length - allowed.length
    if (rejected > 0) {
      this.log.warning(
        `Skipped ${rejected} member zones from catalog ${nameToText(catalog)}: outside configured member zones`,
      )
    }
    this.log.info(`Parsed catalog zone ${nameToText(catalog)} with ${members.length} member zones`)
  }

  private take(catalog: Name, primaries: readonly Peer[], member: Member): void {
    const [zone, from] = [nameToText(member.zone), nameToText(catalog)]
    const known = this.listed.get(member.zone)
    if (known?.catalog === catalog && known.id === member.id) return
    if (this.zones.has(member.zone) && known === undefined) {
      this.log.warning(`Skipping catalog member zone ${zone} from ${from}: zone already exists`)
      return
    }
    if (known === undefined) {
      if (this.listed.size >= MAX_MEMBERS) {
        this.log.warning(
          `Skipping catalog member zone ${zone} from ${from}: more than ${MAX_MEMBERS}`,
        )
        return
      }
      this.replace(catalog, primaries, member, false)
      this.log.info(`Added catalog member zone ${zone} from catalog ${from}`)
    } else if (known.catalog === catalog) {
      this.replace(catalog, primaries, member, false)
      this.log.info(
        `Reset catalog member zone ${zone} from ${from} after member ID changed from ${known.id} to ${member.id}`,
      )
    } else this.migrate(catalog, primaries, member, known)
  }

  /** A member changes its catalog only where the old one says so, and keeps its records only under the same label. */
  private migrate(
    catalog: Name,
    primaries: readonly Peer[],
    member: Member,
    known: ListedZone,
  ): void {
    const [zone, from] = [nameToText(member.zone), nameToText(catalog)]
    const source = this.catalogs.get(known.catalog)?.find((other) => other.zone === member.zone)
    if (source?.changeOfOwnership !== catalog) {
      this.log.warning(`Skipping catalog member zone ${zone} from ${from}: zone already exists`)
      return
    }
    const keeps = source.id === member.id && known.id === member.id
    this.replace(catalog, primaries, member, keeps)
    const how = keeps
      ? `preserving state for member ID ${member.id}`
      : `with state reset after member identity changed from ${source.id} to ${member.id}`
    this.log.info(
      `Migrated catalog member zone ${zone} from catalog ${nameToText(known.catalog)} to ${from}, ${how}`,
    )
  }

  private replace(catalog: Name, primaries: readonly Peer[], member: Member, keeps: boolean): void {
    const before = this.zones.get(member.zone)
    before?.stop()
    const data = keeps ? before?.last : undefined
    const zone = new SecondaryZone({ ...this.common, origin: member.zone, primaries }, data)
    this.zones.set(member.zone, zone)
    this.listed.set(member.zone, { catalog, id: member.id })
    this.relist()
    if (this.running) void zone.run()
  }

  private remove(zone: Name, catalog: Name): void {
    this.zones.get(zone)?.stop()
    this.zones.delete(zone)
    this.listed.delete(zone)
    this.relist()
    this.log.info(
      `Removed catalog member zone ${nameToText(zone)} from catalog ${nameToText(catalog)}`,
    )
  }

  private relist(): void {
    this.versions.bump([this.key])
  }
}
