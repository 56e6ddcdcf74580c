import { isIPv4, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * The reverse zones of an address range in CIDR notation (RFC 4632 §3.1): `10.0.0.0/24` is `0.0.10.in-addr.arpa.`. A length that is not on a label's boundary
 * (8 bits for IPv4, 4 for IPv6) gives the zones of all ranges at the next boundary, in the order of addresses. Bits behind the prefix do not count.
 *
 * @returns undefined when the text is no range; 'refused' for IPv6 ranges that begin with a zero or a colon, which CoreDNS does not take
 */
export function reverseZones(text: string): string[] | 'refused' | undefined {
  const [address, length, more] = text.split('/')
  if (address === undefined || length === undefined || more !== undefined) return undefined
  const octets = octetsOf(address)
  if (octets === undefined || !/^[0-9]+$/.test(length)) return undefined
  const bits = Number(length)
  if (bits > octets.length * 8) return undefined
  if (octets.length === 16 && /^[:0]/.test(address)) return 'refused'
  return rangesAtBoundary(octets, bits)
}

function octetsOf(address: string): number[] | undefined {
  if (isIPv4(address) || (isIPv6(address) && !address.includes('%'))) {
    return ipaddr.parse(address).toByteArray()
  }
  return undefined
}

function rangesAtBoundary(octets: readonly number[], bits: number): string[] {
  const width = octets.length === 4 ? 8 : 4
  const labels = octets.flatMap((octet) => (width === 8 ? [octet] : [octet >> 4, octet & 15]))
  const whole = Math.floor(bits / width)
  const free = (width - (bits % width)) % width
  const kept = labels.slice(0, whole)
  if (free === 0) return [zoneOf(kept, width)]
  const first = (labels[whole]! >> free) << free
  return Array.from({ length: 1 << free }, (_, i) => zoneOf([...kept, first + i], width))
}

function zoneOf(labels: readonly number[], width: 4 | 8): string {
  const words = labels.map((label) => label.toString(width === 8 ? 10 : 16)).reverse()
  return [...words, width === 8 ? 'in-addr' : 'ip6', 'arpa.'].join('.')
}
