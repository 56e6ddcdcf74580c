import type { Logger } from '../log.ts'
import { Audit } from './audit.ts'
import { type Clock, systemClock } from './clock.ts'
import { type ClusterAddress, loadCredentials } from './credentials.ts'
import { CLUSTER_SERVICE_NAME_LABEL } from './decode.ts'
import { JSON_FORMAT } from './format.ts'
import { Interner } from './intern.ts'
import { MemoryStore } from './memory.ts'
import { NO_OBSERVER, type Observer } from './observer.ts'
import { PROTOBUF_FORMAT } from './protobuf-format.ts'
import { Reflector } from './reflector.ts'
import type { Selectors } from './requests.ts'
import { RESOURCES, type Resource } from './resources.ts'
import { Snapshots } from './snapshots.ts'
import type { Store } from './store.ts'
import { Transport } from './transport.ts'

export { ConfigurationError } from './credentials.ts'

/** What to watch, and where. Selectors are in canonical text, as `selector.ts` gives it. */
export interface StoreConfig extends ClusterAddress {
  /** Label selector for Services, slices and Pods. */
  readonly labels?: string | undefined
  /** Label selector for Namespaces, and for ServiceImports too, as the reference has it. */
  readonly namespaceLabels?: string | undefined
  /** Watch slices for Services; off for `noendpoints`. */
  readonly endpoints: boolean
  /** Watch Pods: `pods verified`. */
  readonly pods: boolean
  /** Watch ServiceImports, and their slices. */
  readonly multicluster: boolean
  /** Zones of endpoints move the serial. */
  readonly zonal?: boolean
  /** Lists as a stream where the server can; on unless told otherwise. */
  readonly watchList?: boolean
  /** File that the store is kept in, to start from while the API is away. */
  readonly snapshot?: string | undefined
  /** Compare the store with the server now and then; on unless told otherwise. */
  readonly audit?: boolean
  /** Protobuf where the server has it; on unless told otherwise. */
  readonly protobuf?: boolean
}

export interface StoreDeps {
  readonly log: Logger
  readonly clock?: Clock
  readonly observer?: Observer
  /** For the User-Agent. */
  readonly version?: string
}

export interface StoreStats {
  readonly objects: { readonly [R in Resource]?: number }
  readonly endpoints: number
  /** Roughly, from measured averages. */
  readonly octets: number
  /** Seconds since the server last said anything about a resource, bookmarks included. */
  readonly lastEventSeconds: { readonly [R in Resource]?: number }
  readonly resourceVersions: { readonly [R in Resource]?: string }
}

/** Where the records come from: nowhere yet, a file of an earlier run, or the API server. */
export type Source = 'none' | 'snapshot' | 'api'

/** A store with the watches that feed it. */
export interface OpenStore {
  readonly store: Store
  /** Begins to watch, in the background, for as long as it takes. */
  start(): void
  stop(): Promise<void>
  /**
   * Where the API does not answer in that time and there is a snapshot, the store counts as synced from then on.
   *
   * @returns whether the store is synced
   */
  whenSynced(timeoutMs: number): Promise<boolean>
  /** Has everything listed anew; answers stay as they are meanwhile. */
  relist(): void
  /** Audits everything now. @returns how many records were put right */
  audit(): Promise<number>
  /** `snapshot` until the API server has given the first complete lists. */
  source(): Source
  stats(): StoreStats
}

/**
 * Reads the configuration and the credentials; asks the server nothing yet.
 *
 * @throws ConfigurationError where it cannot work, in client-go's words
 */
export async function openStore(config: StoreConfig, deps: StoreDeps): Promise<OpenStore> {
  const clock = deps.clock ?? systemClock
  const observer = deps.observer ?? NO_OBSERVER
  const credentials = await loadCredentials(config)
  const transport = new Transport(credentials, userAgent(deps.version), clock, observer)
  const store = new MemoryStore({
    endpoints: config.endpoints,
    multicluster: config.multicluster,
    zonal: config.zonal ?? false,
    clock,
    observeLatency: (kind, seconds) => observer.latency(kind, seconds),
  })
  const pool = new Interner()
  const formats = config.protobuf === false ? [JSON_FORMAT] : [PROTOBUF_FORMAT, JSON_FORMAT]
  const shared = { store, transport, pool, clock, observer, log: deps.log, formats }
  const reflectors = watchedBy(config).map(
    ([resource, selectors]) =>
      new Reflector(RESOURCES[resource], selectors, {
        ...shared,
        watchList: config.watchList ?? true,
      }),
  )
  const audits = reflectors.map((reflector) => new Audit(reflector, shared))
  const synced = Promise.withResolvers<void>()
  const snapshots =
    config.snapshot === undefined
      ? undefined
      : new Snapshots(config.snapshot, sourceOf(config), { store, clock, log: deps.log })
  const snapshotAt = await snapshots?.load(pool)
  let source: Source = snapshotAt === undefined ? 'none' : 'snapshot'
  let running: Promise<unknown> | undefined
  let stopped = false
  let auditing: Promise<unknown> | undefined
  return {
    store,
    start() {
      if (running !== undefined) return
      running = Promise.all(reflectors.map((reflector) => reflector.run()))
      void Promise.all(reflectors.map((reflector) => reflector.listed)).then(() => {
        source = 'api'
        store.markSynced()
        synced.resolve()
        if (stopped) return
        snapshots?.start()
        if (config.audit !== false) auditing = Promise.all(audits.map((audit) => audit.run()))
      })
    },
    async stop() {
      stopped = true
      for (const reflector of reflectors) reflector.stop()
      for (const audit of audits) audit.stop()
      await Promise.all([running, auditing])
      if (source === 'api') await snapshots?.stop()
      transport.close()
    },
    async whenSynced(timeoutMs) {
      const late = Promise.withResolvers<void>()
      const cancel = clock.after(timeoutMs, late.resolve)
      await Promise.race([synced.promise, late.promise])
      cancel()
      if (!store.synced && snapshotAt !== undefined) {
        const written = new Date(snapshotAt).toISOString()
        deps.log.warning(`The API server is away: answering from a snapshot of ${written}`)
        store.markSynced()
      }
      return store.synced
    },
    async audit() {
      let repaired = 0
      for (const audit of audits) {
        const result = await audit.once()
        if ('repaired' in result) repaired += result.repaired
      }
      return repaired
    },
    relist() {
      for (const reflector of reflectors) reflector.relist('asked')
    },
    source: () => source,
    stats: () => statsOf(store, reflectors),
  }
}

/** What to watch, with which selectors (reference notes §5.3). */
export function watchedBy(config: StoreConfig): [Resource, Selectors][] {
  const { labels, namespaceLabels, endpoints, pods, multicluster } = config
  const watched: [Resource, Selectors][] = [
    ['services', { label: labels }],
    ['namespaces', { label: namespaceLabels }],
  ]
  // The slices of imports are among all slices, so they need a watch of their own only where those are not wanted.
  if (endpoints) watched.push(['endpointslices', { label: labels }])
  else if (multicluster) {
    const label = [labels, CLUSTER_SERVICE_NAME_LABEL].filter(Boolean).join(',')
    watched.push(['endpointslices', { label }])
  }
  if (multicluster) watched.push(['serviceimports', { label: namespaceLabels }])
  if (pods) watched.push(['pods', { label: labels, field: LIVING_PODS }])
  return watched
}

/** What a snapshot must be of. */
function sourceOf(config: StoreConfig): string {
  const { kubeconfig, endpoint, tls } = config
  return JSON.stringify([kubeconfig ?? endpoint ?? 'in-cluster', tls ?? null, watchedBy(config)])
}

const LIVING_PODS = 'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown'

/** Octets of one record with its share of the indexes, as measured by test/bench/load-cluster.ts. */
const OCTETS_EACH: { readonly [R in Resource]: number } = {
  services: 480,
  endpointslices: 400,
  namespaces: 150,
  pods: 400,
  serviceimports: 400,
}
const OCTETS_PER_ENDPOINT = 240

function statsOf(store: MemoryStore, reflectors: readonly Reflector[]): StoreStats {
  const objects: Partial<Record<Resource, number>> = {}
  const lastEventSeconds: Partial<Record<Resource, number>> = {}
  const resourceVersions: Partial<Record<Resource, string>> = {}
  let octets = store.endpointCount * OCTETS_PER_ENDPOINT
  for (const reflector of reflectors) {
    const { resource } = reflector.kind
    objects[resource] = store.shelves[resource].size
    lastEventSeconds[resource] = reflector.silenceSeconds
    resourceVersions[resource] = reflector.resourceVersion
    octets += store.shelves[resource].size * OCTETS_EACH[resource]
  }
  return { objects, endpoints: store.endpointCount, octets, lastEventSeconds, resourceVersions }
}

function userAgent(version = '0'): string {
  return `Muster/${version} (${process.platform}/${process.arch}/node${process.versions.node})`
}
