/** Chance that can be repeated: the same seed throws the same dice. */
export class Dice {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed >>> 0
    this.#state = this.seed
  }

  /** In [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** From 0 up to, not including, `below`. */
  int(below: number): number {
    return Math.floor(this.next() * below)
  }

  /** True so often. */
  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(of: readonly T[]): T {
    return of[this.int(of.length)] as T
  }

  /** In another order; a new array. */
  shuffle<T>(of: readonly T[]): T[] {
    const all = [...of]
    for (let i = all.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const other = all[j] as T
      all[j] = all[i] as T
      all[i] = other
    }
    return all
  }

  /** Another, for a part of the work that must not depend on how much the rest throws. */
  fork(): Dice {
    return new Dice(this.int(2 ** 32))
  }
}

/** Runs without a wish are all the same. */
const DEFAULT_SEED = 20_261_121

/** The seed that the environment gives (`MUSTER_SEED=random` for a new one), which tests print. */
export function seedOf(environment: Readonly<Record<string, string | undefined>>): number {
  const given = environment.MUSTER_SEED
  if (given === 'random') return Math.floor(Math.random() * 2 ** 32)
  return Number(given ?? DEFAULT_SEED) >>> 0
}
