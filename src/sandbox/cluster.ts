import { type Clock, systemClock } from './clock.ts'
import { type ControllerOptions, startControllers } from './controllers/index.ts'
import { Faults } from './faults.ts'
import { type Listener, listen } from './http.ts'
import { kubeconfigText } from './kubeconfig.ts'
import type { PatchRequest } from './patching.ts'
import { keepCluster, loadCluster } from './persistence.ts'
import { Registry, type WriteOptions } from './registry.ts'
import { type Resource, resourceOf } from './resources.ts'
import { apiHandler } from './server.ts'
import { badRequest } from './status.ts'
import { Storage } from './storage.ts'
import type { ApiObject, ObjectInput } from './types.ts'
import { BOOKMARK_INTERVAL_MS } from './watch.ts'

export interface ClusterOptions {
  /** Where the API listens: 127.0.0.1 and a free port by default. */
  host?: string
  port?: number
  tls?: { key: string; cert: string; certificateAuthority?: string }
  /** The bearer token that requests must carry; none by default. */
  token?: string
  /**
   * True (the default): objects are validated, completed and given addresses as by a real API server, and namespaces must
   * exist. False: they are stored as they are written.
   */
  admission?: boolean
  /** Where ClusterIPs come from, the primary family first. */
  serviceCidrs?: string[]
  /** True, or how: workloads become Pods, Services get EndpointSlices, deletions cascade. Needs admission. */
  controllers?: boolean | ControllerOptions
  /** A file that the cluster's objects are kept in from one run to the next. */
  file?: string
  /** How many changes watches can resume over. */
  historyEvents?: number
  bookmarkIntervalMs?: number
  clock?: Clock
  random?: () => number
  /** Told of errors that are bugs of the embedded server. */
  onError?: (error: unknown) => void
}

export const DEFAULT_SERVICE_CIDRS = ['10.96.0.0/12', 'fd00:10:96::/112']

/** Namespaces that every cluster has. */
const FIRST_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease']

/** A running cluster: its API over HTTP, and the same operations in process. Refusals are thrown as ApiError. */
export interface Cluster {
  readonly url: string
  readonly port: number
  /** The text of a kubeconfig file; writing it somewhere is the caller's. */
  readonly kubeconfig: string
  readonly faults: Faults
  readonly storage: Storage
  readonly registry: Registry
  /** Creates or replaces objects, namespaces first, with their status as written. */
  apply(objects: ObjectInput[]): ApiObject[]
  create(object: ObjectInput, options?: WriteOptions): ApiObject
  update(object: ObjectInput, options?: WriteOptions): ApiObject
  /** Replaces only the status. */
  updateStatus(object: ObjectInput): ApiObject
  patch(object: Named, request: PatchRequest, options?: WriteOptions): ApiObject
  delete(object: Named): void
  get(object: Named): ApiObject | undefined
  list(apiVersion: string, kind: string, namespace?: string): readonly ApiObject[]
  /** Forgets the history: watches and pages from before get 410. */
  compact(): void
  /** Ends watches and connections and frees the port. */
  close(): Promise<void>
}

/** What names an object. */
export interface Named {
  apiVersion: string
  kind: string
  metadata: { name?: string; namespace?: string }
}

/** Starts an embedded cluster. Rejects with ListenError where the port cannot be had. */
export async function createCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const clock = options.clock ?? systemClock
  const random = options.random ?? Math.random
  const storage = new Storage(
    options.historyEvents === undefined ? {} : { historyEvents: options.historyEvents },
  )
  const admission = options.admission ?? true
  const serviceCidrs = options.serviceCidrs ?? DEFAULT_SERVICE_CIDRS
  const registry = new Registry({ storage, clock, random, admission, serviceCidrs })
  const onError = options.onError ?? (() => {})
  if (options.file !== undefined) loadCluster(storage, options.file)
  const faults = new Faults()
  const handler = apiHandler({
    registry,
    clock,
    faults,
    random,
    bookmarkIntervalMs: options.bookmarkIntervalMs ?? BOOKMARK_INTERVAL_MS,
    onError,
    ...(options.token === undefined ? {} : { token: options.token }),
  })
  const listener = await listen(
    {
      host: options.host ?? '127.0.0.1',
      port: options.port ?? 0,
      ...(options.tls === undefined ? {} : { tls: options.tls }),
    },
    handler,
  )
  const ends: (() => void)[] = []
  if (options.file !== undefined) ends.push(keepCluster(storage, options.file, clock, onError))
  if (admission) createNamespaces(registry)
  if (admission && options.controllers) {
    const how = options.controllers === true ? {} : options.controllers
    ends.unshift(startControllers(registry, clock, random, how, onError))
  }
  return new RunningCluster(registry, faults, listener, options, ends)
}

/**
 * The API server alone, for tests that bring objects of their own: what is written is stored as it is, without admission
 * (defaults, validation, addresses, namespaces that must exist). Rejects with ListenError.
 */
export function startApiServer(options: ClusterOptions = {}): Promise<Cluster> {
  return createCluster({ admission: false, ...options })
}

class RunningCluster implements Cluster {
  readonly url: string
  readonly port: number
  readonly kubeconfig: string
  readonly faults: Faults
  readonly storage: Storage
  readonly registry: Registry
  readonly #listener: Listener
  readonly #ends: (() => void)[]

  constructor(
    registry: Registry,
    faults: Faults,
    listener: Listener,
    options: ClusterOptions,
    ends: (() => void)[],
  ) {
    this.#ends = ends
    this.registry = registry
    this.storage = registry.storage
    this.faults = faults
    this.#listener = listener
    this.url = listener.url
    this.port = listener.port
    const authority = options.tls?.certificateAuthority ?? options.tls?.cert
    this.kubeconfig = kubeconfigText({
      url: listener.url,
      ...(authority === undefined ? {} : { certificateAuthority: authority }),
      ...(options.token === undefined ? {} : { token: options.token }),
    })
  }

  apply(objects: ObjectInput[]): ApiObject[] {
    const first = objects.filter((one) => one.kind === 'Namespace')
    const rest = objects.filter((one) => one.kind !== 'Namespace')
    return [...first, ...rest].map((object) => this.#applyOne(object))
  }

  create(object: ObjectInput, options: WriteOptions = {}): ApiObject {
    const { resource, namespace } = placeOf(object)
    return this.registry.create(resource, namespace, object, { keepStatus: true, ...options })
  }

  update(object: ObjectInput, options: WriteOptions = {}): ApiObject {
    const { resource, namespace, name } = placeOf(object)
    return this.registry.update(resource, namespace, name, object, options)
  }

  updateStatus(object: ObjectInput): ApiObject {
    const { resource, namespace, name } = placeOf(object)
    return this.registry.update(resource, namespace, name, object, {}, 'status')
  }

  patch(object: Named, request: PatchRequest, options: WriteOptions = {}): ApiObject {
    const { resource, namespace, name } = placeOf(object)
    return this.registry.patch(resource, namespace, name, request, options).object
  }

  delete(object: Named): void {
    const { resource, namespace, name } = placeOf(object)
    this.registry.remove(resource, namespace, name)
  }

  get(object: Named): ApiObject | undefined {
    const { resource, namespace, name } = placeOf(object)
    return this.storage.get(resource, namespace, name)
  }

  list(apiVersion: string, kind: string, namespace?: string): readonly ApiObject[] {
    const all = this.storage.list(known(apiVersion, kind))
    return namespace === undefined ? all : all.filter((one) => one.metadata.namespace === namespace)
  }

  compact(): void {
    this.storage.compact()
  }

  async close(): Promise<void> {
    this.faults.clear()
    this.faults.dropWatches()
    for (const end of this.#ends.splice(0)) end()
    await this.#listener.close()
  }

  #applyOne(object: ObjectInput): ApiObject {
    const { resource, namespace, name } = placeOf(object)
    const old = name === '' ? undefined : this.storage.get(resource, namespace, name)
    if (old === undefined) return this.create(object)
    const metadata = { ...object.metadata }
    delete metadata.resourceVersion
    const next = { ...object, metadata }
    const stored = this.registry.update(resource, namespace, name, next)
    if (object.status === undefined || !resource.subresources.includes('status')) return stored
    return this.registry.update(resource, namespace, name, next, {}, 'status')
  }
}

function createNamespaces(registry: Registry): void {
  const namespaces = known('v1', 'Namespace')
  for (const name of FIRST_NAMESPACES) {
    if (registry.storage.get(namespaces, '', name) !== undefined) continue
    registry.create(namespaces, '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
}

function placeOf(object: Named): { resource: Resource; namespace: string; name: string } {
  const resource = known(object.apiVersion, object.kind)
  const namespace = resource.namespaced ? (object.metadata.namespace ?? 'default') : ''
  return { resource, namespace, name: object.metadata.name ?? '' }
}

function known(apiVersion: string, kind: string): Resource {
  const found = resourceOf(apiVersion, kind)
  if (found === undefined) {
    throw badRequest(`no matches for kind "${kind}" in version "${apiVersion}"`)
  }
  return found
}
