import { CLASS, TYPE } from '../../wire/codes.ts'
import { isAtOrBelow, labelsOf, type Name, name } from '../../wire/name.ts'
import type { Octets, Rr } from '../../wire/record.ts'
import { addressOctets, addressText } from './address.ts'
import { targetOf, UNSPEAKABLE } from './answers.ts'
import type { Asked } from './asked.ts'
import type { Finder } from './finder.ts'
import { type Hit, labelsOctets } from './hits.ts'
import { inZone } from './zones.ts'

const IN_ADDR = name('in-addr.arpa.')
const IP6 = name('ip6.arpa.')
/** Labels that one group of an IPv6 address takes (RFC 3596 §2.5). */
const NIBBLES_PER_GROUP = 4

/**
 * The address that a reverse name stands for (RFC 1035 §3.5, RFC 3596 §2.5), in canonical text; undefined for any other name. Labels left of a whole number of
 * IPv6 groups do not count, as with the reference.
 */
export function addressOfReverseName(folded: Name): string | undefined {
  if (folded === IN_ADDR || folded === IP6) return undefined
  const ipv4 = isAtOrBelow(folded, IN_ADDR)
  if (!ipv4 && !isAtOrBelow(folded, IP6)) return undefined
  const labels = labelsOf(folded).slice(0, -2).reverse()
  if (labels.some((label) => label.includes('.'))) return undefined
  const octets = addressOctets(ipv4 ? labels.join('.') : groups(labels).join(':'))
  if (octets === undefined || (ipv4 && octets.length !== 4)) return undefined
  return addressText(octets)
}

/**
 * PTR records of an address: the one of the Service that has it, else one for every endpoint.
 *
 * @param primary the zone that they lead to
 * @returns undefined where nobody has the address
 */
export function pointerRecords(
  finder: Finder,
  asked: Asked,
  address: string,
  primary: Name,
  ttl: number,
): Rr[] | typeof UNSPEAKABLE | undefined {
  const { reading, qname } = asked
  reading.address(address)
  const targets = serviceTarget(finder, asked, address, primary) ?? []
  if (targets.length === 0) {
    for (const hit of endpointsAt(finder, asked, address)) targets.push(targetOf(hit, primary))
  }
  if (targets.length === 0) return undefined
  if (targets.includes(undefined)) return UNSPEAKABLE
  return [...new Set(targets as Name[])].map((target) => ({
    owner: qname,
    type: TYPE.PTR,
    class: CLASS.IN,
    ttl,
    rdata: target as string as Octets,
  }))
}

function serviceTarget(
  finder: Finder,
  { reading }: Asked,
  address: string,
  primary: Name,
): (Name | undefined)[] | undefined {
  for (const service of finder.store.servicesByAddress(address)) {
    if (!finder.listed(service.namespace, reading)) continue
    const front = labelsOctets([service.name, service.namespace, 'svc'])
    return [front === undefined ? undefined : inZone(front, primary)]
  }
  return undefined
}

/** Slices whose Service is missing count too. */
function endpointsAt(finder: Finder, { reading }: Asked, address: string): Hit[] {
  return finder.store.slicesByAddress(address).flatMap((slice) => {
    if (!finder.listed(slice.namespace, reading)) return []
    const service = finder.store.service(slice.service, slice.namespace)
    return finder.hits.slice(slice, service).list.filter((hit) => hit.host.text === address)
  })
}

function groups(labels: readonly string[]): string[] {
  const found: string[] = []
  for (let at = 0; at + NIBBLES_PER_GROUP <= labels.length; at += NIBBLES_PER_GROUP) {
    found.push(labels.slice(at, at + NIBBLES_PER_GROUP).join(''))
  }
  return found
}
