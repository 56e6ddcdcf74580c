import type { Endpoint, Peer } from './listener.ts'
import { ipv4Text, ipv6Text, isLinkLocal, isMapped, zoneName } from './sockaddr.ts'
import { C } from './syscalls.ts'

/** Local addresses whose texts are kept; a machine seldom has more. */
const MAX_LOCALS = 256
const CONTROL_DATA = 16

/** An IPv6 address that is put into words only when someone asks. */
class LazyEndpoint implements Endpoint {
  readonly port: number
  private readonly octets: Uint8Array
  private text: string | undefined

  constructor(port: number, octets: Uint8Array) {
    this.port = port
    this.octets = octets
  }

  get address(): string {
    this.text ??= ipv6AddressText(this.octets)
    return this.text
  }
}

/** The same for IPv4, whose address is one number. */
class LazyEndpoint4 implements Endpoint {
  readonly port: number
  private readonly word: number
  private text: string | undefined

  constructor(port: number, word: number) {
    this.port = port
    this.word = word
  }

  get address(): string {
    const { word } = this
    this.text ??= `${word >>> 24}.${(word >> 16) & 0xff}.${(word >> 8) & 0xff}.${word & 0xff}`
    return this.text
  }
}

/** Whether a socket address is an IPv6 one, and not an IPv4 one in its clothes. */
export function isIpv6(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === C.AF_INET6 && !isMapped(bytes, at + 8)
}

/** Who asked, from the socket address that the kernel gave. */
export function clientOf(bytes: Uint8Array, at: number, octets: number): Endpoint {
  const port = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)
  if (isIpv6(bytes, at)) return new LazyEndpoint(port, bytes.slice(at, at + octets))
  const from = bytes[at] === C.AF_INET6 ? at + 20 : at + 4
  const high = ((bytes[from] as number) << 24) | ((bytes[from + 1] as number) << 16)
  return new LazyEndpoint4(
    port,
    high | ((bytes[from + 2] as number) << 8) | (bytes[from + 3] as number),
  )
}

function ipv6AddressText(octets: Uint8Array): string {
  const text = ipv6Text(octets, 8)
  if (!isLinkLocal(octets, 8)) return text
  const zone = new DataView(octets.buffer, octets.byteOffset).getUint32(24, true)
  return zone === 0 ? text : `${text}%${zoneName(zone)}`
}

/** Which address was asked: the one that a socket is bound to, or what the control message tells. */
export class Locals {
  private readonly bound: Endpoint
  private readonly known = new Map<string, Endpoint>()

  constructor(address: string, port: number) {
    this.bound = { address, port }
  }

  at(bytes: Uint8Array, at: number, octets: number): Endpoint {
    if (octets === 0) return this.bound
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + at, octets).toString('latin1')
    let local = this.known.get(key)
    if (local === undefined) {
      if (this.known.size >= MAX_LOCALS) this.known.clear()
      local = { address: localText(bytes, at), port: this.bound.port }
      this.known.set(key, local)
    }
    return local
  }
}

/** struct in_pktinfo: interface, address to answer from, address asked; struct in6_pktinfo: address asked, interface. */
function localText(bytes: Uint8Array, at: number): string {
  const level = bytes[at + 8]
  const data = at + CONTROL_DATA
  if (level === C.IPPROTO_IP) return ipv4Text(bytes, data + 4)
  const text = ipv6Text(bytes, data)
  if (!isLinkLocal(bytes, data)) return text
  const zone = new DataView(bytes.buffer, bytes.byteOffset + data).getUint32(16, true)
  return `${text}%${zoneName(zone)}`
}

/** A datagram's peer. */
export function udpPeer(client: Endpoint, local: Endpoint, came?: number): Peer {
  return came === undefined
    ? { transport: 'udp', client, local }
    : { transport: 'udp', client, local, came }
}
