import {
  decodeMetadata,
  decodeNamespace,
  decodePod,
  decodeService,
  decodeServiceImport,
  decodeSlice,
  type Metadata,
} from './decode.ts'
import type { Fact } from './facts.ts'
import type { Interner } from './intern.ts'
import type { MemoryStore } from './memory.ts'
import type { Shelf } from './shelf.ts'

/** What may be watched, by its name in a path of the API. */
export type Resource = keyof MemoryStore['shelves']

/** How one kind of object is asked for and understood. */
export interface ResourceKind<F extends Fact = Fact> {
  readonly resource: Resource
  /** Without the server's address, beginning with a slash. */
  readonly path: string
  readonly kind: string
  readonly apiVersion: string
  readonly shelf: (store: MemoryStore) => Shelf<F>
  /** @returns undefined where the object is to be seen and not stored */
  readonly decode: (object: unknown, metadata: Metadata, pool: Interner) => F | undefined
}

export const RESOURCES: { readonly [R in Resource]: ResourceKind } = {
  services: kindOf('services', 'v1', 'Service', (store) => store.shelves.services, decodeService),
  endpointslices: kindOf(
    'endpointslices',
    'discovery.k8s.io/v1',
    'EndpointSlice',
    (store) => store.shelves.endpointslices,
    decodeSlice,
  ),
  namespaces: kindOf(
    'namespaces',
    'v1',
    'Namespace',
    (store) => store.shelves.namespaces,
    decodeNamespace,
  ),
  pods: kindOf('pods', 'v1', 'Pod', (store) => store.shelves.pods, decodePod),
  serviceimports: kindOf(
    'serviceimports',
    'multicluster.x-k8s.io/v1alpha1',
    'ServiceImport',
    (store) => store.shelves.serviceimports,
    decodeServiceImport,
  ),
}

/**
 * Puts one object of the API into the store.
 *
 * @param object parsed JSON
 * @param metadata of that object, where it is known already
 * @returns whether it was an object of Kubernetes at all
 */
export function applyObject(
  store: MemoryStore,
  kind: ResourceKind,
  object: unknown,
  pool: Interner,
  metadata = decodeMetadata(object),
): boolean {
  if (metadata === undefined) return false
  applyFact(kind.shelf(store), metadata, () => kind.decode(object, metadata, pool))
  return true
}

/** Decodes an object and puts it on its shelf, unless this very version is there already. */
export function applyFact<F extends Fact>(
  shelf: Shelf<F>,
  { name, namespace, resourceVersion }: Metadata,
  decode: () => F | undefined,
): void {
  if (shelf.touch(name, namespace, resourceVersion)) return
  const fact = decode()
  if (fact !== undefined) shelf.put(fact)
}

/** The counterpart for an object that is gone. */
export function removeObject(store: MemoryStore, kind: ResourceKind, object: unknown): boolean {
  const metadata = decodeMetadata(object)
  if (metadata === undefined) return false
  kind.shelf(store).remove(metadata.name, metadata.namespace)
  return true
}

function kindOf<F extends Fact>(
  resource: Resource,
  apiVersion: string,
  kind: string,
  shelf: (store: MemoryStore) => Shelf<F>,
  decode: (object: unknown, metadata: Metadata, pool: Interner) => F | undefined,
): ResourceKind {
  const prefix = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  // Each kind's decoder fits its own shelf, which is all that the erased type forgets.
  return {
    resource,
    kind,
    apiVersion,
    path: `${prefix}/${resource}`,
    shelf,
    decode,
  } as unknown as ResourceKind
}
