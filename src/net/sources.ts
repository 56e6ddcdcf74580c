import type { Heard } from './fairness.ts'

/** Clients that are told apart in a window; what others send is counted and is nobody's. */
export const MAX_SOURCES = 512
/** Twice the places, so that a search ends soon. */
const PLACES = 2 * MAX_SOURCES
const WORDS = 5

/** Counts datagrams by the address that they come from, without allocating. */
export class Sources {
  /** Datagrams counted, those of nobody too. */
  counted = 0
  /** A row of each place: four words of the address as they lie in memory, and the count. */
  private readonly rows = new Uint32Array(PLACES * WORDS)
  private readonly used: number[] = []

  /** The words of an address (IPv6, or IPv4 in its clothes) in network order, as a little-endian machine reads them. */
  count(a: number, b: number, c: number, d: number): void {
    this.counted++
    const { rows } = this
    const hash = Math.imul(a ^ Math.imul(b, 31) ^ Math.imul(c, 17) ^ d, 0x9e3779b1)
    for (let place = hash >>> 22; ; place = (place + 1) % PLACES) {
      const at = place * WORDS
      if (rows[at + 4] === 0) {
        if (this.used.length === MAX_SOURCES) return
        this.used.push(at)
        rows[at] = a
        rows[at + 1] = b
        rows[at + 2] = c
        rows[at + 3] = d
        rows[at + 4] = 1
        return
      }
      if (rows[at] === a && rows[at + 1] === b && rows[at + 2] === c && rows[at + 3] === d) {
        rows[at + 4] = (rows[at + 4] as number) + 1
        return
      }
    }
  }

  /** Who was counted, addresses in network order. */
  heard(): Heard[] {
    return this.used.map((at) => {
      const word = (i: number) => swapped(this.rows[at + i] as number)
      return {
        address: [word(0), word(1), word(2), word(3)],
        count: this.rows[at + 4] as number,
      }
    })
  }

  clear(): void {
    if (this.counted === 0) return
    this.counted = 0
    this.used.length = 0
    this.rows.fill(0)
  }
}

function swapped(word: number): number {
  const high = ((word & 0xff) << 24) | ((word & 0xff00) << 8)
  return (high | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}
