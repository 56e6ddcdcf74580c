import { isIPv4, isIPv6 } from 'node:net'
import type { Octets } from '../../wire/record.ts'

/**
 * The octets of an address, four or sixteen: an IPv4-mapped IPv6 address is its IPv4 one. Undefined for what is no address in Go's eyes: leading zeros in IPv4, a
 * zone.
 */
export function addressOctets(text: string): Octets | undefined {
  if (isIPv4(text)) return octetsOf4(text)
  if (!isIPv6(text) || text.includes('%')) return undefined
  const octets = octetsOf6(text)
  return octets.startsWith(MAPPED) ? (octets.slice(12) as Octets) : octets
}

/** The canonical text of four octets (dotted) or sixteen (RFC 5952 §4). */
export function addressText(octets: Octets): string {
  if (octets.length === 4) return Array.from(octets, (octet) => octet.charCodeAt(0)).join('.')
  if (octets.startsWith(MAPPED)) return addressText(octets.slice(12) as Octets)
  const groups: string[] = []
  for (let at = 0; at < 16; at += 2) {
    groups.push(((octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1)).toString(16))
  }
  const run = longestZeroRun(groups)
  if (run === undefined) return groups.join(':')
  const front = groups.slice(0, run.from).join(':')
  return `${front}::${groups.slice(run.from + run.length).join(':')}`
}

const MAPPED = '\0\0\0\0\0\0\0\0\0\0\xff\xff'

function octetsOf4(text: string): Octets {
  let octets = ''
  for (const part of text.split('.')) octets += String.fromCharCode(Number(part))
  return octets as Octets
}

function octetsOf6(text: string): Octets {
  const gap = text.indexOf('::')
  if (gap === -1) return groupsOf(text) as Octets
  const front = groupsOf(text.slice(0, gap))
  const back = groupsOf(text.slice(gap + 2))
  return (front + '\0'.repeat(16 - front.length - back.length) + back) as Octets
}

function groupsOf(text: string): string {
  if (text === '') return ''
  let octets = ''
  for (const part of text.split(':')) {
    if (part.includes('.')) octets += octetsOf4(part)
    else {
      const group = Number.parseInt(part, 16)
      octets += String.fromCharCode(group >> 8, group & 0xff)
    }
  }
  return octets
}

/** The first longest run of two zero groups or more. */
function longestZeroRun(groups: readonly string[]): { from: number; length: number } | undefined {
  let best: { from: number; length: number } | undefined
  for (let from = 0; from < groups.length; from++) {
    let length = 0
    while (groups[from + length] === '0') length++
    if (length >= 2 && length > (best?.length ?? 0)) best = { from, length }
    from += length
  }
  return best
}
