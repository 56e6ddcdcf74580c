import type { PortRecord } from './records.ts'

/**
 * Above this many different texts, or port lists, the pool is emptied. Nothing breaks then: later records only share
 * less with earlier ones. Without a bound, labels that carry a hash would stay for ever.
 */
export const MAX_INTERNED = 16_384

/** Texts that are found again from their octets alone; a power of two. */
const RECENT = 4096

/** Gives equal texts and equal port lists one place in memory. */
export class Interner {
  readonly #texts = new Map<string, string>()
  readonly #recent: string[] = new Array<string>(RECENT).fill('')
  readonly #ports = new Map<string, readonly PortRecord[]>()

  text(value: string): string {
    const known = this.#texts.get(value)
    if (known !== undefined) return known
    if (this.#texts.size >= MAX_INTERNED) this.#texts.clear()
    this.#texts.set(value, value)
    return value
  }

  /**
   * The text in these octets, which must be UTF-8. Where it came before, and was not pushed out since, no new one is made.
   * A method by itself, to be handed on.
   */
  readonly octets = (octets: Buffer, start: number, end: number): string => {
    let hash = end - start
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + octets[i]!) | 0
    const slot = (hash ^ (hash >>> 15)) & (RECENT - 1)
    const recent = this.#recent[slot]!
    if (isText(recent, octets, start, end)) return recent
    const text = this.text(octets.toString('utf8', start, end))
    this.#recent[slot] = text
    return text
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

/** Texts beyond ASCII never compare equal here, and so are only made anew. */
function isText(text: string, octets: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== octets[start + i]) return false
  return !/[^\x00-\x7f]/.test(text)
}
