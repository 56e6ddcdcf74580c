import type { Family, Gauge, Registry } from '../../admin/metrics.ts'
import type { OpenStore } from '../../kube/open.ts'

/** Stores of each registry: one for each configuration of the API, and those that a reload is about to replace. */
const told = new WeakMap<Registry, Set<OpenStore>>()

/**
 * Shows what a store holds and how fresh it is. Of several stores the objects are added up, and the oldest event counts.
 *
 * @returns what ends it
 */
export function tellStore(metrics: Registry, open: OpenStore): () => void {
  let stores = told.get(metrics)
  if (stores === undefined) {
    stores = new Set()
    told.set(metrics, stores)
    tellStores(metrics, stores)
  }
  stores.add(open)
  return () => void stores.delete(open)
}

function tellStores(metrics: Registry, stores: ReadonlySet<OpenStore>): void {
  const gauges = gaugesOf(metrics)
  metrics.onCollect(() => {
    const stats = [...stores].map((open) => open.stats())
    const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
    show(
      gauges.objects,
      stats.map(({ objects }) => objects),
      sum,
    )
    show(
      gauges.silence,
      stats.map(({ lastEventSeconds }) => lastEventSeconds),
      oldest,
    )
    gauges.endpoints.labels().set(sum(stats.map(({ endpoints }) => endpoints)))
    gauges.octets.labels().set(sum(stats.map(({ octets }) => octets)))
    tellSnapshots(gauges, [...stores])
  })
}

function gaugesOf(metrics: Registry) {
  return {
    objects: metrics.gauge('muster_kubernetes_objects', 'Objects that answers are made from.', [
      'resource',
    ]),
    endpoints: metrics.gauge('muster_kubernetes_endpoints', 'Endpoints in all slices.'),
    octets: metrics.gauge(
      'muster_kubernetes_store_bytes',
      'Memory of all records and their indexes, estimated from their numbers.',
    ),
    silence: metrics.gauge(
      'muster_kubernetes_last_event_age_seconds',
      'Seconds since the API last said anything about a resource, bookmarks included.',
      ['resource'],
    ),
    fromSnapshot: metrics.gauge(
      'muster_kubernetes_from_snapshot',
      '1 while answers are from a snapshot because the API is away, else 0.',
    ),
    written: metrics.gauge(
      'muster_kubernetes_snapshot_timestamp_seconds',
      'When the snapshot was written, in seconds since 1970; the oldest of several.',
    ),
  }
}

function tellSnapshots(
  { fromSnapshot, written }: ReturnType<typeof gaugesOf>,
  stores: readonly OpenStore[],
): void {
  const serving = stores.some((open) => open.source() === 'snapshot' && open.store.synced)
  fromSnapshot.labels().set(serving ? 1 : 0)
  const times = stores.map((open) => open.snapshotAt()).filter((at) => at !== undefined)
  if (times.length === 0) written.remove()
  else written.labels().set(Math.min(...times) / 1000)
}

const oldest = (ages: readonly number[]) => Math.max(...ages)

/** One series for each resource that any store watches. */
function show(
  family: Family<Gauge>,
  numbers: readonly Readonly<Record<string, number>>[],
  together: (numbers: readonly number[]) => number,
): void {
  const resources = new Set(numbers.flatMap((one) => Object.keys(one)))
  for (const resource of family.series.keys()) {
    if (!resources.has(resource)) family.remove(resource)
  }
  for (const resource of resources) {
    const values = numbers.map((one) => one[resource]).filter((value) => value !== undefined)
    family.labels(resource).set(together(values))
  }
}
