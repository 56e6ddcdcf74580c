import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { C } from './syscalls.ts'

/** Octets of a socket address of either family, rounded up. */
export const SOCKADDR_OCTETS = 32

/** The socket address of an address text and port (struct sockaddr_in, sockaddr_in6); a zone such as `%eth0` or `%2` becomes its index. */
export function sockaddr(address: string, port: number): Uint8Array {
  const [host = '', zone] = address.split('%')
  const octets = new Uint8Array(isIPv4(host) ? 16 : 28)
  const view = new DataView(octets.buffer)
  view.setUint16(0, isIPv4(host) ? C.AF_INET : C.AF_INET6, true)
  view.setUint16(2, port)
  octets.set(addressOctets(host), isIPv4(host) ? 4 : 8)
  if (zone !== undefined) view.setUint32(24, zoneIndex(zone), true)
  return octets
}

/** The octets of an address text: four or sixteen. */
export function addressOctets(host: string): number[] {
  if (isIPv4(host)) return host.split('.').map(Number)
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(host)
  if (tail !== null) {
    const [a, b, c, d] = addressOctets(tail[2] as string) as [number, number, number, number]
    const text = `${tail[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`
    return addressOctets(text)
  }
  const [front = '', back] = host.split('::')
  const words = (text: string) => (text === '' ? [] : text.split(':').map((w) => parseInt(w, 16)))
  const [left, right] = [words(front), back === undefined ? [] : words(back)]
  const zeros = new Array<number>(Math.max(0, 8 - left.length - right.length)).fill(0)
  return [...left, ...zeros, ...right].flatMap((word) => [word >> 8, word & 0xff])
}

function zoneIndex(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone)
  const scoped = networkInterfaces()[zone]?.find(
    (info) => info.scopeid !== undefined && info.scopeid !== 0,
  )
  return scoped?.scopeid ?? 0
}

/** The name of the interface with this index; its number where it has none. */
export function zoneName(index: number): string {
  for (const [name, infos] of Object.entries(networkInterfaces())) {
    if (infos?.some((info) => info.scopeid === index)) return name
  }
  return String(index)
}

/** The IPv4 address at `at`, dotted. */
export function ipv4Text(octets: Uint8Array, at: number): string {
  return `${octets[at]}.${octets[at + 1]}.${octets[at + 2]}.${octets[at + 3]}`
}

/** Whether sixteen octets are an IPv4 address in IPv6 clothes (RFC 4291 §2.5.5.2). */
export function isMapped(octets: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (octets[at + i] !== 0) return false
  return octets[at + 10] === 0xff && octets[at + 11] === 0xff
}

/** fe80::/10. */
export function isLinkLocal(octets: Uint8Array, at: number): boolean {
  return octets[at] === 0xfe && ((octets[at + 1] as number) & 0xc0) === 0x80
}

/** The IPv6 address at `at` in the form of RFC 5952; an IPv4-mapped one as the IPv4 address. */
export function ipv6Text(octets: Uint8Array, at: number): string {
  if (isMapped(octets, at)) return ipv4Text(octets, at + 12)
  const words: number[] = []
  for (let i = 0; i < 16; i += 2) {
    words.push(((octets[at + i] as number) << 8) | (octets[at + i + 1] as number))
  }
  const [from, count] = longestZeros(words)
  const hex = (part: readonly number[]) => part.map((word) => word.toString(16)).join(':')
  if (count < 2) return hex(words)
  return `${hex(words.slice(0, from))}::${hex(words.slice(from + count))}`
}

/** The first of the longest runs of zero words: where it starts, how long it is. */
function longestZeros(words: readonly number[]): [number, number] {
  let best: [number, number] = [0, 0]
  for (let i = 0; i < words.length; i++) {
    let count = 0
    while (words[i + count] === 0) count++
    if (count > best[1]) best = [i, count]
    i += count
  }
  return best
}
