import { type Logger, stackOf } from '../log.ts'
import { Audit } from './audit.ts'
import { type Clock, systemClock } from './clock.ts'
import { type ClusterAddress, type Credentials, loadCredentials } from './credentials.ts'
import { CLUSTER_SERVICE_NAME_LABEL } from './decode.ts'
import { JSON_FORMAT } from './format.ts'
import { Interner } from './intern.ts'
import { MemoryStore } from './memory.ts'
import { NO_OBSERVER, type Observer } from './observer.ts'
import { PROTOBUF_FORMAT } from './protobuf-format.ts'
import { Reflector } from './reflector.ts'
import type { Selectors } from './requests.ts'
import { RESOURCES, type Resource } from './resources.ts'
import { type OpenStore, RunningStore } from './running.ts'
import { Snapshots } from './snapshots.ts'
import { Transport } from './transport.ts'

export { ConfigurationError } from './credentials.ts'
export type { OpenStore, Source, StoreStats } from './running.ts'

/** As long as a start of the reference waits. */
const SNAPSHOT_AFTER_MS = 5_000

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
  /** How long a start waits for the API before it counts that file as true; 5 s unless told otherwise. */
  readonly snapshotAfterMs?: number
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

/**
 * Reads the configuration and the credentials; asks the server nothing yet.
 *
 * @throws ConfigurationError where it cannot work, in client-go's words
 */
export async function openStore(config: StoreConfig, deps: StoreDeps): Promise<OpenStore> {
  const { log, clock = systemClock, observer = NO_OBSERVER } = deps
  const credentials = await loadCredentials(config)
  const transport = new Transport(credentials, userAgent(deps.version), clock, observer)
  const store = new MemoryStore({
    endpoints: config.endpoints,
    multicluster: config.multicluster,
    zonal: config.zonal ?? false,
    clock,
    observeLatency: (kind, seconds) => observer.latency(kind, seconds),
    onFailure: (error) => log.error(`a change was not taken by all: ${stackOf(error)}`),
  })
  const pool = new Interner()
  const shared = {
    store,
    transport,
    pool,
    clock,
    observer,
    log,
    formats: config.protobuf === false ? [JSON_FORMAT] : [PROTOBUF_FORMAT, JSON_FORMAT],
    watchList: config.watchList ?? true,
  }
  const reflectors = watchedBy(config).map(
    ([resource, selectors]) => new Reflector(RESOURCES[resource], selectors, shared),
  )
  const { snapshot, audit = true, snapshotAfterMs = SNAPSHOT_AFTER_MS } = config
  const snapshots =
    snapshot === undefined
      ? undefined
      : new Snapshots(snapshot, await sourceOf(config, credentials), shared)
  return new RunningStore({
    ...shared,
    reflectors,
    audits: audit ? reflectors.map((reflector) => new Audit(reflector, shared)) : [],
    auditNow: (reflector) => new Audit(reflector, shared).once(),
    snapshots,
    snapshotAt: await snapshots?.load(pool),
    snapshotAfterMs,
  })
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

/** What a snapshot must be of: the same selectors, at the same address. No more of a server can be known while it is away. */
async function sourceOf(config: StoreConfig, credentials: Credentials): Promise<string> {
  const server = await credentials.access().then(
    (access) => access.server,
    () => '',
  )
  return JSON.stringify([server, watchedBy(config)])
}

const LIVING_PODS = 'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown'

function userAgent(version = '0'): string {
  return `Muster/${version} (${process.platform}/${process.arch}/node${process.versions.node})`
}
