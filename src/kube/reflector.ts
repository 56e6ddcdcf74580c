import { setImmediate } from 'node:timers/promises'
import { type Logger, stackOf } from '../log.ts'
import { BACKOFF_MAX_MS, Backoff } from './backoff.ts'
import { type Clock, pause } from './clock.ts'
import type { Format } from './format.ts'
import { NO_PONG } from './http2.ts'
import type { Interner } from './intern.ts'
import type { MemoryStore } from './memory.ts'
import type { Observer, ResyncReason } from './observer.ts'
import { BROKEN, cut, errorEvent, type Outcome, refused } from './outcome.ts'
import { Requests, type Selectors, SILENCE_MS } from './requests.ts'
import type { ResourceKind } from './resources.ts'
import { type Answer, errorText, type NoAnswer, type Transport } from './transport.ts'
import { Trouble } from './trouble.ts'
import { compareVersions } from './version.ts'
import { readStream } from './watch.ts'

/** Items of one page, where lists must be paged. */
export const PAGE_ITEMS = 500
/** Silence while a streamed list is under way. A server that does not know streamed lists just keeps quiet. */
export const LIST_SILENCE_MS = 10_000
/**
 * How long the server keeps a watch open. It sends a bookmark two seconds before that, so that every watch has a sign of
 * life before {@link SILENCE_MS}, however quiet the cluster is: by themselves bookmarks come once a minute.
 */
export const WATCH_SECONDS = { min: 20, max: 30 } as const
/** The same for a watch that begins with a complete list, which may take its time. */
export const LIST_SECONDS = { min: 300, max: 600 } as const
/** Such a watch is given up for the other kind once nothing has come for this long. */
export const QUIET_MS = 25_000
/** A watch that ends sooner, and empty, counts as a failure: it would be asked for again in a tight loop. */
const SHORT_WATCH_MS = 1_000
/** Records that are removed on end after a list. */
const SWEEP_ITEMS = 500

export interface ReflectorDeps {
  readonly store: MemoryStore
  readonly transport: Transport
  readonly pool: Interner
  readonly clock: Clock
  readonly observer: Observer
  readonly log: Logger
  readonly formats: readonly Format[]
  /** Lists are asked for as a stream first. */
  readonly watchList: boolean
}

/** Keeps one shelf of the store equal to one kind of object on the server, until it is stopped. */
export class Reflector {
  readonly kind: ResourceKind
  readonly selectors: Selectors
  readonly requests: Requests
  readonly #deps: ReflectorDeps
  readonly #backoff: Backoff
  readonly #trouble: Trouble
  readonly #stop = new AbortController()
  readonly #listed = Promise.withResolvers<void>()
  /** The version up to which everything is in the store. Empty: no complete list yet. */
  #position = ''
  /** Whether the list that was last begun has come to its end. */
  #complete = false
  /** What is being read, and why to stop that for a list. */
  #body: Answer['body'] | undefined
  #asked: ResyncReason | undefined
  #watchList: boolean
  #heardAt: number
  #listedAt = Number.NEGATIVE_INFINITY

  constructor(kind: ResourceKind, selectors: Selectors, deps: ReflectorDeps) {
    this.kind = kind
    this.selectors = selectors
    this.requests = new Requests(kind, selectors, deps, this.#stop.signal)
    this.#deps = deps
    this.#backoff = new Backoff(deps.clock)
    this.#trouble = new Trouble(`watch ${kind.resource}`, deps.log, deps.clock)
    this.#watchList = deps.watchList
    this.#heardAt = deps.clock.monotonic()
  }

  /** Kept when the first complete list is in the store. */
  get listed(): Promise<void> {
    return this.#listed.promise
  }

  /** Seconds since the server last said anything about these objects, bookmarks included. */
  get silenceSeconds(): number {
    return (this.#deps.clock.monotonic() - this.#heardAt) / 1000
  }

  /** Empty until the first complete list. */
  get resourceVersion(): string {
    return this.#position
  }

  /** Works until {@link stop}; its promise is never broken. */
  async run(): Promise<void> {
    let next: Outcome = { list: 'first' }
    while (!this.#stop.signal.aborted) {
      if (this.#asked !== undefined) next = { list: this.#asked }
      this.#asked = undefined
      if (next.failure !== undefined && !this.#mayListAtOnce(next)) await this.#rest(next)
      if (this.#stop.signal.aborted) return
      next = await this.#round(next).catch((error: Error) => {
        this.#deps.log.error(`watch ${this.kind.resource}: ${stackOf(error)}`)
        return { list: 'error', failure: error.message }
      })
    }
  }

  #round(next: Outcome): Promise<Outcome> {
    if (next.list !== undefined) return this.#list(next.list)
    return next.doubt === true ? this.#compareVersions() : this.#watch()
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Has a complete list made as soon as may be. */
  relist(reason: ResyncReason): void {
    this.#asked = reason
    this.#body?.destroy()
  }

  /** A server that says our version is worthless is there, and answers meanwhile are old: that list is not put off. */
  #mayListAtOnce({ list, failure }: Outcome): boolean {
    if (list !== 'expired' && list !== 'rewound') return false
    if (this.#deps.clock.monotonic() - this.#listedAt < BACKOFF_MAX_MS) return false
    this.#deps.log.info(`Listing ${this.kind.resource} anew: ${failure}`)
    return true
  }

  async #list(reason: ResyncReason): Promise<Outcome> {
    this.#listedAt = this.#deps.clock.monotonic()
    this.#deps.observer.resync(this.kind.resource, reason)
    this.#complete = false
    const outcome = this.#watchList ? await this.#streamList() : await this.#pageList()
    return this.#complete
      ? outcome
      : { list: 'interrupted', failure: 'the list ended too soon', ...outcome }
  }

  /** One request for the present state and all that follows (KEP-3157). */
  async #streamList(): Promise<Outcome> {
    const query = {
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      timeoutSeconds: this.#seconds(LIST_SECONDS),
    }
    const answer = await this.#openWatch(query)
    if ('failure' in answer) return answer
    if ([400, 405, 406, 415, 422].includes(answer.status)) {
      return this.#withoutStreams(await errorText(answer))
    }
    if (answer.status !== 200) return refused(answer)
    this.kind.shelf(this.#deps.store).beginList()
    const outcome = await this.#readWatch(answer, true)
    if (this.#complete) return outcome
    if (outcome.list === 'error') return this.#withoutStreams(outcome.failure ?? 'refused')
    if (outcome.doubt === true && outcome.failure === undefined) {
      // Perhaps it does not know streamed lists, perhaps the connection died: the next list tries again.
      return this.#pageList()
    }
    return outcome
  }

  #withoutStreams(why: string): Promise<Outcome> {
    this.#watchList = false
    this.#deps.log.debug(`No streamed list of ${this.kind.resource}: ${why}; asking for pages`)
    return this.#pageList()
  }

  async #pageList(): Promise<Outcome> {
    this.kind.shelf(this.#deps.store).beginList()
    // The first list may be as old as the server's cache likes; a later one must not be older than what we had.
    let query: Record<string, string> = this.#position === '' ? { resourceVersion: '0' } : {}
    let version = ''
    for (;;) {
      const page = await this.requests.page(
        { limit: String(PAGE_ITEMS), ...query },
        (format, object) => this.#apply(format, object),
      )
      if (!('resourceVersion' in page)) return page
      this.#heardAt = this.#deps.clock.monotonic()
      version ||= page.resourceVersion
      if (page.continueToken === '') break
      query = { continue: page.continueToken }
    }
    this.#trouble.over()
    this.#endList(version)
    return {}
  }

  /** Everything is in. What the list did not mention goes now. */
  #endList(version: string): void {
    this.#complete = true
    this.#position = version
    void this.#sweep()
  }

  /** A few at a time, so that nobody waits. */
  async #sweep(): Promise<void> {
    const shelf = this.kind.shelf(this.#deps.store)
    for (const [i, fact] of shelf.stale().entries()) {
      if (i % SWEEP_ITEMS === SWEEP_ITEMS - 1) await setImmediate()
      shelf.sweep(fact)
    }
    this.#listed.resolve()
  }

  /** From where we are, for a while. */
  async #watch(): Promise<Outcome> {
    const answer = await this.#openWatch({
      resourceVersion: this.#position,
      timeoutSeconds: this.#seconds(WATCH_SECONDS),
    })
    if ('failure' in answer) return { ...answer, doubt: true }
    if (answer.status !== 200) return refused(answer)
    return this.#readWatch(answer, false)
  }

  #openWatch(query: Record<string, string>): Promise<Answer | NoAnswer> {
    return this.requests.get({ watch: 'true', allowWatchBookmarks: 'true', ...query }, true)
  }

  async #readWatch(answer: Answer, listing: boolean): Promise<Outcome> {
    this.#trouble.over()
    const began = this.#deps.clock.monotonic()
    const format = this.requests.formatOf(answer)
    let stopped: Outcome = {}
    let events = 0
    const parser = format.watchParser((type, object) => {
      events++
      this.#heardAt = this.#deps.clock.monotonic()
      const outcome = this.#event(format, type, object)
      if (outcome !== undefined) stopped = outcome
      return outcome === undefined
    })
    const silenceMs = (): number =>
      !listing ? SILENCE_MS : this.#complete ? QUIET_MS : LIST_SILENCE_MS
    this.#body = answer.body
    const end = await readStream(
      answer.body,
      (chunk) => parser.push(chunk),
      silenceMs,
      () => events,
      this.#deps.clock,
    )
    this.#body = undefined
    if (end.end === 'stop') return stopped
    if (end.end === 'silent') return this.#silent(listing)
    if (end.end === 'reset' && end.failure === NO_PONG) {
      this.#deps.observer.silence(this.kind.resource)
    }
    if (end.end !== 'closed') return cut(end)
    if (events > 0) return {}
    const short = this.#deps.clock.monotonic() - began < SHORT_WATCH_MS
    return { doubt: true, ...(short ? { failure: 'the watch ended at once' } : {}) }
  }

  /** A long watch may well be quiet; a short one cannot, so its connection is dead, and others may be with it. */
  #silent(listing: boolean): Outcome {
    this.#deps.transport.doubt()
    if (listing) return { doubt: true }
    this.#deps.observer.silence(this.kind.resource)
    return cut({ end: 'silent' })
  }

  /** @returns what to do instead of reading on */
  #event(format: Format, type: string, object: unknown): Outcome | undefined {
    if (type === 'ERROR') return errorEvent(format.status(object))
    const version = format.version(object)
    // While a streamed list comes in, objects are in no order; its end has the version of them all.
    if (this.#complete && compareVersions(version, this.#position) < 0)
      return this.#rewound(version)
    if (type === 'DELETED') {
      const metadata = format.metadata(object)
      if (metadata === undefined) return BROKEN
      this.kind.shelf(this.#deps.store).remove(metadata.name, metadata.namespace)
    } else if (type === 'ADDED' || type === 'MODIFIED') {
      if (!this.#apply(format, object)) return BROKEN
    } else if (type !== 'BOOKMARK') return BROKEN
    else if (!this.#complete && format.endsList(object)) this.#endList(version)
    if (this.#complete && version !== '') this.#position = version
    return undefined
  }

  #apply(format: Format, object: unknown): boolean {
    const metadata = format.metadata(object)
    if (metadata === undefined) return false
    return format.apply(this.#deps.store, this.kind, object, metadata, this.#deps.pool)
  }

  /**
   * A server that was restored from a copy, or emptied, takes a watch from a version that it has yet to reach, and says
   * nothing until then. So where a watch brought nothing, or was cut, its present version is asked for.
   */
  async #compareVersions(): Promise<Outcome> {
    const page = await this.requests.page({ limit: '1' }, () => true)
    if (!('resourceVersion' in page)) return { ...page, doubt: true }
    this.#heardAt = this.#deps.clock.monotonic()
    const { resourceVersion } = page
    return compareVersions(resourceVersion, this.#position) < 0
      ? this.#rewound(resourceVersion)
      : {}
  }

  #rewound(version: string): Outcome {
    return {
      list: 'rewound',
      failure: `the server's version went back from ${this.#position} to ${version}`,
    }
  }

  #seconds({ min, max }: { min: number; max: number }): string {
    return String(Math.floor(min + this.#deps.clock.random() * (max - min)))
  }

  #rest({ failure = '', retryAfterMs = 0, unreachable }: Outcome): Promise<void> {
    const { clock, transport } = this.#deps
    const delayMs = this.#backoff.next(retryAfterMs)
    this.#trouble.failed(failure, delayMs)
    const untilBack = (wake: () => void) => transport.onBack(wake)
    return pause(clock, delayMs, this.#stop.signal, unreachable === true ? untilBack : undefined)
  }
}
