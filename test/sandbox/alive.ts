import { type Cluster, type ClusterOptions, createCluster } from '../../src/sandbox/index.ts'
import type { Json } from '../../src/sandbox/types.ts'

/** A cluster with controllers that take no time over anything; their errors fail the test. */
export async function aliveCluster(options: ClusterOptions = {}): Promise<Cluster> {
  return createCluster({
    serviceCidrs: ['10.96.0.0/12', 'fd00:10:96::/112'],
    controllers: { times: { startMs: 0, readyMs: 0, stopMs: 0 } },
    onError: (error) => {
      throw error
    },
    ...options,
  })
}

/** Resolves once the condition holds, looked at after each change. */
export function until(cluster: Cluster, condition: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!condition()) return
      unsubscribe()
      resolve()
    }
    const unsubscribe = cluster.storage.subscribe(look)
    look()
  })
}

/** Names of the Pods of a namespace that are not going. */
export function podNames(cluster: Cluster): string[] {
  return pods(cluster).map((pod) => pod.metadata.name)
}

export function pods(cluster: Cluster): Json[] {
  return cluster
    .list('v1', 'Pod', 'default')
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
}

export function readyPods(cluster: Cluster): Json[] {
  return pods(cluster).filter((pod) =>
    pod.status.conditions?.some((one: Json) => one.type === 'Ready' && one.status === 'True'),
  )
}

export function slices(cluster: Cluster, service: string): Json[] {
  return cluster
    .list('discovery.k8s.io/v1', 'EndpointSlice', 'default')
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === service)
}

export function endpoints(cluster: Cluster, service: string): Json[] {
  return slices(cluster, service).flatMap((slice) => slice.endpoints)
}

/** A merge patch, as a shorthand. */
export function change(cluster: Cluster, kind: string, name: string, body: Json): Json {
  const apiVersion = ['Pod', 'Service', 'Node'].includes(kind) ? 'v1' : 'apps/v1'
  const named = { apiVersion, kind, metadata: { name, namespace: 'default' } }
  return cluster.patch(named, { type: 'merge', body })
}
