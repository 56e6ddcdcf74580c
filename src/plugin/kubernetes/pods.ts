import type { Store } from '../../kube/store.ts'

/**
 * `NAMESPACE/NAME` of the Pod with an address: by the Pods themselves where they are watched (`pods verified`), else by what endpoints say is behind the address. Undefined
 * for an address that several share, as on a node's own network.
 */
export function podAt(store: Store, address: string): string | undefined {
  const found = new Set<string>()
  for (const { namespace, name } of store.podsByAddress(address)) found.add(`${namespace}/${name}`)
  if (found.size === 0) {
    for (const { namespace, endpoints } of store.slicesByAddress(address)) {
      for (const endpoint of endpoints) {
        if (endpoint.address !== address || endpoint.podName === '') continue
        found.add(`${namespace}/${endpoint.podName}`)
      }
    }
  }
  const [pod] = found
  return found.size === 1 ? pod : undefined
}
