/** How often the rate is looked at. */
export const WINDOW_MS = 100
/** The fewest that are taken: one in so many. */
export const MAX_EVERY = 1 << 13

/**
 * Chooses one answer in so many, so that there are about as many a second as were asked for and no more, however many answers there are. How many it passes over is left to
 * chance: clients ask for A and AAAA by turns.
 */
export class Sampler {
  /** One in so many, on average, at present; 0 for none. */
  every = 0

  private budget = 0
  private left = 0
  private since = 0
  private taken = 0
  private windowEnds = 0
  private seed: number

  /** @param seed any number */
  constructor(seed: number) {
    this.seed = seed | 1
  }

  /** To be told now and then: how many a second are asked for, 0 for none, and the time in milliseconds. */
  turn(perSecond: number, now: number): void {
    if (perSecond === 0) {
      this.every = 0
      return
    }
    if (this.every === 0) this.begin()
    this.budget = Math.max(1, (perSecond * WINDOW_MS) / 1000)
    if (now < this.windowEnds) return
    if (this.taken * 2 < this.budget && this.every > 1) {
      this.every >>= 1
      this.left = Math.min(this.left, this.every)
    }
    this.taken = 0
    this.windowEnds = now + WINDOW_MS
  }

  /** Of how many answers this one speaks for; 0 when it is not chosen. Less than twice {@link MAX_EVERY}. */
  weigh(): number {
    if (this.every === 0) return 0
    this.since++
    if (--this.left > 0) return 0
    const weight = this.since
    this.since = 0
    if (++this.taken >= this.budget && this.every < MAX_EVERY) {
      this.every <<= 1
      this.taken = 0
    }
    this.left = this.draw()
    return weight
  }

  private begin(): void {
    this.every = 1
    this.left = 1
    this.since = 0
    this.taken = 0
  }

  /** From 1 to 2 * every - 1. Marsaglia's xorshift. */
  private draw(): number {
    let seed = this.seed
    seed ^= seed << 13
    seed ^= seed >>> 17
    seed ^= seed << 5
    this.seed = seed
    return 1 + ((seed >>> 0) % (2 * this.every - 1))
  }
}
