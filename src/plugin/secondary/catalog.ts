import { CLASS, TYPE } from '../../wire/codes.ts'
import { fold, isAtOrBelow, labelsOf, type Name, name, nameToText } from '../../wire/name.ts'
import type { Rr } from '../../wire/record.ts'

const VERSION = '2'

/** A zone that a catalog lists. */
export interface Member {
  /** The label that it is listed under: another one means that the zone begins anew (RFC 9432 §5.4). */
  readonly id: string
  readonly zone: Name
  /** The catalog that may take it over (RFC 9432 §4.3.1). */
  readonly changeOfOwnership: Name | undefined
}

/**
 * The members of a catalog zone (RFC 9432), in the order of their labels.
 *
 * @throws Error for a catalog that is broken, which must not be applied
 */
export function membersOf(origin: Name, records: readonly Rr[]): Member[] {
  const text = nameToText(origin)
  const zones = `\x05zones${origin}` as Name
  checkApex(origin, records)
  const pointers = new Map<string, Name[]>()
  const owners = new Map<string, Name[]>()
  for (const rr of records) {
    const owner = fold(rr.owner)
    if (rr.type !== TYPE.PTR || !isAtOrBelow(owner, zones)) continue
    const labels = labelsOf(owner).slice(0, labelsOf(owner).length - labelsOf(zones).length)
    const target = fold(rr.rdata as string as Name)
    if (labels.length === 1) add(pointers, labels[0] as string, target)
    else if (labels.length === 2 && labels[0] === 'coo') add(owners, labels[1] as string, target)
  }
  const listed = new Map<Name, string>()
  return [...pointers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, targets]) => {
      const [zone, ...more] = targets
      if (zone === undefined || more.length > 0) {
        throw new Error(`catalog member ${id}.zones.${text} must have exactly one PTR record`)
      }
      const other = listed.get(zone)
      if (other !== undefined) {
        throw new Error(
          `catalog member zone ${nameToText(zone)} is listed by both ${other} and ${id}`,
        )
      }
      listed.set(zone, id)
      const changes = owners.get(id) ?? []
      if (changes.length > 1)
        throw new Error(`catalog member ${id} has more than one coo PTR record`)
      return { id, zone, changeOfOwnership: changes[0] }
    })
}

function checkApex(origin: Name, records: readonly Rr[]): void {
  const text = nameToText(origin)
  const at = (owner: Name, type: number) =>
    records.filter((rr) => rr.type === type && fold(rr.owner) === owner)
  if (records.some((rr) => rr.class !== CLASS.IN)) {
    throw new Error(`catalog zone ${text} contains non-IN record`)
  }
  if (at(origin, TYPE.SOA).length === 0) throw new Error(`catalog zone ${text} has no SOA record`)
  if (at(origin, TYPE.NS).length === 0) throw new Error(`catalog zone ${text} has no NS record`)
  const versions = at((name('version').slice(0, -1) + origin) as Name, TYPE.TXT)
  if (versions.length !== 1) {
    throw new Error(`catalog zone ${text} must have exactly one version TXT record`)
  }
  const version = textOf((versions[0] as Rr).rdata)
  if (version !== VERSION) {
    throw new Error(`catalog zone ${text} has unsupported version ${JSON.stringify(version)}`)
  }
}

function add(map: Map<string, Name[]>, id: string, target: Name): void {
  map.set(id, [...(map.get(id) ?? []), target])
}

/** The character-strings of a TXT, one after the other. */
function textOf(rdata: string): string {
  let text = ''
  for (let at = 0; at < rdata.length; at += rdata.charCodeAt(at) + 1) {
    text += rdata.slice(at + 1, at + 1 + rdata.charCodeAt(at))
  }
  return text
}
