import { addChangedAddresses, addressesOf } from './changes.ts'
import type { Clock } from './clock.ts'
import {
  samePod,
  samePorts,
  sameServed,
  sameService,
  sameServiceImport,
  sameSlice,
  sameTexts,
} from './compare.ts'
import type { Namespace, Pod, Service, ServiceImport, Slice } from './facts.ts'
import { Holders, NamespacedHolders } from './holders.ts'
import { SliceShelf } from './moves.ts'
import { Shelf } from './shelf.ts'
import {
  addressKey,
  type ChangeListener,
  clusterEndpointsKey,
  endpointsKey,
  namespaceKey,
  type Stamps,
  type Store,
  SYNCED_KEY,
  serviceImportKey,
  serviceKey,
  stampKey,
} from './store.ts'

/** What kind of Service a programming latency was measured for; the reference's label values. */
export type ServiceKind = 'cluster_ip' | 'headless_with_selector' | 'headless_without_selector'

export interface MemoryStoreOptions {
  /** Slices answer for Services. Without it they answer for ServiceImports only (`noendpoints`). */
  endpoints: boolean
  /** Slices answer for ServiceImports. */
  multicluster: boolean
  /** Zones of endpoints move the serial too (`zonal`). */
  zonal: boolean
  /** Without `after` no change waits: see {@link SliceShelf}. */
  clock: Pick<Clock, 'now'> & Partial<Pick<Clock, 'after' | 'monotonic'>>
  /** Told, after each slice that was stored or removed, how long ago its cause was. */
  observeLatency?: (kind: ServiceKind, seconds: number) => void
  /** Told of a listener that threw, which is a bug, and keeps the change from nobody else. */
  onFailure?: (error: unknown) => void
}

/** The store itself: shelves of records, what holds which address, and who is told of changes. */
export class MemoryStore implements Store {
  readonly #options: MemoryStoreOptions
  readonly #listeners = new Set<ChangeListener>()
  readonly #stamps = { internal: 0, multicluster: 0, external: 0 }
  #synced = false
  #endpoints = 0

  readonly #slicesOf = new NamespacedHolders<Slice>()
  readonly #clusterSlicesOf = new NamespacedHolders<Slice>()
  readonly #servicesAt = new Holders<Service>()
  readonly #servicesOutsideAt = new Holders<Service>()
  readonly #slicesAt = new Holders<Slice>()
  readonly #podsAt = new Holders<Pod>()

  readonly shelves = {
    services: new Shelf<Service>({
      same: sameService,
      changed: (before, after) => this.#serviceChanged(before, after),
    }),
    endpointslices: new SliceShelf(
      {
        same: sameSlice,
        changed: (before, after) => this.#sliceChanged(before, after),
        written: (slice) => this.#sliceWritten(slice),
      },
      this,
      () => this.#options.clock,
    ),
    namespaces: new Shelf<Namespace>({
      same: () => true,
      changed: (before, after) => this.#emit([namespaceKey((after ?? before)!.name)]),
    }),
    pods: new Shelf<Pod>({
      same: samePod,
      changed: (before, after) => this.#podChanged(before, after),
    }),
    serviceimports: new Shelf<ServiceImport>({
      same: sameServiceImport,
      changed: (before, after) => this.#serviceImportChanged(before, after),
    }),
  }

  constructor(options: MemoryStoreOptions) {
    this.#options = options
  }

  get synced(): boolean {
    return this.#synced
  }
  get stamps(): Stamps {
    return this.#stamps
  }
  /** Addresses of endpoints, ready or not. */
  get endpointCount(): number {
    return this.#endpoints
  }

  service(name: string, namespace: string): Service | undefined {
    return this.shelves.services.get(name, namespace)
  }
  services(): Iterable<Service> {
    return this.shelves.services.values()
  }
  slices(service: string, namespace: string): readonly Slice[] {
    return this.#slicesOf.get(service, namespace)
  }
  namespace(name: string): Namespace | undefined {
    return this.shelves.namespaces.get(name, '')
  }
  namespaces(): Iterable<Namespace> {
    return this.shelves.namespaces.values()
  }
  servicesByAddress(address: string): readonly Service[] {
    return this.#servicesAt.get(address)
  }
  servicesByExternalAddress(address: string): readonly Service[] {
    return this.#servicesOutsideAt.get(address)
  }
  slicesByAddress(address: string): readonly Slice[] {
    return this.#slicesAt.get(address)
  }
  publishesAll(service: string, namespace: string): boolean {
    return this.service(service, namespace)?.publishNotReadyAddresses === true
  }
  podsByAddress(address: string): readonly Pod[] {
    return this.#podsAt.get(address)
  }
  podByAddress(address: string): Pod | undefined {
    return this.#podsAt.last(address)
  }
  serviceImport(name: string, namespace: string): ServiceImport | undefined {
    return this.shelves.serviceimports.get(name, namespace)
  }
  serviceImports(): Iterable<ServiceImport> {
    return this.shelves.serviceimports.values()
  }
  clusterSlices(service: string, namespace: string): readonly Slice[] {
    return this.#clusterSlicesOf.get(service, namespace)
  }

  onChange(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Says that every shelf has had its first complete list. */
  markSynced(): void {
    if (this.#synced) return
    this.#synced = true
    this.#emit([SYNCED_KEY])
  }

  #serviceChanged(before: Service | undefined, after: Service | undefined): void {
    const { name, namespace } = (after ?? before)!
    const keys = new Set([serviceKey(name, namespace)])
    if (before !== undefined) {
      for (const address of addressesOf(before)) this.#servicesAt.remove(address, before)
      for (const address of before.externalIPs) this.#servicesOutsideAt.remove(address, before)
    }
    if (after !== undefined) {
      for (const address of addressesOf(after)) this.#servicesAt.add(address, after)
      for (const address of after.externalIPs) this.#servicesOutsideAt.add(address, after)
    }
    for (const service of [before, after]) {
      for (const address of addressesOf(service)) keys.add(addressKey(address))
      for (const address of service?.externalIPs ?? []) keys.add(addressKey(address))
    }
    const revealed = this.#notReadyChanged(before, after, keys)
    if (before === undefined || after === undefined) this.#stamp('internal', keys)
    else {
      const ports = !samePorts(before.ports, after.ports)
      if (ports || revealed || before.externalName !== after.externalName) {
        this.#stamp('internal', keys)
      }
      if (ports || !sameTexts(before.externalIPs, after.externalIPs)) this.#stamp('external', keys)
    }
    this.#emit([...keys])
  }

  /** A Service that begins or ceases to publish what is not ready changes its endpoints without a word from their slices. */
  #notReadyChanged(
    before: Service | undefined,
    after: Service | undefined,
    keys: Set<string>,
  ): boolean {
    const was = before?.publishNotReadyAddresses === true
    if (was === (after?.publishNotReadyAddresses === true)) return false
    const { name, namespace } = (after ?? before)!
    let revealed = false
    for (const slice of this.slices(name, namespace)) {
      for (const endpoint of slice.endpoints) {
        if (endpoint.ready) continue
        revealed = true
        keys.add(addressKey(endpoint.address))
      }
    }
    if (revealed) keys.add(endpointsKey(name, namespace))
    return revealed
  }

  #sliceChanged(before: Slice | undefined, after: Slice | undefined): void {
    this.#endpoints += (after?.endpoints.length ?? 0) - (before?.endpoints.length ?? 0)
    const keys = new Set<string>()
    if (before !== undefined) this.#unindexSlice(before, keys)
    if (after !== undefined) this.#indexSlice(after, keys)
    if (this.#options.endpoints) addChangedAddresses(before, after, keys)
    this.#stampSlice(before, after, keys)
    this.#emit([...keys])
    if (before !== undefined && after === undefined) this.#sliceWritten(before)
  }

  #unindexSlice(slice: Slice, keys: Set<string>): void {
    const { service, clusterService, namespace } = slice
    if (this.#options.endpoints) {
      this.#slicesOf.remove(service, namespace, slice)
      for (const endpoint of slice.endpoints) this.#slicesAt.remove(endpoint.address, slice)
      keys.add(endpointsKey(service, namespace))
    }
    if (clusterService !== undefined && this.#options.multicluster) {
      this.#clusterSlicesOf.remove(clusterService, namespace, slice)
      keys.add(clusterEndpointsKey(clusterService, namespace))
    }
  }

  #indexSlice(slice: Slice, keys: Set<string>): void {
    const { service, clusterService, namespace } = slice
    if (this.#options.endpoints) {
      this.#slicesOf.add(service, namespace, slice)
      for (const endpoint of slice.endpoints) this.#slicesAt.add(endpoint.address, slice)
      keys.add(endpointsKey(service, namespace))
    }
    if (clusterService !== undefined && this.#options.multicluster) {
      this.#clusterSlicesOf.add(clusterService, namespace, slice)
      keys.add(clusterEndpointsKey(clusterService, namespace))
    }
  }

  /** A slice of an import counts as two objects, as for the reference, which watches it twice. */
  #stampSlice(before: Slice | undefined, after: Slice | undefined, keys: Set<string>): void {
    const { service, namespace } = (after ?? before)!
    const everything = this.publishesAll(service, namespace)
    const { endpoints, multicluster, zonal } = this.#options
    const served =
      before === undefined || after === undefined || sameServed(before, after, everything, zonal)
    const came = before === undefined || after === undefined
    if (endpoints && (came || !served)) this.#stamp('internal', keys)
    if (!multicluster) return
    const wasCluster = before?.clusterService !== undefined
    const isCluster = after?.clusterService !== undefined
    if (wasCluster !== isCluster) this.#stamp('internal', keys)
    else if (isCluster && (!served || before?.sourceCluster !== after?.sourceCluster)) {
      this.#stamp('multicluster', keys)
    }
  }

  #sliceWritten(slice: Slice): void {
    const kept = this.shelves.endpointslices.get(slice.name, slice.namespace)
    if (kept !== undefined) kept.lastChangeTrigger = slice.lastChangeTrigger
    const observe = this.#options.observeLatency
    if (observe === undefined || Number.isNaN(slice.lastChangeTrigger)) return
    const service = this.service(slice.service, slice.namespace)
    if (service === undefined) return
    const seconds = (this.#options.clock.now() - slice.lastChangeTrigger) / 1000
    if (!service.headless) observe('cluster_ip', seconds)
    else observe(service.selects ? 'headless_with_selector' : 'headless_without_selector', seconds)
  }

  #podChanged(before: Pod | undefined, after: Pod | undefined): void {
    const keys = new Set<string>()
    for (const pod of [before, after]) if (pod?.podIP) keys.add(addressKey(pod.podIP))
    if (before?.podIP) this.#podsAt.remove(before.podIP, before)
    if (after?.podIP) this.#podsAt.add(after.podIP, after)
    if (before?.podIP !== after?.podIP) this.#stamp('internal', keys)
    if (before === undefined || after === undefined) this.#stamp('internal', keys)
    this.#emit([...keys])
  }

  #serviceImportChanged(before: ServiceImport | undefined, after: ServiceImport | undefined): void {
    const { name, namespace } = (after ?? before)!
    const keys = new Set([serviceImportKey(name, namespace)])
    if (before === undefined || after === undefined) this.#stamp('internal', keys)
    else if (before.type !== after.type || !samePorts(before.ports, after.ports)) {
      this.#stamp('multicluster', keys)
    }
    this.#emit([...keys])
  }

  #stamp(which: keyof Stamps, keys: Set<string>): void {
    const seconds = Math.floor(this.#options.clock.now() / 1000)
    if (this.#stamps[which] === seconds) return
    this.#stamps[which] = seconds
    keys.add(stampKey(which))
  }

  #emit(keys: readonly string[]): void {
    if (keys.length === 0) return
    for (const listener of this.#listeners) {
      try {
        listener(keys)
      } catch (error) {
        this.#options.onFailure?.(error)
      }
    }
  }
}
