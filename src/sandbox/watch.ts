import type { Clock } from './clock.ts'
import type { Faults } from './faults.ts'
import { type ListOptions, parseRevision } from './list.ts'
import type { Resource } from './resources.ts'
import { type Matcher, matcher } from './selectors.ts'
import type { ApiError } from './status.ts'
import { expired } from './status.ts'
import type { Change, Storage } from './storage.ts'
import type { ApiObject, Json } from './types.ts'

/** A quiet watch that allows bookmarks gets one this often. */
export const BOOKMARK_INTERVAL_MS = 60_000
/** A watch that names no timeoutSeconds ends after one to two times this. */
export const MIN_WATCH_TIMEOUT_S = 1_800

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'

/** Where a watch's events go. */
export interface WatchSink {
  /** False once the receiver does not keep up: the watch is then ended. */
  event(type: WatchEventType, object: ApiObject | Json): boolean
  end(): void
}

export interface WatchContext {
  storage: Storage
  clock: Clock
  faults: Faults
  random: () => number
  bookmarkIntervalMs: number
}

export interface Watch {
  /** Ends it from this side: the receiver sees the end of the stream. */
  stop(): void
}

/**
 * Starts a watch: what happened since the asked revision, or the present state, then every change as it is committed.
 * A revision that is forgotten gives one ERROR event (410 Expired) and the end.
 */
export function startWatch(
  context: WatchContext,
  resource: Resource,
  namespace: string,
  options: ListOptions,
  sink: WatchSink,
): Watch {
  return new RunningWatch(context, resource, namespace, options, sink).start()
}

class RunningWatch implements Watch {
  readonly #context: WatchContext
  readonly #resource: Resource
  readonly #namespace: string
  readonly #options: ListOptions
  readonly #sink: WatchSink
  readonly #match: Matcher
  readonly #undo: (() => void)[] = []
  #after = 0
  #stopped = false

  constructor(
    context: WatchContext,
    resource: Resource,
    namespace: string,
    options: ListOptions,
    sink: WatchSink,
  ) {
    this.#context = context
    this.#resource = resource
    this.#namespace = namespace
    this.#options = options
    this.#sink = sink
    this.#match = matcher(resource.kind, options.labelSelector, options.fieldSelector)
  }

  start(): Watch {
    const { storage, faults } = this.#context
    const asked = parseRevision(this.#options.resourceVersion)
    const initial = this.#options.sendInitialEvents ?? asked === 0
    if (initial) this.#sendState()
    else if (!this.#replay(asked)) return this
    this.#undo.push(storage.subscribe((change) => this.#change(change)))
    this.#undo.push(faults.watchStarted(this.#resource.plural, () => this.stop()))
    this.#startTimers()
    return this
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const undo of this.#undo) undo()
    this.#sink.end()
  }

  /** The present state as ADDED events, closed by the bookmark that WatchList clients wait for. */
  #sendState(): void {
    const { storage } = this.#context
    for (const object of storage.list(this.#resource)) {
      if (this.#sees(object)) this.#send('ADDED', object)
    }
    this.#after = storage.revision
    if (this.#options.sendInitialEvents === true && this.#options.allowWatchBookmarks) {
      this.#send('BOOKMARK', this.#bookmark({ 'k8s.io/initial-events-end': 'true' }))
    }
  }

  #replay(asked: number): boolean {
    const { storage } = this.#context
    // sendInitialEvents=false without a revision means: from now on.
    const from = asked === 0 ? storage.revision : asked
    const changes = storage.changesAfter(from)
    if (changes === undefined) {
      const error = expired(`too old resource version: ${asked} (${storage.compacted})`)
      this.#fail(error)
      return false
    }
    // A revision that lies ahead (a cluster restored from an older state) waits for it in silence, as the API server does.
    this.#after = from
    for (const change of changes) this.#change(change)
    return true
  }

  #fail(error: ApiError): void {
    this.#send('ERROR', error.status)
    this.stop()
  }

  #change(change: Change): void {
    if (change.resource !== this.#resource || change.revision <= this.#after) return
    const now = change.type !== 'DELETED' && this.#sees(change.object)
    const before = change.previous !== undefined && this.#sees(change.previous)
    if (!now && !before) return
    if (now) this.#send(before ? 'MODIFIED' : 'ADDED', change.object)
    else this.#send('DELETED', lastSeen(change))
  }

  #sees(object: ApiObject): boolean {
    if (this.#namespace !== '' && object.metadata.namespace !== this.#namespace) return false
    return this.#match(object)
  }

  #send(type: WatchEventType, object: ApiObject | Json): void {
    if (this.#stopped) return
    if (this.#context.faults.swallows(this.#resource.plural, type)) return
    if (!this.#sink.event(type, object)) this.stop()
  }

  #startTimers(): void {
    const { clock, random, bookmarkIntervalMs } = this.#context
    const chosen = MIN_WATCH_TIMEOUT_S * (1 + random())
    const timeoutS = this.#options.timeoutSeconds || chosen
    this.#undo.push(clock.after(timeoutS * 1000, () => this.#finish()))
    if (!this.#options.allowWatchBookmarks) return
    let cancel: () => void = () => {}
    const again = () => {
      cancel = clock.after(bookmarkIntervalMs, () => {
        this.#send('BOOKMARK', this.#bookmark())
        again()
      })
    }
    again()
    this.#undo.push(() => cancel())
  }

  /** The last bookmark before the time-out saves the client a replay. */
  #finish(): void {
    if (this.#options.allowWatchBookmarks) this.#send('BOOKMARK', this.#bookmark())
    this.stop()
  }

  #bookmark(annotations?: Record<string, string>): Json {
    const metadata: Json = { resourceVersion: String(this.#context.storage.revision) }
    metadata.creationTimestamp = null
    if (annotations !== undefined) metadata.annotations = annotations
    return { kind: this.#resource.kind, apiVersion: this.#resource.apiVersion, metadata }
  }
}

/** An object that left the selector is gone for this watch: its last visible state, with the revision of the change. */
function lastSeen(change: Change): ApiObject {
  if (change.type === 'DELETED' || change.previous === undefined) return change.object
  const resourceVersion = String(change.revision)
  return { ...change.previous, metadata: { ...change.previous.metadata, resourceVersion } }
}
