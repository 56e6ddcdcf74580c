import { addHash } from './filter.ts'
import { FILTER_WORDS, FILTERS, type Shared } from './layout.ts'
import type { Filter } from './publish.ts'
import { hashOfName } from './question.ts'

/** Bits for each name that a filter is made for; four of them are set, or eight for an open name. */
const BITS_PER_NAME = 32
const MIN_LOGARITHM = 10

/** The memory of the filters: areas of a power of two words each, the first that is free and long enough. */
export class Filters {
  private readonly shared: Shared
  private readonly areas = new Map<number, { readonly from: number; readonly words: number }>()
  private generation = 0

  constructor(shared: Shared) {
    this.shared = shared
  }

  open(names: number): Filter | undefined {
    const logarithm = Math.max(MIN_LOGARITHM, Math.ceil(Math.log2(names * BITS_PER_NAME)))
    const words = 2 ** (logarithm - 5)
    const from = this.findArea(words)
    const slot = this.findSlot()
    if (from < 0 || slot < 0) return undefined
    this.areas.set(slot, { from, words })
    const { filters, filterBits, seed } = this.shared
    filterBits.fill(0, from, from + words)
    this.generation = (this.generation + 1) & 0xffffff
    const number = this.generation * FILTERS + slot
    Atomics.store(filters, slot * FILTER_WORDS + 1, from)
    Atomics.store(filters, slot * FILTER_WORDS + 2, logarithm)
    Atomics.store(filters, slot * FILTER_WORDS, number)
    return {
      number,
      add: (name, open) => addHash(filterBits, from, logarithm, hashOfName(name, seed), open),
    }
  }

  /** Whether a filter is still in use. */
  stands(number: number): boolean {
    return this.shared.filters[(number & (FILTERS - 1)) * FILTER_WORDS] === number
  }

  /** Readers take everything to be possible from now on; the memory is free when none of them is still looking. */
  close(filter: Filter, later: (free: () => void) => void): void {
    if (!this.stands(filter.number)) return
    const slot = filter.number & (FILTERS - 1)
    Atomics.store(this.shared.filters, slot * FILTER_WORDS, 0)
    later(() => this.areas.delete(slot))
  }

  private findArea(words: number): number {
    let from = 0
    const taken = [...this.areas.values()].sort((a, b) => a.from - b.from)
    for (const area of taken) {
      if (area.from - from >= words) return from
      from = area.from + area.words
    }
    return this.shared.filterBits.length - from >= words ? from : -1
  }

  private findSlot(): number {
    for (let slot = 0; slot < FILTERS; slot++) if (!this.areas.has(slot)) return slot
    return -1
  }
}
