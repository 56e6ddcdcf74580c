import type { Item } from './item.ts'

/** The reference spreads its items over so many parts, each with a bound of its own. */
const PARTS = 256
const LEAST_PER_PART = 4
/** Items looked at to find one that can go. */
const CANDIDATES = 4

/** Items by key, as many as fit: beyond that, one taken by chance goes, those that are over first. */
export class Store {
  readonly capacity: number
  private readonly items = new Map<string, Item>()
  private readonly keys: string[] = []
  private readonly chance: () => number

  /** @param capacity as configured; it is rounded to a multiple of 256, and 1024 at least, as in the reference */
  constructor(capacity: number, chance: () => number) {
    this.capacity = PARTS * Math.max(Math.trunc(capacity / PARTS), LEAST_PER_PART)
    this.chance = chance
  }

  get size(): number {
    return this.keys.length
  }

  get(key: string): Item | undefined {
    return this.items.get(key)
  }

  /** Adds or replaces; true when another item had to go. */
  set(key: string, item: Item, now: number): boolean {
    const old = this.items.get(key)
    const evicts = old === undefined && this.keys.length >= this.capacity
    if (evicts) this.evict(now)
    item.place = old === undefined ? this.keys.push(key) - 1 : old.place
    this.items.set(key, item)
    return evicts
  }

  delete(key: string): void {
    const item = this.items.get(key)
    if (item === undefined) return
    this.items.delete(key)
    const last = this.keys.pop() as string
    if (last === key) return
    this.keys[item.place] = last
    const moved = this.items.get(last) as Item
    moved.place = item.place
  }

  private evict(now: number): void {
    let victim = ''
    for (let i = 0; i < CANDIDATES; i++) {
      victim = this.keys[Math.floor(this.chance() * this.keys.length)] as string
      if ((this.items.get(victim) as Item).left(now) <= 0) break
    }
    this.delete(victim)
  }
}
