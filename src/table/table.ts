import { Admission } from './admission.ts'
import { Cleaner } from './cleaner.ts'
import { Entries, type Key } from './entries.ts'
import { type Plan, plan, writeEntry } from './entry.ts'
import { Epochs } from './epochs.ts'
import { Filters } from './filters.ts'
import { KEY, keyHash, REST, SCOPE_WORDS, SCOPES, type Shared } from './layout.ts'
import { createShared } from './memory.ts'
import { repeatsQuestion } from './message.ts'
import type { Filter, Publication, Published } from './publish.ts'
import { Question } from './question.ts'
import { Serials } from './serials.ts'

/** SOA, DS, IXFR, AXFR: their answers are not those of a branch. */
const NEVER_BELOW: ReadonlySet<number> = new Set([6, 43, 251, 252])

export interface TableOptions {
  /** Octets of shared memory for all of it. */
  readonly octets: number
  /** Readers: data threads, and one for the control thread. */
  readonly readers: number
  /** The counters that replies' versions are read from. */
  readonly versions: Int32Array<SharedArrayBuffer>
  /** Unknown to clients: what the hashes begin with. */
  readonly seed: number
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number
}

export interface TableStats {
  /** Entries that readers can find. */
  readonly entries: number
  readonly published: number
  readonly refused: number
  readonly full: number
  readonly evicted: number
}

/** The answer table, as its one writer has it. */
export class Table {
  readonly shared: Shared
  readonly serials: Serials

  private readonly now: () => number
  private readonly epochs: Epochs
  private readonly question: Question
  private readonly entries: Entries
  private readonly cleaner: Cleaner
  private readonly filters: Filters
  private readonly admission = new Admission()
  private readonly counts = { published: 0, refused: 0, full: 0 }
  private scopeGeneration = 0

  constructor(options: TableOptions) {
    const { now, seed } = options
    this.shared = createShared(options)
    this.now = now
    this.epochs = new Epochs(this.shared.epochs)
    this.question = new Question(seed)
    this.entries = new Entries(this.shared, this.epochs, now)
    this.cleaner = new Cleaner(this.shared, this.entries, this.epochs, now)
    this.serials = new Serials(this.shared.serials)
    this.filters = new Filters(this.shared)
  }

  get stats(): TableStats {
    return { ...this.counts, entries: this.entries.count, evicted: this.cleaner.evicted }
  }

  /** Told of every id before it is used again: what readers still have to tell of it must be taken in now. */
  set beforeReuse(told: () => void) {
    this.entries.beforeReuse = told
  }

  /** A number for a listener's configuration; 0 when there are too many. Nothing that was published for another is found in it. */
  openScope(): number {
    const { scopes } = this.shared
    for (let i = 1; i < SCOPES; i++) {
      if (scopes[i * SCOPE_WORDS] !== 0) continue
      this.scopeGeneration = (this.scopeGeneration + 1) & 0x7fffff
      const scope = this.scopeGeneration * SCOPES + i
      Atomics.store(scopes, i * SCOPE_WORDS + 1, 0)
      Atomics.store(scopes, i * SCOPE_WORDS + 2, 0)
      Atomics.store(scopes, i * SCOPE_WORDS, scope)
      return scope
    }
    return 0
  }

  /** Ends a configuration: nothing is answered from it any more. */
  closeScope(scope: number): void {
    const at = (scope & (SCOPES - 1)) * SCOPE_WORDS
    if (this.shared.scopes[at] === scope) Atomics.store(this.shared.scopes, at, 0)
  }

  /** A filter for a closed zone with room for so many names; undefined when there is no memory for it. */
  openFilter(names: number): Filter | undefined {
    return this.filters.open(names)
  }

  /** Ends a filter once no denial is published with it: those that were are dead from now on. */
  closeFilter(filter: Filter): void {
    this.filters.close(filter, (free) => this.epochs.retire(free))
  }

  /** Puts a reply into the table, if it may and should be there. */
  publish(publication: Publication): Published {
    const published = this.tryPublish(publication)
    if (published === 'refused' || published === 'full') this.counts[published]++
    return published
  }

  /** Tells all repetitions since the last time; also what keeps memory moving when nothing is published. */
  collect(): void {
    this.epochs.advance()
    this.entries.tallies.collect()
  }

  /** What an entry was published with: for observations. */
  contextOf(id: number): unknown {
    return this.entries.contextOf(id)
  }

  /** A reader that will not go on: a thread that threw. */
  forgetReader(reader: number): void {
    this.epochs.forget(reader)
  }

  private tryPublish(publication: Publication): Published {
    const { question } = this
    const { query, scope, message, deniedBelow } = publication
    if (scope === 0 || !question.read(query, 0, query.length, publication.stream)) return 'refused'
    if (!repeatsQuestion(query, message, question.end)) return 'refused'
    if (!publication.anySpelling && question.mixedCase) return 'refused'
    if (!this.standsNow(publication)) return 'refused'
    question.split()
    if (deniedBelow === 0) return this.enter(publication, KEY.EXACT, 0)
    if (deniedBelow > question.labels || deniedBelow > 30) return 'refused'
    if (NEVER_BELOW.has(question.qtype)) return 'refused'
    const { closed } = publication
    if (closed !== undefined && closed.zoneLabels <= deniedBelow) {
      const { zoneLabels, versions } = closed
      const denial = { ...publication, versions, dear: true }
      this.enter(denial, KEY.CLOSED, question.labels - zoneLabels)
    }
    return this.enter(publication, KEY.BRANCH, question.labels - deniedBelow)
  }

  private standsNow({ versions, until }: Publication): boolean {
    if (this.now() >= until) return false
    return versions.every(
      ({ slot, version }) => Atomics.load(this.shared.versions, slot) === version,
    )
  }

  private enter(publication: Publication, kind: number, label: number): Published {
    const { question, entries } = this
    const key = this.keyOf(publication.scope, kind, label)
    const same = entries.find(key, question)
    if (kind === KEY.CLOSED && same >= 0 && this.isSameFilter(same, publication)) return 'published'
    if (same < 0 && !publication.dear && !this.admission.admit(key.tag)) return 'noted'
    const planned = plan(publication, question, kind, label)
    if (planned === undefined) return 'refused'
    const serial = this.serials.stamp(publication.liveSerial)
    if (serial < 0) return 'refused'
    this.cleaner.makeRoom()
    const slot = same >= 0 ? same : entries.freeSlot(key.tag)
    const id = slot < 0 ? undefined : entries.takeId()
    if (id === undefined) return 'full'
    const place = this.cleaner.placeNew(planned.octets)
    if (place < 0) {
      entries.returnId(id)
      return 'full'
    }
    const filter = kind === KEY.CLOSED ? (publication.closed?.filter.number ?? 0) : 0
    writeEntry(entries.heap, place, planned, publication, question, { id, serial, filter })
    this.cleaner.note(id, place)
    entries.install(id, slot, key.tag, place, publication)
    this.counts.published++
    this.tellDepth(publication.scope, kind, planned)
    return 'published'
  }

  private keyOf(scope: number, kind: number, label: number): Key {
    const { question } = this
    const keyWord = (question.keyWord & 0xffff) | kind
    const hash = kind === KEY.EXACT ? question.hash : question.suffixHash(label)
    return { tag: keyHash(hash, scope, keyWord, question.qtype), scope, keyWord, label }
  }

  /** Whether a closed zone's denial stands already: every denied name brings it along. */
  private isSameFilter(slot: number, { closed }: Publication): boolean {
    const { entries } = this
    const place = entries.placeIn(slot)
    const rest = place + entries.octetsAt(place) - REST.OCTETS
    const filter = entries.heap.words[(rest + REST.FILTER) >> 2]
    return filter === closed?.filter.number && entries.stands(place)
  }

  private tellDepth(scope: number, kind: number, { label }: Plan): void {
    if (kind === KEY.EXACT) return
    const depth = this.question.labels - label
    const at = (scope & (SCOPES - 1)) * SCOPE_WORDS + (kind === KEY.BRANCH ? 1 : 2)
    Atomics.or(this.shared.scopes, at, 1 << depth)
  }
}
