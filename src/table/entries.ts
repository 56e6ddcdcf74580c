import { Heap } from './entry.ts'
import type { Epochs } from './epochs.ts'
import { AT, BUCKET, SCOPE_WORDS, SCOPES, type Shared, TRAIT } from './layout.ts'
import { behindName } from './patch.ts'
import type { Publication } from './publish.ts'
import { type Question, startOf } from './question.ts'
import { Tallies } from './tallies.ts'

/** Repetitions between two cleanings that make an entry one that is in use. */
const IN_USE = 2

/** What an entry is found by: a name's suffix from a label on, with the rest of the key. */
export interface Key {
  /** What marks it in the index. */
  readonly tag: number
  readonly scope: number
  readonly keyWord: number
  /** The first label of the question's name that belongs to it. */
  readonly label: number
}

/** The entries that readers can find: by key, by slot of the index, by id. */
export class Entries {
  readonly heap: Heap
  readonly tallies: Tallies
  /** How many there are. */
  count = 0
  /** Those among them that have not been cleaned yet. */
  fresh = 0
  /** Told of every id before it is used again: what readers still have to tell of it must be taken in now. */
  beforeReuse: () => void = () => {}

  private readonly shared: Shared
  private readonly epochs: Epochs
  private readonly now: () => number
  private readonly freeIds: number[] = []
  /** By id: where the entry is, 0 for none; its slot in the index; what its reply was published with; repetitions when it was last looked at. */
  private readonly places: Int32Array
  private readonly slots: Int32Array
  private readonly seen: Uint32Array
  /** Whether an entry has been cleaned and was in use. */
  private readonly kept: Uint8Array
  private readonly contexts: unknown[] = []

  constructor(shared: Shared, epochs: Epochs, now: () => number) {
    const { entries } = shared
    this.shared = shared
    this.epochs = epochs
    this.now = now
    this.heap = new Heap(shared.heap)
    this.tallies = new Tallies(shared)
    this.places = new Int32Array(entries)
    this.slots = new Int32Array(entries)
    this.seen = new Uint32Array(entries)
    this.kept = new Uint8Array(entries)
    for (let id = entries - 1; id >= 0; id--) this.freeIds.push(id)
  }

  /** Ids that are left. */
  get free(): number {
    return this.freeIds.length
  }

  takeId(): number | undefined {
    return this.freeIds.pop()
  }

  returnId(id: number): void {
    this.freeIds.push(id)
  }

  /** Where an entry is; 0 for one that is gone. */
  placeOf(id: number): number {
    return this.places[id] as number
  }

  contextOf(id: number): unknown {
    return this.contexts[id]
  }

  /** Octets of the entry at a place. */
  octetsAt(place: number): number {
    return this.heap.words[(place + AT.OCTETS) >> 2] as number
  }

  /** Place of the entry in a slot of the index; 0 for none. */
  placeIn(slot: number): number {
    return (this.shared.index[slot + 1] as number) * 8
  }

  /** The slot that holds this very key, standing or dead; -1 for none. */
  find(key: Key, question: Question): number {
    const { index } = this.shared
    const first = this.bucketOf(key.tag)
    for (let slot = first; slot < first + 2 * BUCKET; slot += 2) {
      if (index[slot] !== key.tag) continue
      const place = this.placeIn(slot)
      if (place !== 0 && this.has(place, key, question)) return slot
    }
    return -1
  }

  /** A slot of the key's bucket: a free one, else one whose entry is dead, or is new and has not been asked for; -1 for none. */
  freeSlot(tag: number): number {
    const first = this.bucketOf(tag)
    let idle = -1
    for (let slot = first; slot < first + 2 * BUCKET; slot += 2) {
      const place = this.placeIn(slot)
      if (place === 0) return slot
      if (idle < 0 && this.mayGo(place)) idle = slot
    }
    if (idle >= 0) this.drop(idle)
    return idle
  }

  /** Shows readers the entry at a place, in the stead of what the slot held. */
  install(id: number, slot: number, tag: number, place: number, publication: Publication): void {
    const { index } = this.shared
    this.drop(slot)
    this.places[id] = place
    this.slots[id] = slot
    this.seen[id] = 0
    this.kept[id] = 0
    this.fresh++
    this.contexts[id] = publication.context
    this.tallies.open(id, publication.counts)
    // Whoever sees a tag before its place compares the key and finds another's; the place is what publishes.
    index[slot] = tag
    Atomics.store(index, slot + 1, place / 8)
    this.count++
  }

  /** The entry is at another place from now on: it was in use when it was cleaned. */
  keepAt(id: number, place: number): void {
    this.places[id] = place
    this.seen[id] = this.tallies.times(id)
    if (this.kept[id] === 0) this.fresh--
    this.kept[id] = 1
    Atomics.store(this.shared.index, (this.slots[id] as number) + 1, place / 8)
  }

  remove(id: number): void {
    this.drop(this.slots[id] as number)
  }

  /** Whether an entry is alive and was repeated since it was last looked at. */
  isInUse(id: number, place: number): boolean {
    return this.stands(place) && this.tallies.times(id) - (this.seen[id] as number) >= IN_USE
  }

  /** Whether readers would still give the entry at a place. */
  stands(place: number): boolean {
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

  private bucketOf(tag: number): number {
    return (tag & (this.shared.buckets - 1)) * 2 * BUCKET
  }

  private has(place: number, { scope, keyWord, label }: Key, question: Question): boolean {
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

  /** One that was in use when it was cleaned stays until it is cleaned again. */
  private mayGo(place: number): boolean {
    const id = this.idAt(place)
    return !(this.kept[id] === 1 ? this.stands(place) : this.isInUse(id, place))
  }

  private idAt(place: number): number {
    return this.heap.words[(place + AT.ID) >> 2] as number
  }

  /** Takes the entry in a slot out of the index; its memory and its id are used again once no reader can hold it. */
  private drop(slot: number): void {
    const place = this.placeIn(slot)
    if (place === 0) return
    Atomics.store(this.shared.index, slot + 1, 0)
    const id = this.idAt(place)
    this.places[id] = 0
    if (this.kept[id] === 0) this.fresh--
    this.count--
    this.epochs.retire(() => {
      this.beforeReuse()
      this.tallies.close(id)
      this.contexts[id] = undefined
      this.freeIds.push(id)
    })
  }
}
