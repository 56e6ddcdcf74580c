import type { Logger } from '../log.ts'
import { type Clock, pause } from './clock.ts'
import { decodeMetadata, type Metadata } from './decode.ts'
import { type Fact, packVersion } from './facts.ts'
import { JSON_FORMAT } from './format.ts'
import type { Interner } from './intern.ts'
import type { MemoryStore } from './memory.ts'
import type { Observer } from './observer.ts'
import type { Reflector } from './reflector.ts'
import { Requests } from './requests.ts'
import type { Transport } from './transport.ts'
import { compareVersions } from './version.ts'

/** Between two audits of one resource, on average; each wait is between half and one and a half of it. */
export const AUDIT_INTERVAL_MS = 10 * 60_000
/** Items of a page. */
export const AUDIT_PAGE_ITEMS = 500
/** Between two pages, so that an audit is never a load. */
export const AUDIT_PAGE_PAUSE_MS = 100
/** With more suspects than this a complete list is cheaper than looking at each. */
export const MAX_SUSPECTS = 200
/** How long a watch gets to reach the version of the audit's list by itself. */
export const CATCH_UP_MS = 60_000
const CATCH_UP_STEP_MS = 1_000

/** Names, namespaces and versions without the objects around them. */
const METADATA_FORMAT = {
  ...JSON_FORMAT,
  accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json',
}

export interface AuditDeps {
  readonly store: MemoryStore
  readonly transport: Transport
  readonly pool: Interner
  readonly clock: Clock
  readonly observer: Observer
  readonly log: Logger
}

/** What an audit came to: records put right, or why there was none. */
export type AuditResult = { readonly repaired: number } | { readonly failure: string }

/**
 * Compares a shelf with the server now and then, and puts right what a watch lost: API servers have been known to drop
 * an event without a word. It trusts nobody's memory, its own least: whatever looks wrong is asked for by name before
 * anything is changed.
 */
export class Audit {
  readonly #reflector: Reflector
  readonly #deps: AuditDeps
  readonly #requests: Requests
  readonly #stop = new AbortController()

  constructor(reflector: Reflector, deps: AuditDeps) {
    const { kind, selectors } = reflector
    this.#reflector = reflector
    this.#deps = deps
    const requestDeps = { ...deps, formats: [METADATA_FORMAT] }
    this.#requests = new Requests(kind, selectors, requestDeps, this.#stop.signal)
  }

  /** Audits again and again until {@link stop}; its promise is never broken. */
  async run(): Promise<void> {
    const { clock, log } = this.#deps
    while (!this.#stop.signal.aborted) {
      await this.#wait(AUDIT_INTERVAL_MS * (0.5 + clock.random()))
      if (this.#stop.signal.aborted) return
      const result = await this.once()
      const { resource } = this.#reflector.kind
      if ('failure' in result) log.debug(`No audit of ${resource}: ${result.failure}`)
      else if (result.repaired > 0) {
        log.warning(
          `Audit of ${resource}: ${result.repaired} records that the watch had lost are right again`,
        )
      }
    }
  }

  stop(): void {
    this.#stop.abort()
  }

  async once(): Promise<AuditResult> {
    const { kind } = this.#reflector
    if (this.#reflector.resourceVersion === '') return { failure: 'there is no complete list yet' }
    const found = await this.#compare()
    if ('failure' in found) return found
    await this.#catchUp(found.version)
    kind.shelf(this.#deps.store).settle()
    const suspects = [...found.suspects.values()].filter((suspect) => this.#stillWrong(suspect))
    if (suspects.length > MAX_SUSPECTS) {
      this.#deps.observer.repaired(kind.resource, suspects.length)
      this.#reflector.relist('audit')
      return { repaired: suspects.length }
    }
    let repaired = 0
    for (const suspect of suspects) if (await this.#repair(suspect)) repaired++
    if (repaired > 0) this.#deps.observer.repaired(kind.resource, repaired)
    return { repaired }
  }

  /** Lists the server's names and versions, and notes where the shelf has others. */
  async #compare(): Promise<
    { suspects: Map<string, Suspect>; version: string } | { failure: string }
  > {
    const shelf = this.#reflector.kind.shelf(this.#deps.store)
    const suspects = new Map<string, Suspect>()
    const seen = new Set<Fact>()
    let version = ''
    let query: Record<string, string> = {}
    for (;;) {
      const page = await this.#requests.page(
        { limit: String(AUDIT_PAGE_ITEMS), ...query },
        (_format, object) => {
          const metadata = decodeMetadata(object)
          if (metadata === undefined) return false
          const known = shelf.get(metadata.name, metadata.namespace)
          if (known !== undefined) seen.add(known)
          if (known?.version !== packVersion(metadata.resourceVersion)) note(suspects, metadata)
          return true
        },
      )
      if (!('resourceVersion' in page)) return { failure: page.failure ?? 'the list was refused' }
      version ||= page.resourceVersion
      if (page.continueToken === '') break
      query = { continue: page.continueToken }
      await this.#wait(AUDIT_PAGE_PAUSE_MS)
    }
    for (const fact of shelf.values()) {
      if (!seen.has(fact)) note(suspects, { ...keyOf(fact), resourceVersion: '' })
    }
    return { suspects, version }
  }

  /** Lets the watch come as far as the list was: most of what looked wrong was only on its way. */
  async #catchUp(version: string): Promise<void> {
    for (let waited = 0; waited < CATCH_UP_MS; waited += CATCH_UP_STEP_MS) {
      if (compareVersions(this.#reflector.resourceVersion, version) >= 0) return
      if (this.#stop.signal.aborted) return
      await this.#wait(CATCH_UP_STEP_MS)
    }
  }

  #stillWrong({ name, namespace, resourceVersion }: Suspect): boolean {
    const known = this.#reflector.kind.shelf(this.#deps.store).get(name, namespace)
    // The server had it not, and the watch has removed it since; or has a version as late as the server's.
    if (resourceVersion === '') return known !== undefined
    return known === undefined || compareVersions(known.resourceVersion, resourceVersion) < 0
  }

  /** Asks for one object by its name and has the shelf agree, unless the watch spoke meanwhile. */
  async #repair({ name, namespace }: Suspect): Promise<boolean> {
    const { kind } = this.#reflector
    const shelf = kind.shelf(this.#deps.store)
    const before = shelf.get(name, namespace)?.resourceVersion
    const position = this.#reflector.resourceVersion
    const fields = [`metadata.name=${name}`, namespace && `metadata.namespace=${namespace}`]
    let found: unknown
    // A list of one, because a list honours the selectors.
    const page = await this.#reflector.requests.page(
      { fieldSelector: fields.filter(Boolean).join(',') },
      (format, object) => {
        const metadata = format.metadata(object)
        if (metadata?.name !== name || metadata.namespace !== namespace) return true
        found = metadata
        const changed = shelf.get(name, namespace)?.resourceVersion !== before
        if (changed || this.#reflector.resourceVersion !== position) return true
        return format.apply(this.#deps.store, kind, object, metadata, this.#deps.pool)
      },
    )
    if (!('resourceVersion' in page)) return false
    if (found !== undefined) return shelf.get(name, namespace)?.resourceVersion !== before
    if (shelf.get(name, namespace)?.resourceVersion !== before) return false
    return shelf.remove(name, namespace)
  }

  #wait(delayMs: number): Promise<void> {
    return pause(this.#deps.clock, delayMs, this.#stop.signal)
  }
}

/** An object that the server and the shelf do not agree about; without a version where the server has it not. */
type Suspect = Metadata

function note(suspects: Map<string, Suspect>, suspect: Suspect): void {
  suspects.set(`${suspect.namespace}/${suspect.name}`, suspect)
}

function keyOf({ name, namespace }: Fact): { name: string; namespace: string } {
  return { name, namespace }
}
