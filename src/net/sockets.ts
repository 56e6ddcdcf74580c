import { isWildcard, isWithoutIpv6, listenError } from './address.ts'
import { WAIT_MS } from './data-loop.ts'
import type { Place } from './listener.ts'
import { sockaddr } from './sockaddr.ts'
import { C, type Syscalls, systemError } from './syscalls.ts'

/** What the kernel may queue at one socket unless said otherwise. */
export const RECEIVE_BUFFER_OCTETS = 4 << 20
/** What the answers of one socket may take until they have left: those to neighbours that are gone wait for seconds, and others must find room beside them. */
const SEND_BUFFER_OCTETS = 4 << 20

/** The sockets of one address, one for each data thread. */
export interface SocketGroup {
  readonly descriptors: readonly number[]
  readonly port: number
  /** The address that they are bound to. */
  readonly address: string
  /** Whether they are bound to every address, so that each datagram tells which was asked. */
  readonly isWildcard: boolean
  /** Octets that the kernel queues at each, as it says itself. */
  readonly receiveBufferOctets: number
}

export interface SocketOptions extends Place {
  readonly count: number
  readonly receiveBufferOctets?: number
}

/**
 * Binds the sockets of an address. Whether anyone else has it is found by a bind without SO_REUSEPORT first, since with it two servers would share the
 * queries in silence.
 *
 * @throws Error `ListenPacket: listen udp 127.0.0.1:53: bind: address already in use`, or why else it cannot be bound
 */
export function bindSockets(syscalls: Syscalls, options: SocketOptions): SocketGroup {
  const { host } = options
  try {
    if (!isWildcard(host)) return bindAt(syscalls, options, host)
    try {
      return bindAt(syscalls, options, '::')
    } catch (error) {
      if (!isWithoutIpv6(error)) throw error
      return bindAt(syscalls, options, '0.0.0.0')
    }
  } catch (error) {
    throw listenError('udp', options, error)
  }
}

function bindAt(syscalls: Syscalls, options: SocketOptions, address: string): SocketGroup {
  const port = options.sharesPort === true ? options.port : probe(syscalls, options, address)
  const descriptors: number[] = []
  try {
    for (let i = 0; i < options.count; i++) {
      const descriptor = open(syscalls, address)
      descriptors.push(descriptor)
      configure(syscalls, descriptor, address, options)
      bind(syscalls, descriptor, address, port)
    }
  } catch (error) {
    for (const descriptor of descriptors) syscalls.close(descriptor)
    throw error
  }
  return {
    descriptors,
    port,
    address,
    isWildcard: isWildcard(address),
    receiveBufferOctets: receiveBufferOf(syscalls, descriptors[0] as number),
  }
}

/** Binds without SO_REUSEPORT, and lets go again; returns the port. */
function probe(syscalls: Syscalls, options: SocketOptions, address: string): number {
  const descriptor = open(syscalls, address)
  try {
    bind(syscalls, descriptor, address, options.port)
    return portOf(syscalls, descriptor)
  } finally {
    syscalls.close(descriptor)
  }
}

/**
 * Keeps new datagrams from a socket without losing those that it has: one that is connected takes only what comes from its peer, and nobody is there. The
 * others of its group, or the next to bind the address, get the rest.
 */
export function retire(syscalls: Syscalls, descriptor: number, group: SocketGroup): void {
  const nobody = group.isWildcard
    ? group.address === '::'
      ? '::ffff:127.0.0.1'
      : '127.0.0.1'
    : group.address
  const peer = sockaddr(nobody, 1)
  syscalls.connect(descriptor, peer, peer.length)
}

/** Datagrams that the kernel threw away because the queue of the socket was full (SK_MEMINFO_DROPS). */
export function kernelDrops(syscalls: Syscalls, descriptor: number): number {
  return queueOf(syscalls, descriptor).drops
}

/** Octets of memory that the datagrams take that wait at the socket (SK_MEMINFO_RMEM_ALLOC). */
export function queuedOctets(syscalls: Syscalls, descriptor: number): number {
  return queueOf(syscalls, descriptor).octets
}

/** A socket's queue. */
export interface Queue {
  /** Octets of memory that it takes, and may take. */
  readonly octets: number
  readonly bound: number
  /** Datagrams thrown away so far: for want of room, or by a filter. */
  readonly drops: number
}

/** All about a socket's queue by one call. */
export function queueOf(syscalls: Syscalls, descriptor: number): Queue {
  const memory = memoryInfo(syscalls, descriptor)
  const word = (i: number) => memory[i] as number
  return {
    octets: word(MEMINFO.RMEM_ALLOC),
    bound: word(MEMINFO.RCVBUF),
    drops: word(MEMINFO.DROPS),
  }
}

/** Words of what SO_MEMINFO tells (linux/sock_diag.h). */
const MEMINFO = { RMEM_ALLOC: 0, RCVBUF: 1, DROPS: 8, WORDS: 9 } as const

function memoryInfo(syscalls: Syscalls, descriptor: number): Uint32Array {
  const memory = new Uint32Array(MEMINFO.WORDS)
  const octets = new Uint8Array(memory.buffer)
  const length = new Int32Array([octets.length])
  syscalls.getsockopt(descriptor, C.SOL_SOCKET, C.SO_MEMINFO, octets, length)
  return memory
}

function open(syscalls: Syscalls, address: string): number {
  const domain = address.includes(':') ? C.AF_INET6 : C.AF_INET
  const descriptor = syscalls.socket(domain, C.SOCK_DGRAM_CLOEXEC)
  if (descriptor < 0) throw systemError('socket', syscalls.errno())
  if (domain === C.AF_INET6) {
    const only = isWildcard(address) ? 0 : 1
    setOption(syscalls, descriptor, C.IPPROTO_IPV6, C.IPV6_V6ONLY, only)
  }
  return descriptor
}

function bind(syscalls: Syscalls, descriptor: number, address: string, port: number): void {
  const name = sockaddr(address, port)
  if (syscalls.bind(descriptor, name, name.length) < 0) throw systemError('bind', syscalls.errno())
}

function configure(
  syscalls: Syscalls,
  descriptor: number,
  address: string,
  { receiveBufferOctets = RECEIVE_BUFFER_OCTETS }: SocketOptions,
): void {
  setOption(syscalls, descriptor, C.SOL_SOCKET, C.SO_REUSEPORT, 1)
  const wait = new Uint8Array(16)
  new DataView(wait.buffer).setBigInt64(8, BigInt(WAIT_MS * 1000), true)
  syscalls.setsockopt(descriptor, C.SOL_SOCKET, C.SO_RCVTIMEO, wait)
  setBuffer(syscalls, descriptor, [C.SO_RCVBUFFORCE, C.SO_RCVBUF], receiveBufferOctets)
  setBuffer(syscalls, descriptor, [C.SO_SNDBUFFORCE, C.SO_SNDBUF], SEND_BUFFER_OCTETS)
  if (address === '::') setOption(syscalls, descriptor, C.IPPROTO_IPV6, C.IPV6_RECVPKTINFO, 1)
  else if (address === '0.0.0.0') setOption(syscalls, descriptor, C.IPPROTO_IP, C.IP_PKTINFO, 1)
}

/** Above net.core.rmem_max and wmem_max only with CAP_NET_ADMIN; the kernel takes half of what it says for its own books. */
function setBuffer(
  syscalls: Syscalls,
  descriptor: number,
  [force, ask]: readonly [number, number],
  octets: number,
): void {
  if (!setOption(syscalls, descriptor, C.SOL_SOCKET, force, octets)) {
    setOption(syscalls, descriptor, C.SOL_SOCKET, ask, octets)
  }
}

function setOption(
  syscalls: Syscalls,
  descriptor: number,
  level: number,
  option: number,
  value: number,
): boolean {
  const octets = new Uint8Array(new Int32Array([value]).buffer)
  return syscalls.setsockopt(descriptor, level, option, octets) >= 0
}

function portOf(syscalls: Syscalls, descriptor: number): number {
  const name = new Uint8Array(28)
  const length = new Int32Array([name.length])
  if (syscalls.getsockname(descriptor, name, length) < 0) {
    throw systemError('getsockname', syscalls.errno())
  }
  return new DataView(name.buffer).getUint16(2)
}

function receiveBufferOf(syscalls: Syscalls, descriptor: number): number {
  const value = new Uint8Array(4)
  syscalls.getsockopt(descriptor, C.SOL_SOCKET, C.SO_RCVBUF, value, new Int32Array([4]))
  return new DataView(value.buffer).getInt32(0, true) / 2
}
