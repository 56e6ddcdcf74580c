import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Registry } from '../../admin/metrics.ts'
import { type Clock, systemClock } from '../../kube/clock.ts'
import { Inspector } from '../../kube/inspect.ts'
import { type OpenStore, openStore, type StoreConfig } from '../../kube/open.ts'
import type { Resource } from '../../kube/resources.ts'
import { type Stamps, type Store, stampKey } from '../../kube/store.ts'
import type { Logger } from '../../log.ts'
import type { Versions } from '../lifetime.ts'
import type { LiveSerials } from '../reply.ts'
import type { Setup, Shared } from '../setup.ts'
import type { ClusterStanding } from '../standing.ts'
import type { Config } from './config.ts'
import { firstListeners } from './first.ts'
import { observerOf } from './metrics.ts'
import { serialName } from './replies.ts'
import { tellStore } from './store-metrics.ts'

/** How often a start that waits for the API says so. */
export const WAITING_LOG_MS = 500

/** A store that all blocks with the same configuration share, and that outlives reloads. */
export class SharedStore implements Shared {
  /** Name of the store among several. */
  readonly name: string
  readonly #opened: Promise<OpenStore>
  #open: OpenStore | undefined
  #started = false
  #untell = (): void => {}

  constructor(name: string, opened: Promise<OpenStore>, metrics: Registry) {
    this.name = name
    this.#opened = opened
    opened.then(
      (open) => {
        this.#open = open
        this.#untell = tellStore(metrics, open)
      },
      // Whoever set it up asks for it and is told; this only keeps the process from ending before.
      () => {},
    )
  }

  /** For the readiness page: where the answers are from, if that is not the API. */
  note(): string | undefined {
    const [open, at] = [this.#open, this.#open?.snapshotAt()]
    if (open?.source() !== 'snapshot' || !open.store.synced || at === undefined) return undefined
    return `the API server is away, answers are from a snapshot of ${new Date(at).toISOString()}`
  }

  /** How fresh the store is; undefined before it is opened. */
  standing(): ClusterStanding | undefined {
    const open = this.#open
    if (open === undefined) return undefined
    const { objects, lastEventSeconds } = open.stats()
    const watches = Object.entries(lastEventSeconds).map(([resource, seconds]) => ({
      resource,
      objects: objects[resource as Resource] ?? 0,
      silentSeconds: Number.isFinite(seconds) ? seconds : undefined,
    }))
    return { id: this.name, synced: open.store.synced, source: open.source(), watches }
  }

  /** @throws ConfigurationError */
  async store(): Promise<Store> {
    return (await this.#opened).store
  }

  /** Begins to watch, once. */
  async start(): Promise<void> {
    const opened = await this.#opened
    if (!this.#started) opened.start()
    this.#started = true
  }

  async close(): Promise<void> {
    const opened = await this.#opened.catch(() => undefined)
    await opened?.stop()
    this.#untell()
  }
}

/** The store that the block asks for. */
export function sharedStore(setup: Setup, config: Config): SharedStore {
  const wanted = storeConfig(config, setup)
  const name = nameOf(wanted)
  return setup.shared(`kubernetes:${name}`, () => {
    const { log, host, metrics, versions, serials } = setup
    const deps = { log, observer: observerOf(metrics), version: host.version }
    const opened = openStore(wanted, deps).then((open) => {
      tellChanges(open.store, name, versions, serials)
      return open
    })
    return new SharedStore(name, opened, metrics)
  })
}

/** Looks at whole objects of the block's cluster; asks for credentials only once it is used. */
export function inspectorOf(setup: Setup, config: Config): Inspector {
  return new Inspector(storeConfig(config, setup), { version: setup.host.version })
}

/** Every change of a store ends the replies made from what changed. */
export function tellChanges(
  store: Store,
  name: string,
  versions: Versions,
  serials: LiveSerials | undefined,
): void {
  const whole = `whole:${name}`
  const noteSerial = (stamp: keyof Stamps) =>
    serials?.set(serialName(name, stamp), store.stamps[stamp])
  for (const stamp of STAMPS) noteSerial(stamp)
  const firsts = firstListeners(store)
  store.onChange((keys) => {
    try {
      for (const first of firsts) first(keys)
      for (const stamp of STAMPS) if (keys.includes(stampKey(stamp))) noteSerial(stamp)
    } finally {
      versions.bump([...keys, whole])
    }
  })
}

const STAMPS: readonly (keyof Stamps)[] = ['internal', 'multicluster', 'external']

/** Waits until the store is synced, and no longer than `timeoutMs` or until `stopped`, with a line of the log from time to time. */
export async function waitForSync(
  store: Store,
  timeoutMs: number,
  log: Logger,
  { clock = systemClock, stopped }: { clock?: Pick<Clock, 'after'>; stopped?: AbortSignal } = {},
): Promise<void> {
  if (store.synced) return
  const done = Promise.withResolvers<void>()
  const forget = store.onChange(() => {
    if (store.synced) done.resolve()
  })
  let cancelLine = () => {}
  const sayLater = () => {
    cancelLine = clock.after(WAITING_LOG_MS, () => {
      log.info('waiting for Kubernetes API before starting server')
      sayLater()
    })
  }
  sayLater()
  const cancelTimeout = clock.after(timeoutMs, done.resolve)
  stopped?.addEventListener('abort', () => done.resolve())
  await done.promise
  cancelLine()
  cancelTimeout()
  forget()
  if (stopped?.aborted) return
  if (!store.synced) log.warning('starting server with unsynced Kubernetes API')
}

function storeConfig(config: Config, setup: Setup): StoreConfig {
  const { endpoint, tls, kubeconfig } = config.api
  return {
    kubeconfig: kubeconfig && { path: kubeconfig.file, context: kubeconfig.context },
    endpoint,
    tls,
    environment: setup.host.environment,
    labels: config.labels,
    namespaceLabels: config.namespaceLabels,
    endpoints: config.endpoints,
    pods: config.pods === 'verified',
    multicluster: config.multicluster.length > 0,
    zonal: config.zonal,
    snapshot: config.snapshot,
    snapshotAfterMs: config.startupTimeoutMs,
  }
}

/** The same configuration has the same name, and a kubeconfig that was written anew another. */
function nameOf({ environment, snapshotAfterMs: _, ...config }: StoreConfig): string {
  const inCluster = config.kubeconfig === undefined && config.endpoint === undefined
  const told = {
    ...config,
    server: inCluster
      ? [environment?.KUBERNETES_SERVICE_HOST, environment?.KUBERNETES_SERVICE_PORT]
      : config.kubeconfig && contentOf(config.kubeconfig.path),
  }
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 16)
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
