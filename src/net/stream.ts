import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as SecureServer } from 'node:tls'
import { isWildcard, isWithoutIpv6, listenError } from './address.ts'
import { Connection, type Parts } from './connection.ts'
import { afterReading } from './due.ts'
import { withFront } from './front.ts'
import {
  type Handle,
  type ListenerStats,
  MAX_CONNECTIONS,
  noStats,
  type OpenListener,
  type StreamOptions,
  type TlsServer,
} from './listener.ts'
import { guardTls, tlsOptions } from './tls.ts'

/** How often connections are asked whether their client has taken too long. */
const SWEEP_MS = 250
/** Connections that the kernel holds until they are accepted. */
const BACKLOG = 1024
const DRAIN_MS = 5000

/** DNS over TCP (RFC 7766) or TLS (RFC 7858) on one address. */
export class StreamListener implements OpenListener {
  readonly port: number
  readonly stats: ListenerStats

  private readonly server: Server
  private readonly tls: TlsServer | undefined
  private readonly connections: Connections

  private constructor(server: Server, connections: Connections, options: StreamOptions) {
    this.server = server
    this.connections = connections
    this.stats = connections.stats
    this.tls = options.tls
    this.port = (server.address() as { port: number }).port
  }

  /** @throws Error when the address cannot be bound, or the certificates cannot be loaded */
  static async open(options: StreamOptions, handle: Handle): Promise<StreamListener> {
    const connections = new Connections(options, handle)
    const server = createListening(options, connections)
    await listen(server, options)
    return new StreamListener(server, connections, options)
  }

  useScope(scope: number): void {
    this.connections.scope = scope
  }

  renew(): void {
    if (this.tls !== undefined) (this.server as SecureServer).setSecureContext(this.tls.load())
  }

  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    this.connections.end()
    const cut = setTimeout(() => this.connections.destroy(), options.drainMs ?? DRAIN_MS)
    await closed
    clearTimeout(cut)
    this.connections.stop()
  }
}

function createListening(options: StreamOptions, connections: Connections): Server {
  const { tls } = options
  const socketOptions = { allowHalfOpen: true, noDelay: true }
  if (tls === undefined) {
    return createServer(socketOptions, (socket) => {
      if (connections.admit(socket)) connections.serve(socket)
    })
  }
  const server = createTlsServer({
    ...socketOptions,
    ...tlsOptions(tls),
    handshakeTimeout: options.timeouts.readMs,
  })
  guardTls(server, tls)
  server.on('connection', (socket: Socket) => connections.admit(socket))
  server.on('secureConnection', (socket) => {
    if (!socket.destroyed) connections.serve(socket)
  })
  server.on('tlsClientError', () => {})
  return server
}

/** Every address is one dual-stack socket; `0.0.0.0` where the machine has no IPv6. */
async function listen(server: Server, options: StreamOptions): Promise<void> {
  const { host, port } = options
  try {
    if (options.sharesPort !== true) await probe(options)
    await listenAt(server, host, port, true)
  } catch (error) {
    throw listenError('tcp', { host, port }, error)
  }
}

/** With SO_REUSEPORT two servers would share the connections in silence: so the address is first taken without. */
async function probe({ host, port }: StreamOptions): Promise<void> {
  if (port === 0) return
  const server = createServer()
  await listenAt(server, host, port, false)
  server.close()
  await once(server, 'close')
}

async function listenAt(
  server: Server,
  host: string,
  port: number,
  reusePort: boolean,
): Promise<void> {
  if (!isWildcard(host)) return listenOn(server, host, port, reusePort)
  try {
    await listenOn(server, '::', port, reusePort)
  } catch (error) {
    if (!isWithoutIpv6(error)) throw error
    await listenOn(server, '0.0.0.0', port, reusePort)
  }
}

async function listenOn(
  server: Server,
  host: string,
  port: number,
  reusePort: boolean,
): Promise<void> {
  server.listen({ host, port, backlog: BACKLOG, reusePort })
  await once(server, 'listening')
}

/** The connections of a listener, their bound and their time-outs. */
class Connections {
  readonly stats = noStats()
  scope: number
  private readonly open = new Map<Socket, Connection | undefined>()
  private readonly max: number
  private readonly parts: Parts
  private readonly sweeper: NodeJS.Timeout
  private ending = false

  constructor(options: StreamOptions, handle: Handle) {
    const { transport, timeouts } = options
    const now = options.now ?? (() => performance.now())
    const onFailure = options.onFailure ?? (() => {})
    this.max = options.maxConnections ?? MAX_CONNECTIONS
    this.scope = options.scope ?? 0
    const tabled = withFront(options.front, () => this.scope, handle)
    this.parts = { transport, handle: tabled, timeouts, stats: this.stats, now, onFailure }
    this.sweeper = setInterval(() => afterReading(() => this.sweep()), SWEEP_MS).unref()
  }

  /** Counts a connection; at the bound the one that has been idle longest makes room, and where none is idle the new one goes. */
  admit(socket: Socket): boolean {
    socket.on('error', () => socket.destroy())
    if (this.ending || (this.open.size >= this.max && !this.makeRoom())) {
      this.stats.refused++
      socket.destroy()
      return false
    }
    this.stats.accepted++
    this.open.set(socket, undefined)
    socket.on('close', () => this.open.delete(socket))
    return true
  }

  /** Answers what comes over a connection; over TLS this is another socket than the one that was admitted. */
  serve(socket: Socket): void {
    const connection = new Connection(socket, this.parts)
    socket.on('error', () => socket.destroy())
    this.open.set(socket, connection)
    socket.on('close', () => this.open.delete(socket))
    if (this.ending) connection.end()
  }

  end(): void {
    this.ending = true
    for (const [socket, connection] of this.open) {
      if (connection === undefined) socket.destroy()
      else connection.end()
    }
  }

  destroy(): void {
    for (const socket of this.open.keys()) socket.destroy()
  }

  stop(): void {
    clearInterval(this.sweeper)
  }

  private makeRoom(): boolean {
    let oldest: Connection | undefined
    for (const connection of this.open.values()) {
      if (connection?.isIdle !== true) continue
      if (oldest === undefined || connection.lastUsed < oldest.lastUsed) oldest = connection
    }
    oldest?.destroy()
    return oldest !== undefined
  }

  private sweep(): void {
    const now = this.parts.now()
    for (const connection of this.open.values()) {
      if (connection?.checkTime(now) === true) this.stats.timedOut++
    }
  }
}
