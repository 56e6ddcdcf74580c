import { ancestor, fold, isAtOrBelow, type Name, nameFromText, ROOT } from '../../wire/name.ts'
import type { Octets } from '../../wire/record.ts'
import { addressOctets, addressText } from '../kubernetes/address.ts'

/** What hosts lines say: addresses by name, and names by address. */
export interface HostsTable {
  /** Name in lower case to the RDATA of its A records. A wildcard stands under its name with the asterisk. */
  readonly ipv4: ReadonlyMap<Name, readonly Octets[]>
  readonly ipv6: ReadonlyMap<Name, readonly Octets[]>
  /** Address in canonical text to names. */
  readonly names: ReadonlyMap<string, readonly Name[]>
  /** Addresses of names and names of addresses, all together: the metric of entries. */
  readonly entries: number
}

export interface HostsRules {
  /** Names outside all of these are left out. */
  readonly zones: readonly Name[]
  /** Whether addresses lead back to names. */
  readonly reverse: boolean
}

const ASTERISK = '\x01*'

/**
 * Reads lines of hosts(5): an address, then names; `#` begins a comment anywhere. Lines that are anything else are left out without a word, and the zone of an
 * IPv6 address (`%eth0`) does not count.
 */
export function readHosts(text: string, rules: HostsRules): HostsTable {
  const ipv4 = new Map<Name, Octets[]>()
  const ipv6 = new Map<Name, Octets[]>()
  const names = new Map<string, Name[]>()
  let entries = 0
  for (const line of text.split('\n')) {
    const [address = '', ...hosts] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean)
    const octets = addressOctets(address.replace(/%.*/, ''))
    if (octets === undefined) continue
    for (const host of hosts) {
      const name = hostName(host, rules.zones)
      if (name === undefined) continue
      add(octets.length === 4 ? ipv4 : ipv6, name, octets)
      entries++
      if (!rules.reverse || name.startsWith(ASTERISK)) continue
      add(names, addressText(octets), name)
      entries++
    }
  }
  return { ipv4, ipv6, names, entries }
}

function hostName(text: string, zones: readonly Name[]): Name | undefined {
  const parsed = nameFromText(text.endsWith('.') ? text : `${text}.`)
  if (parsed === undefined) return undefined
  const name = fold(parsed)
  return zones.some((zone) => isAtOrBelow(name, zone)) ? name : undefined
}

function add<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}

/** What a name in lower case has, by its own entry or else by the wildcard of its parent. `*` alone, below the root, stands for no name. */
export function addressesOf(
  addresses: ReadonlyMap<Name, readonly Octets[]>,
  folded: Name,
): readonly Octets[] {
  if (folded === ASTERISK + ROOT) return NONE
  const own = addresses.get(folded)
  if (own !== undefined) return own
  const parent = folded.slice(folded.charCodeAt(0) + 1)
  if (parent === '' || parent === ROOT) return NONE
  return addresses.get((ASTERISK + parent) as Name) ?? NONE
}

const NONE: readonly never[] = []

/** Whether the table has an address for any name at or below a branch, a wildcard's names included. */
export function hasAtOrBelow(table: HostsTable, branch: Name): boolean {
  const places = placesOf(table)
  return (
    places.has(branch) ||
    (branch.length > 1 && places.has((ASTERISK + ancestor(branch, 1)) as Name))
  )
}

const known = new WeakMap<HostsTable, ReadonlySet<Name>>()

/** All names of a table and those that they are below of; made when first asked for. */
function placesOf(table: HostsTable): ReadonlySet<Name> {
  const before = known.get(table)
  if (before !== undefined) return before
  const places = new Set<Name>()
  for (const names of [table.ipv4.keys(), table.ipv6.keys()]) {
    for (const name of names) {
      for (let at = name; !places.has(at); at = ancestor(at, 1)) places.add(at)
    }
  }
  known.set(table, places)
  return places
}
