import { TYPE } from '../../wire/codes.ts'
import { countLabels, isAtOrBelow, join, type Name, name, ROOT } from '../../wire/name.ts'
import { type Octets, type Rr, rdata, u32 } from '../../wire/record.ts'
import type { Grammar } from './names.ts'

/** RFC 1035 §3.3.13, in seconds: what the reference gives, fixed. */
const REFRESH = 7200
const RETRY = 1800
const EXPIRE = 86_400
/** The SOA's own TTL is the records' TTL, and no more than this. */
export const MAX_SOA_TTL = 300

const IN_ADDR = name('in-addr.arpa.')
const IP6 = name('ip6.arpa.')
const NAMESERVER = name('ns.dns.')
const HOSTMASTER = name('hostmaster.')

/** Whether a zone's name ends in `.in-addr.arpa.` or `.ip6.arpa.`: the bare zones do not, and count as forward zones. */
export function isReverse(zone: Name): boolean {
  return (
    (zone !== IN_ADDR && isAtOrBelow(zone, IN_ADDR)) || (zone !== IP6 && isAtOrBelow(zone, IP6))
  )
}

/** A zone that the plugin answers for, and what can be said about it before any query. */
export class Zone {
  /** In lower case. */
  readonly name: Name
  readonly labels: number
  readonly grammar: Grammar
  /** At or below in-addr.arpa or ip6.arpa: names of Services, which no reverse zone holds, are errors there. */
  readonly holdsAddresses: boolean
  /** Zones and exceptions further down: a denial must not cover them. */
  readonly below: readonly Name[]
  readonly #timers: Octets
  readonly #ttl: number
  #soa: Rr | undefined
  #serial = -1

  constructor(zone: Name, grammar: Grammar, ttl: number, below: readonly Name[]) {
    this.name = zone
    this.labels = countLabels(zone)
    this.grammar = grammar
    this.holdsAddresses = isAtOrBelow(zone, IN_ADDR) || isAtOrBelow(zone, IP6)
    this.below = below
    this.#timers = rdata(u32(REFRESH), u32(RETRY), u32(EXPIRE), u32(ttl))
    this.#ttl = Math.min(ttl, MAX_SOA_TTL)
  }

  /**
   * @param suffix the zone's name in the client's spelling
   */
  soa(suffix: Name, serial: number): Rr {
    if (suffix !== this.name) return this.#makeSoa(suffix, serial)
    if (this.#soa === undefined || this.#serial !== serial) {
      this.#soa = this.#makeSoa(suffix, serial)
      this.#serial = serial
    }
    return this.#soa
  }

  #makeSoa(suffix: Name, serial: number): Rr {
    const names = NAMESERVER.slice(0, -1) + suffix + HOSTMASTER.slice(0, -1) + suffix
    return {
      owner: suffix,
      type: TYPE.SOA,
      class: 1,
      ttl: this.#ttl,
      rdata: rdata(names, u32(serial >>> 0), this.#timers),
    }
  }
}

/** What the zones of a block are made from. */
export interface ZonesOptions {
  readonly zones: readonly Name[]
  readonly multicluster: readonly Name[]
  readonly fallthrough: readonly Name[]
  readonly zonal: boolean
  readonly ttl: number
}

/** The plugin's zones, the longest first. */
export class Zones {
  readonly #zones: readonly Zone[]

  constructor(options: ZonesOptions) {
    const names = [...new Set(options.zones)].sort((a, b) => b.length - a.length)
    // Reverse names have answers in a zone above them, such as the root, too.
    const exceptions = [...options.zones, ...options.fallthrough, IN_ADDR, IP6]
    this.#zones = names.map((zone) => {
      const grammar = {
        multicluster: options.multicluster.some((above) => isAtOrBelow(zone, above)),
        zonal: options.zonal,
      }
      const below = exceptions.filter((other) => other !== zone && isAtOrBelow(other, zone))
      return new Zone(zone, grammar, options.ttl, below)
    })
  }

  /** The longest zone at or above the name. */
  match(folded: Name): Zone | undefined {
    for (const zone of this.#zones) {
      if (folded.endsWith(zone.name) && isAtOrBelow(folded, zone.name)) return zone
    }
    return undefined
  }

  [Symbol.iterator](): Iterator<Zone> {
    return this.#zones[Symbol.iterator]()
  }
}

/** `front` before the zone; undefined when that is too long for a name. */
export function inZone(front: Octets, suffix: Name): Name | undefined {
  return join((front + ROOT) as Name, suffix)
}
