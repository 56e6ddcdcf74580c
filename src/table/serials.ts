import { SERIALS } from './layout.ts'

/** Live SOA serials in shared memory: readers write the present one into every reply that shows it. */
export class Serials {
  private readonly words: Int32Array
  private readonly stamps = new Map<string, number>()

  constructor(words: Int32Array) {
    this.words = words
  }

  /** Notes the present value of a serial; it has no effect where there are too many. */
  set(name: string, serial: number): void {
    let stamp = this.stamps.get(name)
    if (stamp === undefined) {
      if (this.stamps.size >= SERIALS) return
      stamp = this.stamps.size
      this.stamps.set(name, stamp)
    }
    Atomics.store(this.words, stamp, serial | 0)
  }

  /** Where a serial is; 0 for no name, -1 for one that was never set. */
  stamp(name: string | undefined): number {
    return name === undefined ? 0 : (this.stamps.get(name) ?? -1)
  }
}
