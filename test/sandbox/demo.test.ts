import { fileURLToPath } from 'node:url'
import t from 'tap'
import { SERVICE_CIDRS } from '../../src/demo.ts'
import { type Cluster, createCluster, readManifests } from '../../src/sandbox/index.ts'
import type { Json } from '../../src/sandbox/types.ts'
import { aliveCluster, until } from './alive.ts'

const folder = fileURLToPath(new URL('../../deploy/demo', import.meta.url))
/** The first five scenes with their Pods and slices spelled out. */
const spelledOut = fileURLToPath(new URL('fixtures/demo', import.meta.url))

/** What DNS can tell of a cluster's slices, without the names that are made up. */
function facts(cluster: Cluster): string[] {
  const all = cluster.list('discovery.k8s.io/v1', 'EndpointSlice').flatMap((slice) => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name']
    const ports = slice.ports.map((port: Json) => `${port.name}/${port.port}/${port.protocol}`)
    // The last scene's addresses are not pinned.
    if (slice.metadata.namespace === 'shop') return []
    return slice.endpoints.map((one: Json) => {
      const { ready, serving, terminating } = one.conditions
      const conditions = `${ready} ${serving} ${terminating}`
      const where = `${slice.metadata.namespace}/${service} ${slice.addressType} ${ports.sort()}`
      return `${where} ${one.addresses} ${one.hostname ?? '-'} ${conditions}`
    })
  })
  return all.sort()
}

t.test(
  'the workloads of the demonstration become the very endpoints that are spelled out',
  async (t) => {
    const written = await createCluster({ serviceCidrs: SERVICE_CIDRS })
    t.teardown(() => written.close())
    written.apply(readManifests(spelledOut))
    const alive = await aliveCluster({ serviceCidrs: SERVICE_CIDRS })
    t.teardown(() => alive.close())
    alive.apply(readManifests(folder))
    const wanted = facts(written)
    await until(alive, () => facts(alive).join() === wanted.join())
    t.same(facts(alive), wanted)
    const addresses = (cluster: Cluster) =>
      cluster
        .list('v1', 'Service')
        .filter((one) => one.metadata.namespace !== 'shop')
        .map((one) => `${one.metadata.namespace}/${one.metadata.name} ${one.spec.clusterIP}`)
    t.same(addresses(alive), addresses(written))
  },
)
