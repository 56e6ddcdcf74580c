import { type Clock, systemClock } from './clock.ts'
import { Interner } from './intern.ts'
import { MemoryStore } from './memory.ts'
import { applyObject, RESOURCES, type ResourceKind, removeObject } from './resources.ts'
import type { Store } from './store.ts'

/** A store that is fed by hand, for tests and for tools that read manifests: no server, no watch. */
export interface FixedStore {
  readonly store: Store
  /** Adds or updates an object, told by its `kind`; kinds that DNS does not read are passed over. */
  apply(object: unknown): void
  remove(object: unknown): void
  /** Lets `synced` become true. */
  markSynced(): void
}

/**
 * @param objects what it begins with; then it is synced, unless `synced` says otherwise
 */
export function fixedStore(
  objects: readonly unknown[] = [],
  options: {
    endpoints?: boolean
    multicluster?: boolean
    zonal?: boolean
    synced?: boolean
    clock?: Pick<Clock, 'now'> & Partial<Pick<Clock, 'after' | 'monotonic'>>
  } = {},
): FixedStore {
  const { endpoints = true, multicluster = true, zonal = false } = options
  const { synced = true, clock = { now: systemClock.now } } = options
  const store = new MemoryStore({ endpoints, multicluster, zonal, clock })
  const pool = new Interner()
  const apply = (object: unknown): void => {
    const kind = kindOfObject(object)
    if (kind !== undefined) applyObject(store, kind, object, pool)
  }
  for (const object of objects) apply(object)
  if (synced) store.markSynced()
  return {
    store,
    apply,
    remove(object) {
      const kind = kindOfObject(object)
      if (kind !== undefined) removeObject(store, kind, object)
    },
    markSynced: () => store.markSynced(),
  }
}

function kindOfObject(object: unknown): ResourceKind | undefined {
  const kind = (object as { kind?: unknown } | null)?.kind
  return Object.values(RESOURCES).find((known) => known.kind === kind)
}
