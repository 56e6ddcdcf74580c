import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
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

/** @throws Error when the address cannot be bound */
export async function openDatagramSockets(
  options: DatagramOptions,
  handle: Handle,
  front?: Front,
): Promise<OpenListener> {
  const socket = await bind(options)
  return new DatagramListener(socket, handle, front, options.scope ?? 0)
}

async function bind({ host, port }: DatagramOptions): Promise<Socket> {
  try {
    if (!isWildcard(host)) return await bindOn(host, port)
    return await bindOn('::', port).catch((error: unknown) => {
      if (!isWithoutIpv6(error)) throw error
      return bindOn('0.0.0.0', port)
    })
  } catch (error) {
    throw listenError('udp', { host, port }, error)
  }
}

async function bindOn(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' })
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}

/** UDP through node:dgram, on one socket. */
class DatagramListener implements OpenListener {
  readonly port: number
  readonly stats = noStats()

  private readonly socket: Socket
  private readonly handle: Handle
  private readonly local: Endpoint
  private inFlight = 0
  private idle: (() => void) | undefined

  private scope: number

  constructor(socket: Socket, handle: Handle, front: Front | undefined, scope: number) {
    const { address, port } = socket.address()
    this.socket = socket
    this.scope = scope
    this.handle = withFront(front, () => this.scope, handle)
    this.port = port
    this.local = endpoint(address, port)
    socket.on('message', (packet, from) => this.take(packet, from))
    socket.on('error', () => {
      this.stats.unsent++
    })
  }

  useScope(scope: number): void {
    this.scope = scope
  }

  renew(): void {}

  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    await new Promise((turn) => setImmediate(turn))
    this.socket.removeAllListeners('message')
    if (this.inFlight > 0) await this.answered(options.drainMs ?? DRAIN_MS)
    await new Promise<void>((closed) => this.socket.close(closed))
  }

  private async answered(drainMs: number): Promise<void> {
    const timer = setTimeout(() => this.idle?.(), drainMs)
    await new Promise<void>((done) => {
      this.idle = done
    })
    clearTimeout(timer)
  }

  private take(packet: Buffer, from: RemoteInfo): void {
    const { stats } = this
    stats.received++
    if (from.port === 0) {
      stats.dropped++
      return
    }
    const client = endpoint(from.address, from.port)
    const peer: Peer = { transport: 'udp', client, local: this.local }
    try {
      const response = this.handle(packet, peer)
      if (response instanceof Uint8Array) this.send(response, from)
      else if (response instanceof Promise) void this.sendLater(response, from)
    } catch {
      stats.failures++
    }
  }

  private async sendLater(later: Promise<Response>, from: RemoteInfo): Promise<void> {
    this.inFlight++
    try {
      const response = await later
      if (response instanceof Uint8Array) this.send(response, from)
    } catch {
      this.stats.failures++
    }
    this.inFlight--
    if (this.inFlight === 0) this.idle?.()
  }

  private send(message: Uint8Array, to: RemoteInfo): void {
    this.stats.sent++
    // The socket may keep the octets until the kernel takes them, and the handler uses its buffer again.
    this.socket.send(Buffer.from(message), to.port, to.address)
  }
}
