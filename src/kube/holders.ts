const NONE: readonly never[] = []

/** Which records hold a key: an address, or the Service of a slice. One record, the usual case, needs no array. */
export class Holders<F> {
  readonly #map = new Map<string, F | F[]>()

  /** Valid until the next change. */
  get(key: string): readonly F[] {
    const held = this.#map.get(key)
    if (held === undefined) return NONE
    return Array.isArray(held) ? held : [held]
  }

  /** The one that came last. */
  last(key: string): F | undefined {
    const held = this.#map.get(key)
    return Array.isArray(held) ? held[held.length - 1] : held
  }

  get size(): number {
    return this.#map.size
  }

  /** Adding one twice in a row (an address that a slice has twice) changes nothing. */
  add(key: string, holder: F): void {
    const held = this.#map.get(key)
    if (held === undefined) this.#map.set(key, holder)
    else if (held === holder) return
    else if (!Array.isArray(held)) this.#map.set(key, [held, holder])
    else if (held[held.length - 1] !== holder) held.push(holder)
  }

  remove(key: string, holder: F): void {
    const held = this.#map.get(key)
    if (held === holder) this.#map.delete(key)
    else if (Array.isArray(held)) {
      const left = held.filter((other) => other !== holder)
      this.#map.set(key, left.length === 1 ? left[0]! : left)
    }
  }
}

/** {@link Holders} by Namespace and name, without a text put together for each look-up. */
export class NamespacedHolders<F> {
  readonly #byNamespace = new Map<string, Holders<F>>()

  get(name: string, namespace: string): readonly F[] {
    return this.#byNamespace.get(namespace)?.get(name) ?? NONE
  }

  add(name: string, namespace: string, holder: F): void {
    let named = this.#byNamespace.get(namespace)
    if (named === undefined) {
      named = new Holders()
      this.#byNamespace.set(namespace, named)
    }
    named.add(name, holder)
  }

  remove(name: string, namespace: string, holder: F): void {
    const named = this.#byNamespace.get(namespace)
    if (named === undefined) return
    named.remove(name, holder)
    if (named.size === 0) this.#byNamespace.delete(namespace)
  }
}
