/** Runs out of 2^31 in months, and then goes round: epochs are compared by their difference. 0 means that a reader holds nothing. */
const FIRST_EPOCH = 1
/** Retired things that wait before the epoch moves on by itself. */
const BATCH = 256

interface Retired {
  readonly epoch: number
  readonly free: () => void
}

/**
 * Frees memory only after every reader that may still look at it has passed the end of a batch. A reader that waits in the kernel holds nothing.
 */
export class Epochs {
  private readonly words: Int32Array
  private readonly retired: Retired[] = []
  private first = 0
  private inThisEpoch = 0

  /** @param words the present epoch, then one word for each reader */
  constructor(words: Int32Array) {
    this.words = words
    Atomics.store(words, 0, FIRST_EPOCH)
  }

  /** Things that wait to be freed. */
  get waiting(): number {
    return this.retired.length - this.first
  }

  /** Has something freed once no reader can hold it; it has been taken out of the index already. */
  retire(free: () => void): void {
    this.retired.push({ epoch: Atomics.load(this.words, 0), free })
    if (++this.inThisEpoch >= BATCH) this.advance()
  }

  /** Begins a new epoch, and frees what no reader can hold any more. */
  advance(): void {
    this.inThisEpoch = 0
    const next = (Atomics.load(this.words, 0) + 1) | 0
    Atomics.store(this.words, 0, next === 0 ? FIRST_EPOCH : next)
    this.reclaim()
  }

  /** A reader is gone without having left: a thread that threw. */
  forget(reader: number): void {
    Atomics.store(this.words, reader + 1, 0)
  }

  private reclaim(): void {
    const { retired } = this
    const oldest = this.oldest()
    while (this.first < retired.length) {
      const { epoch, free } = retired[this.first] as Retired
      if (((oldest - epoch) | 0) <= 0) break
      this.first++
      free()
    }
    if (this.first > BATCH) {
      retired.splice(0, this.first)
      this.first = 0
    }
  }

  /** The oldest epoch that a reader is in; the present one where none is in any. */
  private oldest(): number {
    let oldest = Atomics.load(this.words, 0)
    for (let reader = 1; reader < this.words.length; reader++) {
      const word = Atomics.load(this.words, reader)
      if (word !== 0 && ((word - oldest) | 0) < 0) oldest = word
    }
    return oldest
  }
}
