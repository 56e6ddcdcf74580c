import { sameEndpoint } from './compare.ts'
import type { Endpoint, Service, Slice } from './facts.ts'
import { addressKey } from './store.ts'

/** Keys of the addresses that a reverse look-up may now see differently, and of no others: most of a slice stays. */
export function addChangedAddresses(
  before: Slice | undefined,
  after: Slice | undefined,
  keys: Set<string>,
): void {
  if (before?.service === after?.service && before !== undefined && after !== undefined) {
    const kept = stayingAddresses(before.endpoints, after.endpoints)
    for (const slice of [before, after]) {
      for (const { address } of slice.endpoints) {
        if (!kept.has(address)) keys.add(addressKey(address))
      }
    }
    return
  }
  for (const slice of [before, after]) {
    for (const { address } of slice?.endpoints ?? []) keys.add(addressKey(address))
  }
}

/** The cluster's addresses of a Service. */
export function* addressesOf(service: Service | undefined): Generator<string, undefined> {
  if (service === undefined) return
  for (const address of service.clusterIPs) if (address !== 'None' && address !== '') yield address
}

/** Addresses that both lists have once and with equal entries. */
function stayingAddresses(before: readonly Endpoint[], after: readonly Endpoint[]): Set<string> {
  const old = onceOnly(before)
  const staying = new Set<string>()
  for (const [address, endpoint] of onceOnly(after)) {
    const other = old.get(address)
    if (endpoint !== null && other != null && sameEndpoint(other, endpoint)) staying.add(address)
  }
  return staying
}

/** The entry of each address; null for an address with several. */
function onceOnly(endpoints: readonly Endpoint[]): Map<string, Endpoint | null> {
  const entries = new Map<string, Endpoint | null>()
  for (const endpoint of endpoints) {
    entries.set(endpoint.address, entries.has(endpoint.address) ? null : endpoint)
  }
  return entries
}
