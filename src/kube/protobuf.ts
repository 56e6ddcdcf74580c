/**
 * A reader of protobuf messages that skips what nobody asks for. It walks one buffer in place: entering a message inside
 * a message makes no object, and a skipped field costs its tag and its length.
 */
export class ProtobufReader {
  readonly #octets: Buffer
  #at: number
  #end: number
  #wire = 0
  #number = 0

  constructor(octets: Buffer, start = 0, end = octets.length) {
    this.#octets = octets
    this.#at = start
    this.#end = end
  }

  /**
   * Goes on to the next field of the message; its value must then be read or {@link skip}ped.
   *
   * @returns false at the end of the message
   * @throws RangeError for what is no message, here and below
   */
  field(): boolean {
    if (this.#at >= this.#end) {
      if (this.#at > this.#end) throw new RangeError('a field passes the end of its message')
      return false
    }
    const tag = this.varint()
    this.#number = Math.floor(tag / 8)
    this.#wire = tag % 8
    return true
  }

  /** The number of the field that {@link field} has come to. */
  at(): number {
    return this.#number
  }

  varint(): number {
    let value = 0
    let factor = 1
    for (;;) {
      const octet = this.#octets[this.#at++]
      if (octet === undefined) throw new RangeError('a number passes the end of its message')
      value += (octet & 0x7f) * factor
      if (octet < 0x80) return value
      factor *= 128
      // Negative numbers take ten octets, of which a double keeps only the size; no field read here is negative.
      if (factor > 2 ** 70) throw new RangeError('a number that does not end')
    }
  }

  boolean(): boolean {
    return this.varint() !== 0
  }

  text(): string {
    const end = this.#length()
    const text = this.#octets.toString('utf8', this.#at, end)
    this.#at = end
    return text
  }

  /** A text that likely came before; `known` may give the copy that is there. */
  knownText(known: (octets: Buffer, start: number, end: number) => string): string {
    const end = this.#length()
    const text = known(this.#octets, this.#at, end)
    this.#at = end
    return text
  }

  /** The octets themselves, not copied. */
  octets(): Buffer {
    const end = this.#length()
    const octets = this.#octets.subarray(this.#at, end)
    this.#at = end
    return octets
  }

  /** Enters the message that is this field's value. @returns what {@link leave} wants */
  enter(): number {
    const outer = this.#end
    this.#end = this.#length()
    return outer
  }

  leave(outer: number): void {
    this.#at = this.#end
    this.#end = outer
  }

  skip(): void {
    if (this.#wire === 2) this.#at = this.#length()
    else if (this.#wire === 0) this.varint()
    else if (this.#wire === 1) this.#at += 8
    else if (this.#wire === 5) this.#at += 4
    else throw new RangeError(`wire type ${this.#wire}`)
  }

  /** Reads a length and returns where it ends. */
  #length(): number {
    if (this.#wire !== 2) throw new RangeError('a field of another type')
    const length = this.varint()
    const end = this.#at + length
    if (end > this.#end) throw new RangeError('a field passes the end of its message')
    return end
  }
}

/**
 * What {@link ProtobufReader.varint} does, for a buffer that may end before the number does.
 *
 * @returns the number and where it ends; undefined where octets are missing
 */
export function varintAt(octets: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0
  let factor = 1
  for (let i = at; i < octets.length && i < at + 10; i++) {
    value += (octets[i]! & 0x7f) * factor
    if (octets[i]! < 0x80) return { value, end: i + 1 }
    factor *= 128
  }
  return undefined
}
