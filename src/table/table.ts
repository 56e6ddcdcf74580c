import { Admission } from './admission.ts'
import { Heap, type Plan, plan, writeEntry } from './entry.ts'
import { Epochs } from './epochs.ts'
import { Filters } from './filters.ts'
import {
  AT,
  BUCKET,
  KEY,
  keyHash,
  MAX_ENTRY_OCTETS,
  REST,
  SCOPE_WORDS,
  SCOPES,
  type Shared,
  TRAIT,
} from './layout.ts'
import { createShared } from './memory.ts'
import { repeatsQuestion } from './message.ts'
import { behindName } from './patch.ts'
import type { Filter, Publication, Published } from './publish.ts'
import { Question, startOf } from './question.ts'
import { Log, Segments } from './segments.ts'
import { Serials } from './serials.ts'
import { Tallies } from './tallies.ts'

/** Repetitions between two cleanings that make an entry one that is in use. */
const IN_USE = 2
/** Share of the segments that new entries may hold before they are cleaned first. */
const NEW_SHARE = 1 / 4
/** How long what was in use when it was cleaned stays before it has to show again that it is. */
const KEPT_MS = 10_000
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
  entries: number
  published: number
  refused: number
  full: number
  evicted: number
}

/** The answer table, as its one writer has it. */
export class Table {
  readonly shared: Shared
  readonly serials: Serials
  readonly stats: TableStats = { entries: 0, published: 0, refused: 0, full: 0, evicted: 0 }
  /** Told of every id before it is used again: what readers still have to tell of it must be taken in now. */
  beforeReuse: () => void = () => {}

  private readonly now: () => number
  private readonly epochs: Epochs
  private readonly heap: Heap
  private readonly question: Question
  private readonly segments: Segments
  private readonly young = new Log()
  private readonly old = new Log()
  private readonly filters: Filters
  private readonly tallies: Tallies
  private readonly admission = new Admission()
  private readonly freeIds: number[] = []
  /** By id: where the entry is, 0 for none; its slot in the index; what its reply was published with; repetitions when it was last looked at. */
  private readonly places: Int32Array
  private readonly slots: Int32Array
  private readonly seen: Uint32Array
  /** Whether an entry has been cleaned and was in use. */
  private readonly kept: Uint8Array
  private readonly contexts: unknown[] = []
  /** Entries that have not been cleaned yet. */
  private newEntries = 0
  private scopeGeneration = 0

  constructor(options: TableOptions) {
    this.shared = createShared(options)
    const { entries } = this.shared
    this.now = options.now
    this.epochs = new Epochs(this.shared.epochs)
    this.heap = new Heap(this.shared.heap)
    this.question = new Question(options.seed)
    this.segments = new Segments(this.shared.heap.byteLength, MAX_ENTRY_OCTETS)
    this.serials = new Serials(this.shared.serials)
    this.filters = new Filters(this.shared)
    this.tallies = new Tallies(this.shared)
    this.places = new Int32Array(entries)
    this.slots = new Int32Array(entries)
    this.seen = new Uint32Array(entries)
    this.kept = new Uint8Array(entries)
    for (let id = entries - 1; id >= 0; id--) this.freeIds.push(id)
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
    if (published === 'refused' || published === 'full') this.stats[published]++
    return published
  }

  /** Tells all repetitions since the last time; also what keeps memory moving when nothing is published. */
  collect(): void {
    this.epochs.advance()
    this.tallies.collect()
  }

  /** What an entry was published with: for observations. */
  contextOf(id: number): unknown {
    return this.contexts[id]
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
    const { question } = this
    const { scope } = publication
    const keyWord = (question.keyWord & 0xffff) | kind
    const hash = kind === KEY.EXACT ? question.hash : question.suffixHash(label)
    const tag = keyHash(hash, scope, keyWord, question.qtype)
    const same = this.findSame(tag, scope, keyWord, label)
    if (kind === KEY.CLOSED && same >= 0 && this.isSameFilter(same, publication)) return 'published'
    if (same < 0 && !publication.dear && !this.admission.admit(tag)) return 'noted'
    const planned = plan(publication, question, kind, label)
    if (planned === undefined) return 'refused'
    const serial = this.serials.stamp(publication.liveSerial)
    if (serial < 0) return 'refused'
    this.makeRoom()
    const slot = same >= 0 ? same : this.freeSlot(tag)
    const id = slot < 0 ? undefined : this.freeIds.pop()
    if (id === undefined) return 'full'
    const place = this.segments.place(this.young, planned.octets, false, this.now())
    if (place < 0) {
      this.freeIds.push(id)
      return 'full'
    }
    const filter = kind === KEY.CLOSED ? (publication.closed?.filter.number ?? 0) : 0
    writeEntry(this.heap, place, planned, publication, question, { id, serial, filter })
    this.install(id, slot, tag, place, publication)
    this.tellDepth(scope, kind, planned)
    return 'published'
  }

  /** Whether a closed zone's denial stands already: every denied name brings it along. */
  private isSameFilter(slot: number, { closed }: Publication): boolean {
    const place = (this.shared.index[slot + 1] as number) * 8
    const filter = this.heap.words[(place + this.octetsOf(place) - REST.OCTETS + REST.FILTER) >> 2]
    return filter === closed?.filter.number && this.stands(place)
  }

  private install(
    id: number,
    slot: number,
    tag: number,
    place: number,
    publication: Publication,
  ): void {
    const { index } = this.shared
    this.drop(slot)
    this.segments.entries[this.segments.segmentOf(place)]?.push(id)
    this.places[id] = place
    this.slots[id] = slot
    this.seen[id] = 0
    this.kept[id] = 0
    this.newEntries++
    this.contexts[id] = publication.context
    this.tallies.open(id, publication.counts)
    // Whoever sees a tag before its place compares the key and finds another's; the place is what publishes.
    index[slot] = tag
    Atomics.store(index, slot + 1, place / 8)
    this.stats.entries++
    this.stats.published++
  }

  private tellDepth(scope: number, kind: number, { label }: Plan): void {
    if (kind === KEY.EXACT) return
    const depth = this.question.labels - label
    const at = (scope & (SCOPES - 1)) * SCOPE_WORDS + (kind === KEY.BRANCH ? 1 : 2)
    Atomics.or(this.shared.scopes, at, 1 << depth)
  }

  /** The slot that holds this very key, standing or dead; -1 for none. */
  private findSame(tag: number, scope: number, keyWord: number, label: number): number {
    const { index } = this.shared
    const first = (tag & (this.shared.buckets - 1)) * 2 * BUCKET
    for (let slot = first; slot < first + 2 * BUCKET; slot += 2) {
      if (index[slot] !== tag) continue
      const place = (index[slot + 1] as number) * 8
      if (place !== 0 && this.isSame(place, scope, keyWord, label)) return slot
    }
    return -1
  }

  private isSame(place: number, scope: number, keyWord: number, label: number): boolean {
    const { question } = this
    const { words, bytes } = this.heap
    const from = startOf(question, label)
    const octets = question.nameOctets - from
    const at = place >> 2
    if (words[at + AT.SCOPE / 4] !== scope || words[at + AT.KEY / 4] !== keyWord) return false
    if (words[at + AT.NAME_WORD / 4] !== ((question.qtype << 16) | octets)) return false
    for (let i = 0; i < octets; i++) {
      if (bytes[place + AT.NAME + i] !== question.name[from + i]) return false
    }
    return true
  }

  /** A slot of the key's bucket: a free one, else one whose entry is dead, or is new and has not been asked for. */
  private freeSlot(tag: number): number {
    const { index } = this.shared
    const first = (tag & (this.shared.buckets - 1)) * 2 * BUCKET
    let idle = -1
    for (let slot = first; slot < first + 2 * BUCKET; slot += 2) {
      const place = (index[slot + 1] as number) * 8
      if (place === 0) return slot
      if (idle < 0 && this.mayGo(place)) idle = slot
    }
    if (idle >= 0) this.drop(idle)
    return idle
  }

  /** One that was in use when it was cleaned stays until it is cleaned again. */
  private mayGo(place: number): boolean {
    const id = this.idAt(place)
    return !(this.kept[id] === 1 ? this.stands(place) : this.isInUse(id, place))
  }

  private idAt(place: number): number {
    return this.heap.words[(place + AT.ID) >> 2] as number
  }

  /** Whether an entry is alive and was repeated since it was last looked at. */
  private isInUse(id: number, place: number): boolean {
    return this.stands(place) && this.tallies.times(id) - (this.seen[id] as number) >= IN_USE
  }

  private stands(place: number): boolean {
    const { words, doubles } = this.heap
    const at = place >> 2
    const scope = words[at + AT.SCOPE / 4] as number
    if (this.shared.scopes[(scope & (SCOPES - 1)) * SCOPE_WORDS] !== scope) return false
    if (this.now() >= (doubles[place >> 3] as number)) return false
    const count = (words[at + AT.TRAITS / 4] as number) & TRAIT.VERSIONS
    let pair = behindName(words, at)
    for (const end = pair + 2 * count; pair < end; pair += 2) {
      const version = Atomics.load(this.shared.versions, words[pair] as number)
      if (version !== words[pair + 1]) return false
    }
    return true
  }

  /** Takes the entry in a slot out of the index; its memory and its id are used again once no reader can hold it. */
  private drop(slot: number): void {
    const { index } = this.shared
    const place = (index[slot + 1] as number) * 8
    if (place === 0) return
    Atomics.store(index, slot + 1, 0)
    const id = this.idAt(place)
    this.places[id] = 0
    if (this.kept[id] === 0) this.newEntries--
    this.stats.entries--
    this.epochs.retire(() => {
      this.beforeReuse()
      this.tallies.close(id)
      this.contexts[id] = undefined
      this.freeIds.push(id)
    })
  }

  /** Cleans one segment where room is short. */
  private makeRoom(): void {
    if (!this.isShort()) return
    if (this.epochs.waiting > 0) this.epochs.advance()
    if (!this.isShort()) return
    const segment = this.logToClean()?.full.shift()
    if (segment !== undefined) this.clean(segment)
  }

  private isShort(): boolean {
    const { segments } = this
    const few = Math.max(2, segments.count >> 3)
    return segments.available < few || this.freeIds.length <= this.shared.entries >> 4
  }

  /** The new entries where they are too many, else the oldest of the others if they have had their time. */
  private logToClean(): Log | undefined {
    const { segments, young, old } = this
    const isMany =
      young.segments > segments.count * NEW_SHARE ||
      this.newEntries > this.shared.entries * NEW_SHARE
    if (isMany && young.full.length > 0) return young
    const oldest = old.full[0]
    if (oldest !== undefined && this.now() - segments.startedAt(oldest) >= KEPT_MS) return old
    return young
  }

  /** What is in use moves on, the rest goes; the segment is free when no reader looks at it any more. */
  private clean(segment: number): void {
    const { entries } = this.segments
    for (const id of entries[segment] as number[]) {
      const place = this.places[id] as number
      if (place === 0 || this.segments.segmentOf(place) !== segment) continue
      if (!this.isInUse(id, place) || !this.move(id, place)) {
        this.stats.evicted++
        this.drop(this.slots[id] as number)
      }
    }
    entries[segment] = []
    this.epochs.retire(() => this.segments.release(segment))
    this.epochs.advance()
  }

  private move(id: number, from: number): boolean {
    const octets = this.octetsOf(from)
    const to = this.segments.place(this.old, octets, true, this.now())
    if (to < 0) return false
    this.heap.bytes.copyWithin(to, from, from + octets)
    this.segments.entries[this.segments.segmentOf(to)]?.push(id)
    this.places[id] = to
    this.seen[id] = this.tallies.times(id)
    if (this.kept[id] === 0) this.newEntries--
    this.kept[id] = 1
    Atomics.store(this.shared.index, (this.slots[id] as number) + 1, to / 8)
    return true
  }

  private octetsOf(place: number): number {
    return this.heap.words[(place + AT.OCTETS) >> 2] as number
  }
}
