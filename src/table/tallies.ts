import { type Shared, TALLY_WORDS } from './layout.ts'
import type { TallyListener } from './publish.ts'

const COLUMNS = [
  { proto: 'udp', family: 1 },
  { proto: 'udp', family: 2 },
  { proto: 'tcp', family: 1 },
  { proto: 'tcp', family: 2 },
] as const

/**
 * How often each reader repeated each entry. Each row has one writer, its reader; here the difference to what was told before is told. Words go round at
 * 2^32, which no entry reaches between two collections.
 */
export class Tallies {
  private readonly shared: Shared
  private readonly told: readonly Uint32Array[]
  private readonly listeners: (readonly TallyListener[] | undefined)[] = []
  private readonly toldBusy: Float64Array
  /** Seconds that one answer of each reader took, of late. */
  private readonly pace: Float64Array

  constructor(shared: Shared) {
    this.shared = shared
    this.told = shared.tallies.map((row) => new Uint32Array(row.length))
    this.toldBusy = new Float64Array(shared.busy.length)
    this.pace = new Float64Array(shared.tallies.length)
  }

  open(id: number, listeners: readonly TallyListener[]): void {
    this.listeners[id] = listeners
  }

  /** Tells what is left of an entry that no reader can find any more, and forgets it. */
  close(id: number): void {
    this.collectOne(id)
    this.listeners[id] = undefined
    this.shared.tallies.forEach((row, reader) => {
      const words = row.length / this.shared.entries
      row.fill(0, id * words, (id + 1) * words)
      this.told[reader]?.fill(0, id * words, (id + 1) * words)
    })
  }

  /** How often an entry was repeated, by all readers together. */
  times(id: number): number {
    let times = 0
    for (const row of this.shared.tallies) {
      const words = row.length / this.shared.entries
      const end = (id + 1) * words
      for (let at = id * words; at < end; at += TALLY_WORDS) times += row[at] as number
    }
    return times >>> 0
  }

  collect(): void {
    this.measurePace()
    for (let id = 0; id < this.listeners.length; id++) {
      if (this.listeners[id] !== undefined) this.collectOne(id)
    }
  }

  private collectOne(id: number): void {
    const { tallies, entries } = this.shared
    for (let reader = 0; reader < tallies.length; reader++) {
      const row = tallies[reader] as Uint32Array
      const words = row.length / entries
      for (let column = 0; column * TALLY_WORDS < words; column++) {
        this.tell(id, reader, column, id * words + column * TALLY_WORDS)
      }
    }
  }

  private tell(id: number, reader: number, column: number, at: number): void {
    const row = this.shared.tallies[reader] as Uint32Array
    const told = this.told[reader] as Uint32Array
    if (row[at] === told[at]) return
    const times = difference(row, told, at)
    const queryOctets = difference(row, told, at + 1)
    const nameOctets = difference(row, told, at + 2)
    const { proto, family } = COLUMNS[column] as (typeof COLUMNS)[number]
    const seconds = times * (this.pace[reader] as number)
    const tally = { times, proto, family, queryOctets, nameOctets, seconds }
    for (const listener of this.listeners[id] ?? []) listener.inc(times, tally)
  }

  private measurePace(): void {
    const { busy } = this.shared
    for (let reader = 0; reader < this.pace.length; reader++) {
      const milliseconds = (busy[2 * reader] as number) - (this.toldBusy[2 * reader] as number)
      const answers = (busy[2 * reader + 1] as number) - (this.toldBusy[2 * reader + 1] as number)
      if (answers > 0) this.pace[reader] = milliseconds / 1000 / answers
    }
    this.toldBusy.set(busy)
  }
}

/** What a word has grown by since it was told; it is told now. */
function difference(row: Uint32Array, told: Uint32Array, at: number): number {
  const value = row[at] as number
  const grown = (value - (told[at] as number)) >>> 0
  told[at] = value
  return grown
}
