import ipaddr from 'ipaddr.js'
import { typeFromText, typeToText } from '../codes.ts'
import { type Name, nameToText } from '../name.ts'
import { readU16, readU32, u16, u32 } from '../record.ts'
import type { Cursor } from './cursor.ts'
import {
  base32HexOf,
  base64Of,
  characterString,
  fromBase32Hex,
  fromBase64,
  fromHex,
  hexOf,
  quoted,
  unescaped,
} from './text.ts'
import { timeFromText, timeToText } from './time.ts'
import { ttlFromText } from './ttl.ts'

/** One field of a type's RDATA, both ways. */
export interface Field {
  /** The octets of the field; undefined when the words do not fit it. */
  read(words: Cursor): string | undefined
  /** Its text, and where the next field begins; undefined when the octets do not fit. */
  write(rdata: string, at: number): readonly [text: string, next: number] | undefined
}

/** A whole number of so many octets. `words` are mnemonics for some of them; `shown` says that they are written too. */
export function number(
  octets: 1 | 2 | 4,
  words: Readonly<Record<string, number>> = {},
  shown = false,
): Field {
  const inverse = new Map(Object.entries(words).map(([word, value]) => [value, word]))
  const bound = 2 ** (8 * octets)
  return {
    read(cursor) {
      const { text } = cursor.next()
      const value = /^[0-9]+$/.test(text) ? Number(text) : words[text.toUpperCase()]
      return value === undefined || value >= bound ? undefined : u32(value).slice(4 - octets)
    },
    write(rdata, at) {
      if (at + octets > rdata.length) return undefined
      const value = readU32(`\0\0\0${rdata.slice(at, at + octets)}`.slice(-4), 0)
      return [(shown ? inverse.get(value) : undefined) ?? String(value), at + octets]
    },
  }
}

export const u8Field = number(1)
export const u16Field = number(2)
export const u32Field = number(4)

/** A number of seconds, with units or without. */
export const seconds: Field = {
  read(cursor) {
    const value = ttlFromText(cursor.next().text)
    return value === undefined ? undefined : u32(value)
  },
  write: u32Field.write,
}

/** A moment as `YYYYMMDDHHmmSS` or as seconds since 1970 (RFC 4034 §3.2). */
export const time: Field = {
  read(cursor) {
    const value = timeFromText(cursor.next().text)
    return value === undefined ? undefined : u32(value)
  },
  write: (rdata, at) =>
    at + 4 > rdata.length ? undefined : [timeToText(readU32(rdata, at)), at + 4],
}

export const domain: Field = {
  read: (cursor) => cursor.name(),
  write(rdata, at) {
    let end = at
    while (rdata.charCodeAt(end) > 0) end += rdata.charCodeAt(end) + 1
    return end < rdata.length ? [nameToText(rdata.slice(at, end + 1) as Name), end + 1] : undefined
  },
}

export const ipv4: Field = {
  read: (cursor) => ipv4Octets(cursor.next().text),
  write: (rdata, at) =>
    at + 4 > rdata.length ? undefined : [addressToText(rdata.slice(at, at + 4)), at + 4],
}

export const ipv6: Field = {
  read: (cursor) => ipv6Octets(cursor.next().text),
  write: (rdata, at) =>
    at + 16 > rdata.length ? undefined : [addressToText(rdata.slice(at, at + 16)), at + 16],
}

/** One character-string; `plain` writes it without quotes. */
export function string(plain = false, mustBeQuoted = false): Field {
  return {
    read(cursor) {
      const word = cursor.next()
      if (word.text === '\n' || (mustBeQuoted && !word.quoted)) return undefined
      const octets = unescaped(word.text)
      return octets === undefined ? undefined : characterString(octets)
    },
    write(rdata, at) {
      const next = at + 1 + rdata.charCodeAt(at)
      if (at >= rdata.length || next > rdata.length) return undefined
      const octets = rdata.slice(at + 1, next)
      return [plain ? octets : quoted(octets), next]
    },
  }
}

/** Character-strings to the end; a longer text is cut into pieces of 255 octets. */
export const strings: Field = {
  read(cursor) {
    const texts = textsOf(cursor)
    return texts?.map((text) => characterString(text)).join('')
  },
  write(rdata, at) {
    const texts: string[] = []
    while (at < rdata.length) {
      const next = at + 1 + rdata.charCodeAt(at)
      if (next > rdata.length) return undefined
      texts.push(quoted(rdata.slice(at + 1, next)))
      at = next
    }
    return [texts.join(' '), at]
  },
}

/** Two character-strings (HINFO, ISDN): one word with a blank in it counts as two, what is more goes to the second. */
export const twoStrings: Field = {
  read(cursor) {
    const texts = textsOf(cursor)
    if (texts === undefined) return undefined
    const words = texts[0]?.trim().split(/\s+/) ?? []
    const [first = '', ...others] = texts.length === 1 && words.length > 1 ? words : texts
    const second = characterString(others.join(' '))
    return second === undefined ? undefined : `${characterString(first)}${second}`
  },
  write: strings.write,
}

/** One text to the end, without a length octet (CAA, URI). */
export const text: Field = {
  read(cursor) {
    const texts = textsOf(cursor)
    return texts?.length === 1 ? texts[0] : undefined
  },
  write: (rdata, at) => [quoted(rdata.slice(at)), rdata.length],
}

/** Octets to the end, in an encoding whose words may be cut by blanks. */
function encoded(
  decode: (text: string) => string | undefined,
  encode: (octets: string) => string,
): Field {
  return {
    read(cursor) {
      const words = cursor.rest()
      if (words.some((word) => word.quoted)) return undefined
      return decode(words.map((word) => word.text).join(''))
    },
    write: (rdata, at) => [encode(rdata.slice(at)), rdata.length],
  }
}

export const hex = encoded(fromHex, (octets) => hexOf(octets).toUpperCase())
export const base64 = encoded(fromBase64, base64Of)

/** A length octet and octets in hexadecimal, `-` for none (RFC 5155 §3.3). */
export const salt: Field = {
  read(cursor) {
    const { text } = cursor.next()
    const octets = text === '-' ? '' : fromHex(text)
    return octets === undefined ? undefined : characterString(octets)
  },
  write(rdata, at) {
    const end = at + 1 + rdata.charCodeAt(at)
    if (at >= rdata.length || end > rdata.length) return undefined
    return [hexOf(rdata.slice(at + 1, end)).toUpperCase() || '-', end]
  },
}

/** A length octet and octets in base32 (RFC 5155 §3.3). */
export const hash: Field = {
  read(cursor) {
    const { text } = cursor.next()
    const octets = text === '' ? undefined : fromBase32Hex(text)
    return octets === undefined ? undefined : characterString(octets)
  },
  write(rdata, at) {
    const end = at + 1 + rdata.charCodeAt(at)
    if (at >= rdata.length || end > rdata.length) return undefined
    return [base32HexOf(rdata.slice(at + 1, end)), end]
  },
}

/** The mnemonic of a type. */
export const type: Field = {
  read(cursor) {
    const value = typeFromText(cursor.next().text.toUpperCase())
    return value === undefined ? undefined : u16(value)
  },
  write: (rdata, at) =>
    at + 2 > rdata.length ? undefined : [typeToText(readU16(rdata, at)), at + 2],
}

/** Groups of hexadecimal digits with separators between them (NID, L64, EUI48, EUI64). */
export function grouped(groups: number, digits: number, separator: string): Field {
  const shape = new RegExp(
    `^(?:[0-9a-f]{${digits}}${separator}){${groups - 1}}[0-9a-f]{${digits}}$`,
    'i',
  )
  const octets = (groups * digits) / 2
  return {
    read(cursor) {
      const { text } = cursor.next()
      return shape.test(text) ? fromHex(text.replaceAll(separator, '')) : undefined
    },
    write(rdata, at) {
      if (at + octets > rdata.length) return undefined
      const all = hexOf(rdata.slice(at, at + octets))
      const parts = Array.from({ length: groups }, (_, i) =>
        all.slice(i * digits, (i + 1) * digits),
      )
      return [parts.join(separator), at + octets]
    },
  }
}

/** The four octets of a dotted IPv4 address; undefined when it is none. */
export function ipv4Octets(text: string): string | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1)
  if (parts === undefined) return undefined
  if (parts.some((part) => Number(part) > 255 || /^0\d/.test(part))) return undefined
  return String.fromCharCode(...parts.map(Number))
}

/** The sixteen octets of an IPv6 address without a zone; undefined when it is none. */
export function ipv6Octets(text: string): string | undefined {
  if (!text.includes(':') || text.includes('%') || !ipaddr.IPv6.isValid(text)) return undefined
  return String.fromCharCode(...ipaddr.IPv6.parse(text).toByteArray())
}

/** An address of four or sixteen octets, IPv6 as RFC 5952 says. */
export function addressToText(octets: string): string {
  const bytes = Array.from(octets, (char) => char.charCodeAt(0))
  if (bytes.length === 4) return bytes.join('.')
  const address = new ipaddr.IPv6(bytes)
  return address.isIPv4MappedAddress()
    ? `::ffff:${address.toIPv4Address().toString()}`
    : address.toRFC5952String()
}

/** The texts of all words left, in pieces of at most 255 octets. */
function textsOf(cursor: Cursor): string[] | undefined {
  const texts: string[] = []
  for (const word of cursor.rest()) {
    const octets = unescaped(word.text)
    if (octets === undefined) return undefined
    texts.push(...(octets === '' ? [''] : (octets.match(/.{1,255}/gs) as string[])))
  }
  return texts
}
