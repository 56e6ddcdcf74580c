import type { Logger } from '../log.ts'
import type { Audit, AuditResult } from './audit.ts'
import type { Clock } from './clock.ts'
import type { MemoryStore } from './memory.ts'
import type { Reflector } from './reflector.ts'
import type { Resource } from './resources.ts'
import type { Snapshots } from './snapshots.ts'
import { type Store, SYNCED_KEY } from './store.ts'
import type { Transport } from './transport.ts'

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
  /** @returns whether the store was synced by then */
  whenSynced(timeoutMs: number): Promise<boolean>
  /** Has everything listed anew; answers stay as they are meanwhile. */
  relist(): void
  /** Audits everything now. @returns how many records were put right */
  audit(): Promise<number>
  /** `snapshot` until the API server has given the first complete lists. */
  source(): Source
  /** When the snapshot on the disk was written, in milliseconds since 1970; undefined where there is none. */
  snapshotAt(): number | undefined
  stats(): StoreStats
}

export interface RunningParts {
  readonly store: MemoryStore
  readonly transport: Transport
  readonly reflectors: readonly Reflector[]
  /** Those that run by themselves. */
  readonly audits: readonly Audit[]
  readonly auditNow: (reflector: Reflector) => Promise<AuditResult>
  readonly snapshots: Snapshots | undefined
  /** When the records that are in the store already were written. */
  readonly snapshotAt: number | undefined
  readonly snapshotAfterMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** What {@link OpenStore} promises, out of its parts. */
export class RunningStore implements OpenStore {
  readonly store: Store
  readonly #parts: RunningParts
  readonly #synced = Promise.withResolvers<void>()
  #source: Source
  #running: Promise<unknown>[] = []
  #stopped = false
  #forgetSnapshot = (): void => {}

  constructor(parts: RunningParts) {
    this.store = parts.store
    this.#parts = parts
    this.#source = parts.snapshotAt === undefined ? 'none' : 'snapshot'
    const unlisten = parts.store.onChange((keys) => {
      if (keys[0] !== SYNCED_KEY) return
      unlisten()
      this.#synced.resolve()
    })
  }

  start(): void {
    if (this.#running.length > 0 || this.#stopped) return
    const { reflectors, clock, snapshotAt, snapshotAfterMs } = this.#parts
    this.#running = reflectors.map((reflector) => reflector.run())
    void Promise.all(reflectors.map(({ listed }) => listed)).then(() => this.#listed())
    if (snapshotAt === undefined) return
    this.#forgetSnapshot = clock.after(snapshotAfterMs, () => this.#trustSnapshot(snapshotAt))
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#forgetSnapshot()
    for (const part of [...this.#parts.reflectors, ...this.#parts.audits]) part.stop()
    await Promise.all(this.#running)
    await this.#parts.snapshots?.stop()
    this.#parts.transport.close()
  }

  async whenSynced(timeoutMs: number): Promise<boolean> {
    const late = Promise.withResolvers<void>()
    const cancel = this.#parts.clock.after(timeoutMs, late.resolve)
    await Promise.race([this.#synced.promise, late.promise])
    cancel()
    return this.store.synced
  }

  async audit(): Promise<number> {
    let repaired = 0
    for (const reflector of this.#parts.reflectors) {
      const result = await this.#parts.auditNow(reflector)
      if ('repaired' in result) repaired += result.repaired
    }
    return repaired
  }

  relist(): void {
    for (const reflector of this.#parts.reflectors) reflector.relist('asked')
  }

  source(): Source {
    return this.#source
  }

  snapshotAt(): number | undefined {
    return this.#parts.snapshots?.at
  }

  stats(): StoreStats {
    return statsOf(this.#parts.store, this.#parts.reflectors)
  }

  /** Everything has been listed once. */
  #listed(): void {
    const fromSnapshot = this.#source === 'snapshot' && this.#parts.store.synced
    if (fromSnapshot)
      this.#parts.log.info('The API server is back: no more answers from a snapshot')
    this.#source = 'api'
    this.#forgetSnapshot()
    this.#parts.store.markSynced()
    if (this.#stopped) return
    this.#parts.snapshots?.start()
    this.#running.push(...this.#parts.audits.map((audit) => audit.run()))
  }

  #trustSnapshot(at: number): void {
    const written = new Date(at).toISOString()
    this.#parts.log.warning(`The API server is away: answering from a snapshot of ${written}`)
    this.#parts.store.markSynced()
  }
}

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
