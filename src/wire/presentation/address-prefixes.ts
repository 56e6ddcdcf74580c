import { u16 } from '../record.ts'
import { addressToText, type Field, ipv4Octets, ipv6Octets } from './fields.ts'

/** The prefixes of an APL record: `1:192.168.32.0/21 !1:192.168.38.0/28 2:FF00::/8` (RFC 3123). */
export const addressPrefixes: Field = {
  read(cursor) {
    let octets = ''
    for (const word of cursor.rest()) {
      const prefix = prefixOctets(word.text)
      if (prefix === undefined) return undefined
      octets += prefix
    }
    return octets
  },
  write(rdata, at) {
    const prefixes: string[] = []
    while (at < rdata.length) {
      const family = rdata.charCodeAt(at + 1)
      const flags = rdata.charCodeAt(at + 3)
      const end = at + 4 + (flags & 0x7f)
      if (end > rdata.length || rdata.charCodeAt(at) !== 0 || family < 1 || family > 2) {
        return undefined
      }
      const address = rdata.slice(at + 4, end).padEnd(family === 1 ? 4 : 16, '\0')
      const negation = flags > 0x7f ? '!' : ''
      prefixes.push(`${negation}${family}:${addressToText(address)}/${rdata.charCodeAt(at + 2)}`)
      at = end
    }
    return [prefixes.join(' '), at]
  },
}

function prefixOctets(text: string): string | undefined {
  const [, negation, family, address = '', length] =
    /^(!?)([12]):([0-9a-f:.]+)\/(\d{1,3})$/i.exec(text) ?? []
  const octets = family === '1' ? ipv4Octets(address) : ipv6Octets(address)
  if (octets === undefined || Number(length) > 8 * octets.length) return undefined
  if (hasBitsBehind(octets, Number(length))) return undefined
  const kept = octets.replace(/\0+$/, '')
  const flags = kept.length | (negation === '!' ? 0x80 : 0)
  return u16(Number(family)) + String.fromCharCode(Number(length), flags) + kept
}

/** Whether a bit is set that the prefix does not cover. */
function hasBitsBehind(octets: string, length: number): boolean {
  for (let bit = length; bit < 8 * octets.length; bit++) {
    if ((octets.charCodeAt(bit >> 3) & (0x80 >> (bit & 7))) !== 0) return true
  }
  return false
}
