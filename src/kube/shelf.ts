import { type Fact, packVersion } from './facts.ts'

/** What a shelf tells its owner. */
export interface ShelfOwner<F extends Fact> {
  /** Whether two records say the same: then the old one stays and nobody is told. */
  same(before: F, after: F): boolean
  /** A record came (nothing before), went (nothing after) or was replaced. The shelf already shows it. */
  changed(before: F | undefined, after: F | undefined): void
  /** The server wrote the object, whether or not the record says anything new. */
  written?(fact: F): void
}

/** All records of one kind, by namespace and name, with mark and sweep for complete lists. */
export class Shelf<F extends Fact> {
  readonly #owner: ShelfOwner<F>
  readonly #byNamespace = new Map<string, Map<string, F>>()
  #size = 0
  #generation = 0
  #listing = false

  constructor(owner: ShelfOwner<F>) {
    this.#owner = owner
  }

  get size(): number {
    return this.#size
  }

  get(name: string, namespace: string): F | undefined {
    return this.#byNamespace.get(namespace)?.get(name)
  }

  *values(): Generator<F, undefined> {
    for (const named of this.#byNamespace.values()) yield* named.values()
  }

  /**
   * A complete list begins: what it does not mention is {@link stale} when it ends. Until then an unchanged
   * resourceVersion proves nothing: a server whose data were rewound gives the same numbers out again.
   */
  beginList(): void {
    this.#generation++
    this.#listing = true
  }

  /** What the list that just ended did not mention, for {@link sweep} at the caller's own pace. */
  stale(): F[] {
    this.#listing = false
    const left: F[] = []
    for (const fact of this.values()) if (fact.generation < this.#generation) left.push(fact)
    return left
  }

  /** Does at once what waits. Here nothing does. */
  settle(): void {}

  /** Removes a stale record, unless it has been seen again since. */
  sweep(fact: F): void {
    const known = this.get(fact.name, fact.namespace)
    if (known === fact && fact.generation < this.#generation) this.remove(fact.name, fact.namespace)
  }

  /**
   * Marks a known object as seen.
   *
   * @returns whether this very version is on the shelf, so that it need not be put there again
   */
  touch(name: string, namespace: string, resourceVersion: string): boolean {
    const known = this.get(name, namespace)
    if (known === undefined) return false
    known.generation = this.#generation
    return this.#isThis(known, packVersion(resourceVersion))
  }

  /** @returns whether anything changed but the version */
  put(fact: F): boolean {
    const before = this.get(fact.name, fact.namespace)
    fact.generation = this.#generation
    if (before === undefined) {
      this.#add(fact)
      this.#owner.changed(undefined, fact)
    } else {
      if (this.#isThis(before, fact.version)) {
        before.generation = this.#generation
        return false
      }
      if (this.#owner.same(before, fact)) {
        before.generation = this.#generation
        if (before.version !== fact.version || fact.version === '') this.#owner.written?.(fact)
        before.version = fact.version
        return false
      }
      this.#byNamespace.get(fact.namespace)?.set(fact.name, fact)
      this.#owner.changed(before, fact)
    }
    this.#owner.written?.(fact)
    return true
  }

  /** @returns whether there was such a record */
  remove(name: string, namespace: string): boolean {
    const named = this.#byNamespace.get(namespace)
    const before = named?.get(name)
    if (named === undefined || before === undefined) return false
    named.delete(name)
    if (named.size === 0) this.#byNamespace.delete(namespace)
    this.#size--
    this.#owner.changed(before, undefined)
    return true
  }

  /** An object without a version (of a manifest) is never known to be the same. */
  #isThis(known: F, version: number | string): boolean {
    return !this.#listing && version !== '' && known.version === version
  }

  #add(fact: F): void {
    let named = this.#byNamespace.get(fact.namespace)
    if (named === undefined) {
      named = new Map()
      this.#byNamespace.set(fact.namespace, named)
    }
    named.set(fact.name, fact)
    this.#size++
  }
}
