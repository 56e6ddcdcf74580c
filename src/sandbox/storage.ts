import type { Resource } from './resources.ts'
import { expired } from './status.ts'
import type { ApiObject } from './types.ts'

/** How many changes are remembered for watches that resume and for pages of a list; older ones answer 410. */
export const HISTORY_EVENTS = 10_000

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

/** One committed change. `object` of a deletion is the last state with the revision of the deletion. */
export interface Change {
  revision: number
  type: ChangeType
  resource: Resource
  key: string
  object: ApiObject
  previous?: ApiObject
}

export interface StorageOptions {
  historyEvents?: number
  /** The first change gets the revision after this one. */
  revision?: number
}

/**
 * All objects, their revisions and a bounded history of changes, in memory. Changes are told to subscribers in the same
 * turn, in order, before the writer goes on; objects are shared with readers, so nobody may change one.
 */
export class Storage {
  #revision: number
  #compacted: number
  readonly #historyEvents: number
  #history: Change[] = []
  readonly #shelves = new Map<string, Shelf>()
  readonly #subscribers = new Set<(change: Change) => void>()
  readonly #untold: Change[] = []
  #telling = false

  constructor(options: StorageOptions = {}) {
    this.#revision = options.revision ?? 1
    this.#compacted = this.#revision
    this.#historyEvents = options.historyEvents ?? HISTORY_EVENTS
  }

  /** The revision of the last change: what a list carries. */
  get revision(): number {
    return this.#revision
  }

  /** Changes at or before this revision are forgotten. */
  get compacted(): number {
    return this.#compacted
  }

  get(resource: Resource, namespace: string, name: string): ApiObject | undefined {
    return this.#shelves.get(shelfKey(resource))?.objects.get(`${namespace}/${name}`)
  }

  /** The objects of a resource in the order of their keys (namespace, then name). */
  list(resource: Resource): readonly ApiObject[] {
    const shelf = this.#shelves.get(shelfKey(resource))
    if (shelf === undefined) return []
    shelf.sorted ??= sortByKey(shelf.objects)
    return shelf.sorted
  }

  /**
   * The same as it was at an earlier revision.
   *
   * @throws ApiError 410 when changes after that revision are no longer remembered
   */
  listAt(resource: Resource, revision: number): readonly ApiObject[] {
    if (revision >= this.#revision) return this.list(resource)
    if (revision < this.#compacted) {
      throw expired('The resourceVersion for the provided list is too old.')
    }
    const objects = new Map(this.#shelves.get(shelfKey(resource))?.objects)
    for (let at = this.#history.length - 1; at >= 0; at--) {
      const change = this.#history[at]
      if (change === undefined || change.revision <= revision) break
      if (change.resource !== resource) continue
      if (change.previous === undefined) objects.delete(change.key)
      else objects.set(change.key, change.previous)
    }
    return sortByKey(objects)
  }

  /** What happened after a revision, oldest first, or undefined where that is no longer remembered. */
  changesAfter(revision: number): Change[] | undefined {
    if (revision < this.#compacted) return undefined
    return this.#history.slice(firstAfter(this.#history, revision))
  }

  /** Stores an object under its name (with its new resourceVersion, which is returned in it) and tells everyone. */
  put(resource: Resource, object: ApiObject): ApiObject {
    const key = keyOf(object)
    const shelf = this.#shelf(resource)
    const previous = shelf.objects.get(key)
    const revision = ++this.#revision
    const stored = withRevision(object, revision)
    shelf.objects.set(key, stored)
    if (shelf.sorted !== undefined) shelf.sorted = placed(shelf.sorted, key, stored)
    const type = previous === undefined ? 'ADDED' : 'MODIFIED'
    const change: Change = { revision, type, resource, key, object: stored }
    if (previous !== undefined) change.previous = previous
    this.#tell(change)
    return stored
  }

  /** Removes an object; returns its last state, or undefined if there was none. */
  remove(resource: Resource, namespace: string, name: string): ApiObject | undefined {
    const key = `${namespace}/${name}`
    const shelf = this.#shelf(resource)
    const previous = shelf.objects.get(key)
    if (previous === undefined) return undefined
    const revision = ++this.#revision
    shelf.objects.delete(key)
    shelf.sorted = shelf.sorted?.toSpliced(indexOf(shelf.sorted, key), 1)
    const object = withRevision(previous, revision)
    this.#tell({ revision, type: 'DELETED', resource, key, object, previous })
    return object
  }

  /** Puts an object back as it was written to a file at a revision: no event, and nothing before is remembered. */
  restore(resource: Resource, object: ApiObject, revision: number): void {
    const shelf = this.#shelf(resource)
    shelf.objects.set(keyOf(object), object)
    shelf.sorted = undefined
    this.#revision = Math.max(this.#revision, revision)
    this.#compacted = this.#revision
  }

  /** Forgets the history up to a revision (all of it by default), as etcd's compaction does. */
  compact(revision = this.#revision): void {
    this.#compacted = Math.min(Math.max(this.#compacted, revision), this.#revision)
    this.#history = this.#history.slice(firstAfter(this.#history, this.#compacted))
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#subscribers.add(listener)
    return () => this.#subscribers.delete(listener)
  }

  #shelf(resource: Resource): Shelf {
    const key = shelfKey(resource)
    let shelf = this.#shelves.get(key)
    if (shelf === undefined) {
      shelf = { objects: new Map(), sorted: undefined }
      this.#shelves.set(key, shelf)
    }
    return shelf
  }

  #tell(change: Change): void {
    this.#history.push(change)
    // Trimmed in halves, so that a full history does not cost a copy per change.
    if (this.#history.length >= this.#historyEvents * 2) {
      const kept = this.#history.slice(-this.#historyEvents)
      this.#compacted = (kept[0]?.revision ?? this.#revision) - 1
      this.#history = kept
    }
    this.#untold.push(change)
    if (this.#telling) return
    this.#telling = true
    try {
      this.#tellAll()
    } finally {
      this.#telling = false
    }
  }

  /** A subscriber that writes makes a change of its own: it is told after the present one, to everyone in the same order. */
  #tellAll(): void {
    for (let next = this.#untold.shift(); next !== undefined; next = this.#untold.shift()) {
      for (const listener of [...this.#subscribers]) listener(next)
    }
  }
}

/** An object as JSON text, made once however many watches send it. */
export function jsonOf(object: ApiObject): string {
  let text = texts.get(object)
  if (text === undefined) {
    text = JSON.stringify(object)
    texts.set(object, text)
  }
  return text
}

interface Shelf {
  objects: Map<string, ApiObject>
  sorted: readonly ApiObject[] | undefined
}

const texts = new WeakMap<ApiObject, string>()

function shelfKey(resource: Resource): string {
  return `${resource.group}/${resource.plural}`
}

function keyOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}

function withRevision(object: ApiObject, revision: number): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }
}

function sortByKey(objects: Map<string, ApiObject>): readonly ApiObject[] {
  return [...objects].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, object]) => object)
}

/** A sorted list with one object put in or replaced: lists that were handed out stay as they were. */
function placed(list: readonly ApiObject[], key: string, object: ApiObject): ApiObject[] {
  const at = indexOf(list, key)
  const there = list[at]
  const replaces = there !== undefined && keyOf(there) === key
  return list.toSpliced(at, replaces ? 1 : 0, object)
}

/** Where an object of this key is in a sorted list, or would be. */
function indexOf(list: readonly ApiObject[], key: string): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    const object = list[middle]
    if (object !== undefined && keyOf(object) < key) low = middle + 1
    else high = middle
  }
  return low
}

function firstAfter(history: Change[], revision: number): number {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((history[middle]?.revision ?? 0) <= revision) low = middle + 1
    else high = middle
  }
  return low
}
