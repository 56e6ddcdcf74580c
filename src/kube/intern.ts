import type { PortRecord } from './records.ts'

/**
 * Above this many different texts, or port lists, the pool is emptied. Nothing breaks then: later records only share
 * less with earlier ones. Without a bound, labels that carry a hash would stay for ever.
 */
export const MAX_INTERNED = 16_384

/** Gives equal texts and equal port lists one place in memory. */
export class Interner {
  readonly #texts = new Map<string, string>()
  readonly #ports = new Map<string, readonly PortRecord[]>()

  text(value: string): string {
    const known = this.#texts.get(value)
    if (known !== undefined) return known
    if (this.#texts.size >= MAX_INTERNED) this.#texts.clear()
    this.#texts.set(value, value)
    return value
  }

  ports(list: readonly PortRecord[]): readonly PortRecord[] {
    // A name cannot hold a slash or a comma, so no two lists have one signature.
    let signature = ''
    for (const port of list) signature += `${port.number}/${port.protocol}/${port.name},`
    const known = this.#ports.get(signature)
    if (known !== undefined) return known
    if (this.#ports.size >= MAX_INTERNED) this.#ports.clear()
    this.#ports.set(signature, list)
    return list
  }

  /** How many texts and lists are held. */
  get size(): number {
    return this.#texts.size + this.#ports.size
  }
}
