import type { Octets } from '../record.ts'

/** The octets that a word stands for: `\DDD` is an octet, `\X` the character itself (RFC 1035 §5.1). Undefined for an escape without an end. */
export function unescaped(text: string): Octets | undefined {
  if (!text.includes('\\')) return text as Octets
  let octets = ''
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '\\') {
      octets += text[at]
      continue
    }
    const digits = /^[0-9]{3}/.exec(text.slice(at + 1, at + 4))?.[0]
    if (digits !== undefined) {
      octets += String.fromCharCode(Number(digits) & 0xff)
      at += 3
    } else {
      if (++at >= text.length) return undefined
      octets += text[at]
    }
  }
  return octets as Octets
}

/** Octets between quotes, with escapes for quotes, backslashes and what is not printable. */
export function quoted(octets: string): string {
  return `"${octets.replace(/["\\]|[^ -~]/g, escaped)}"`
}

function escaped(char: string): string {
  if (char === '"' || char === '\\') return `\\${char}`
  return `\\${String(char.charCodeAt(0)).padStart(3, '0')}`
}

/** A character-string: a length octet and its octets; undefined for more than 255. */
export function characterString(octets: string): string | undefined {
  return octets.length > 255 ? undefined : String.fromCharCode(octets.length) + octets
}

/** Text's UTF-8 octets, one a character. */
export function octetsOf(text: string): string {
  return /^[\x00-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

export const hexOf = (octets: string): string => Buffer.from(octets, 'latin1').toString('hex')

/** Octets of hexadecimal digits; undefined when it is something else. */
export function fromHex(text: string): Octets | undefined {
  if (text.length % 2 !== 0 || !/^[0-9A-Fa-f]*$/.test(text)) return undefined
  return Buffer.from(text, 'hex').toString('latin1') as Octets
}

export const base64Of = (octets: string): string => Buffer.from(octets, 'latin1').toString('base64')

/** Octets of base64 with its padding (RFC 4648 §4). */
export function fromBase64(text: string): Octets | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    return undefined
  }
  return Buffer.from(text, 'base64').toString('latin1') as Octets
}

const BASE32HEX = '0123456789ABCDEFGHIJKLMNOPQRSTUV'

/** Base32 with the extended hex alphabet, without padding (RFC 4648 §7, RFC 5155 §3.3). */
export function base32HexOf(octets: string): string {
  let bits = 0
  let value = 0
  let text = ''
  for (let at = 0; at < octets.length; at++) {
    value = ((value << 8) | octets.charCodeAt(at)) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32HEX[(value >> bits) & 31]
    }
  }
  return bits === 0 ? text : text + BASE32HEX[(value << (5 - bits)) & 31]
}

export function fromBase32Hex(text: string): Octets | undefined {
  let bits = 0
  let value = 0
  let octets = ''
  for (const char of text.toUpperCase()) {
    const digit = BASE32HEX.indexOf(char)
    if (digit === -1) return undefined
    value = ((value << 5) | digit) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      octets += String.fromCharCode((value >> bits) & 0xff)
    }
  }
  return octets as Octets
}
