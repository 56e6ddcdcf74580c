import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { endpoint, isWildcard, isWithoutIpv6, listenError } from './address.ts'
import { type Front, withFront } from './front.ts'
import {
  type DatagramOptions,
  type Endpoint,
  type Handle,
  noStats,
  type OpenListener,
  type Peer,
  type Response,
} from './listener.ts'

const DRAIN_MS = 5000
/** What the kernel may queue at each socket; it grants what net.core.rmem_max allows. */
const RECEIVE_BUFFER_OCTETS = 4 << 20
/** How often the addresses of the machine are looked at again. */
const ADDRESSES_MS = 10_000
/** What the kernel may hold of answers that have not left; it grants what net.core.wmem_max allows. */
const SEND_BUFFER_OCTETS = 4 << 20
/** Queries that wait for their answers at a time; above it they are dropped. */
export const MAX_WAITING = 10_000
/** Answers that wait at a socket for room in the kernel; above it they are dropped: others wait behind them, as long as the kernel looks for neighbours that are gone. */
const MAX_UNSENT = 64

/**
 * UDP through node:dgram, for machines without data threads. It does not tell which address was asked, so the wildcard is a socket for each address of the
 * machine, and one for whatever else comes in, which is answered from the address that the kernel thinks best.
 *
 * @throws Error when the address cannot be bound
 */
export async function openDatagramSockets(
  options: DatagramOptions,
  handle: Handle,
  front?: Front,
): Promise<OpenListener> {
  const listener = new DatagramListener(options, handle, front)
  try {
    await listener.open()
    return listener
  } catch (error) {
    await listener.close()
    throw listenError('udp', options, error)
  }
}

class DatagramListener implements OpenListener {
  port: number
  readonly stats = noStats()

  private readonly options: DatagramOptions
  private readonly handle: Handle
  private readonly sockets = new Map<string, Socket>()
  private refresh: NodeJS.Timeout | undefined
  private scope: number
  private waiting = 0
  private idle: (() => void) | undefined

  constructor(options: DatagramOptions, handle: Handle, front: Front | undefined) {
    this.options = options
    this.port = options.port
    this.scope = options.scope ?? 0
    this.handle = withFront(front, () => this.scope, handle)
  }

  async open(): Promise<void> {
    const { host, port } = this.options
    if (!isWildcard(host)) {
      await this.add(host, port, false)
      return
    }
    const all = await this.probe(port)
    await this.add(all, this.port, true)
    await this.followAddresses(all)
    this.refresh = setInterval(() => void this.followAddresses(all), ADDRESSES_MS).unref()
  }

  /** The kernel tells twice what it takes: half is for its own books. */
  get receiveBufferOctets(): number {
    const sizes = [...this.sockets.values()].map((socket) => socket.getRecvBufferSize() / 2)
    return Math.min(...sizes)
  }

  useScope(scope: number): void {
    this.scope = scope
  }

  renew(): void {}

  /** What the kernel has queued is read until a turn brings nothing. */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    clearInterval(this.refresh)
    const drainMs = options.drainMs ?? DRAIN_MS
    const ends = performance.now() + drainMs
    for (let before = -1; before !== this.stats.received && performance.now() < ends; ) {
      before = this.stats.received
      for (let turn = 0; turn < 3; turn++) await new Promise((next) => setImmediate(next))
    }
    for (const socket of this.sockets.values()) socket.removeAllListeners('message')
    if (this.waiting > 0) await this.answered(ends - performance.now())
    await Promise.all([...this.sockets.keys()].map((address) => this.remove(address)))
  }

  /** Whether the wildcard is free, as told by a bind that shares with nobody; which of the two it is. */
  private async probe(port: number): Promise<string> {
    const all = await bindOn('::', port, false).catch((error: unknown) => {
      if (!isWithoutIpv6(error)) throw error
      return bindOn('0.0.0.0', port, false)
    })
    const { address } = all.address()
    this.port = all.address().port
    await new Promise<void>((closed) => all.close(closed))
    return address
  }

  private async followAddresses(all: string): Promise<void> {
    const present = new Set(localAddresses(all === '::'))
    for (const address of this.sockets.keys()) {
      if (address !== all && !present.has(address)) await this.remove(address)
    }
    for (const address of present) {
      // An address may go between the look and the bind.
      if (!this.sockets.has(address)) await this.add(address, this.port, true).catch(() => {})
    }
  }

  private async add(address: string, port: number, shared: boolean): Promise<void> {
    const socket = await bindOn(address, port, shared)
    this.port = socket.address().port
    this.sockets.set(address, socket)
    const local = endpoint(address, this.port)
    socket.on('message', (packet, from) => this.take(socket, local, packet, from))
    socket.on('error', () => {
      this.stats.unsent++
    })
    try {
      socket.setRecvBufferSize(this.options.receiveBufferOctets ?? RECEIVE_BUFFER_OCTETS)
      socket.setSendBufferSize(SEND_BUFFER_OCTETS)
    } catch {
      // Less is no reason not to serve.
    }
  }

  private async remove(address: string): Promise<void> {
    const socket = this.sockets.get(address)
    this.sockets.delete(address)
    if (socket !== undefined) await new Promise<void>((closed) => socket.close(closed))
  }

  private async answered(drainMs: number): Promise<void> {
    const timer = setTimeout(() => this.idle?.(), drainMs)
    await new Promise<void>((done) => {
      this.idle = done
    })
    clearTimeout(timer)
  }

  private take(socket: Socket, local: Endpoint, packet: Buffer, from: RemoteInfo): void {
    const { stats } = this
    stats.received++
    if (from.port === 0 || this.waiting >= MAX_WAITING) {
      stats.dropped++
      return
    }
    const peer: Peer = { transport: 'udp', client: endpoint(from.address, from.port), local }
    try {
      const response = this.handle(packet, peer)
      if (response instanceof Uint8Array) this.send(socket, response, from)
      else if (response instanceof Promise) void this.sendLater(socket, response, from)
    } catch (error) {
      this.fail(error)
    }
  }

  private async sendLater(
    socket: Socket,
    later: Promise<Response>,
    from: RemoteInfo,
  ): Promise<void> {
    this.waiting++
    try {
      const response = await later
      if (response instanceof Uint8Array) this.send(socket, response, from)
    } catch (error) {
      this.fail(error)
    }
    this.waiting--
    if (this.waiting === 0) this.idle?.()
  }

  private send(socket: Socket, message: Uint8Array, to: RemoteInfo): void {
    if (socket.getSendQueueCount() >= MAX_UNSENT) {
      this.stats.unsent++
      return
    }
    // The socket may keep the octets until the kernel takes them, and the handler uses its buffer again.
    socket.send(Buffer.from(message), to.port, to.address, (error) => {
      if (error === null) this.stats.sent++
      else this.stats.unsent++
    })
  }

  private fail(error: unknown): void {
    this.stats.failures++
    this.options.onFailure?.(error)
  }
}

async function bindOn(address: string, port: number, shared: boolean): Promise<Socket> {
  const type = address.includes(':') ? 'udp6' : 'udp4'
  const socket = createSocket({ type, reuseAddr: shared })
  socket.bind(port, address)
  try {
    await once(socket, 'listening')
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** The addresses of the machine; link-local ones with their zone, without which they mean nothing. */
function localAddresses(withIpv6: boolean): string[] {
  return Object.entries(networkInterfaces()).flatMap(([zone, infos]) =>
    (infos ?? [])
      .filter(({ family }) => withIpv6 || family === 'IPv4')
      .map(({ address }) => (address.startsWith('fe80:') ? `${address}%${zone}` : address)),
  )
}
