import { typeFromText, typeToText } from '../codes.ts'
import type { Field } from './fields.ts'

/** Types to the end, as windows of bits (RFC 4034 §4.1.2). */
export const bitmap: Field = {
  read(cursor) {
    const types: number[] = []
    for (const word of cursor.rest()) {
      const type = word.quoted ? undefined : typeFromText(word.text.toUpperCase())
      if (type === undefined) return undefined
      types.push(type)
    }
    return bitmapOf(types)
  },
  write(rdata, at) {
    const types = typesOf(rdata.slice(at))
    return types === undefined ? undefined : [types.map(typeToText).join(' '), rdata.length]
  },
}

/** The windows of a set of types. */
export function bitmapOf(types: readonly number[]): string {
  const windows = new Map<number, number[]>()
  for (const type of types) {
    const bits = windows.get(type >> 8) ?? []
    const octet = (type & 0xff) >> 3
    while (bits.length <= octet) bits.push(0)
    bits[octet] = (bits[octet] as number) | (0x80 >> (type & 7))
    windows.set(type >> 8, bits)
  }
  return [...windows]
    .sort(([a], [b]) => a - b)
    .map(([window, bits]) => String.fromCharCode(window, bits.length, ...bits))
    .join('')
}

/** The types of a set of windows, in order; undefined when the octets are none. */
export function typesOf(octets: string): number[] | undefined {
  const types: number[] = []
  for (let at = 0; at < octets.length; ) {
    const window = octets.charCodeAt(at)
    const length = octets.charCodeAt(at + 1)
    if (at + 2 + length > octets.length) return undefined
    for (let bit = 0; bit < 8 * length; bit++) {
      const octet = octets.charCodeAt(at + 2 + (bit >> 3))
      if ((octet & (0x80 >> (bit & 7))) !== 0) types.push((window << 8) | bit)
    }
    at += 2 + length
  }
  return types
}
