import { once } from 'node:events'
import type { Http2Session } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { isWildcard, isWithoutIpv6, listenError } from '../address.ts'
import type { Front } from '../front.ts'
import { withFront } from '../front.ts'
import {
  type Handle,
  type ListenerStats,
  noStats,
  type OpenListener,
  type Response,
  type TlsServer,
} from '../listener.ts'

/** What both listeners over HTTP are opened with. */
export interface HttpOptions {
  /** An address; '' for all of the machine. */
  readonly host: string
  readonly port: number
  /** Time-outs in milliseconds: a request to arrive, a connection without one. */
  readonly timeouts: { readonly readMs: number; readonly idleMs: number }
  /** Connections at a time; 0 for no bound. */
  readonly maxConnections: number
  /** Without it the listener speaks in the clear. */
  readonly tls: TlsServer | undefined
  readonly front?: Front | undefined
  readonly scope?: number
}

const DRAIN_MS = 5000

/** A listener over an HTTP server: its connections, its bound, its end. */
export class HttpListener implements OpenListener {
  readonly port: number
  readonly stats: ListenerStats
  private readonly server: Server
  private readonly tls: TlsServer | undefined
  private readonly connections: HttpConnections

  private constructor(server: Server, connections: HttpConnections, tls: TlsServer | undefined) {
    this.server = server
    this.connections = connections
    this.stats = connections.stats
    this.tls = tls
    this.port = (server.address() as { port: number }).port
  }

  /** @throws Error when the address cannot be bound */
  static async open(
    server: Server,
    connections: HttpConnections,
    options: HttpOptions,
  ): Promise<HttpListener> {
    connections.watch(server)
    const { host, port } = options
    try {
      if (!isWildcard(host)) await listenOn(server, host, port)
      else {
        await listenOn(server, '::', port).catch((error: unknown) => {
          if (!isWithoutIpv6(error)) throw error
          return listenOn(server, '0.0.0.0', port)
        })
      }
    } catch (error) {
      throw listenError('tcp', { host, port }, error)
    }
    return new HttpListener(server, connections, options.tls)
  }

  useScope(scope: number): void {
    this.connections.scope = scope
  }

  renew(): void {
    const server = this.server as Server & { setSecureContext?(context: object): void }
    if (this.tls !== undefined) server.setSecureContext?.(this.tls.load())
  }

  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    const closed = once(this.server, 'close')
    this.server.close()
    this.connections.end()
    const cut = setTimeout(() => this.connections.destroy(), options.drainMs ?? DRAIN_MS)
    await closed
    clearTimeout(cut)
  }
}

async function listenOn(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port })
  await once(server, 'listening')
}

/** The connections of an HTTP listener, and the handler that requests go to. */
export class HttpConnections {
  readonly stats = noStats()
  readonly handle: Handle
  scope: number
  private readonly sockets = new Set<Socket>()
  private readonly sessions = new Set<Http2Session>()
  private readonly busy = new Map<Socket, number>()
  private readonly max: number
  private ending = false

  constructor(options: HttpOptions, handle: Handle) {
    this.max = options.maxConnections
    this.scope = options.scope ?? 0
    this.handle = withFront(options.front, () => this.scope, handle)
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.admit(socket))
    server.on('session', (session: Http2Session) => {
      this.sessions.add(session)
      session.on('close', () => this.sessions.delete(session))
      session.on('error', () => session.destroy())
    })
    server.on('tlsClientError', () => {})
    server.on('clientError', (_error: Error, socket: Socket) => socket.destroy())
    server.on('sessionError', () => {})
  }

  /** Answers one message. A result that came at once is copied: it is sent when the buffer it lies in is used again. */
  async answer(packet: Buffer, peer: Parameters<Handle>[1]): Promise<Buffer | undefined> {
    this.stats.received++
    let response: Response
    try {
      const result = this.handle(packet, peer)
      response = result instanceof Promise ? await result : copied(result)
    } catch {
      this.stats.failures++
      return undefined
    }
    const message = await firstOf(response)
    if (message !== undefined) this.stats.sent++
    return message
  }

  /** Keeps a connection open until the request on it is answered. */
  begin(socket: Socket): () => void {
    this.busy.set(socket, (this.busy.get(socket) ?? 0) + 1)
    return () => {
      const left = (this.busy.get(socket) ?? 1) - 1
      if (left > 0) this.busy.set(socket, left)
      else {
        this.busy.delete(socket)
        if (this.ending && this.sessions.size === 0) socket.end()
      }
    }
  }

  /** Nothing new is taken; idle connections close, the others when they are done. */
  end(): void {
    this.ending = true
    for (const session of this.sessions) session.close()
    if (this.sessions.size > 0) return
    for (const socket of this.sockets) if (!this.busy.has(socket)) socket.destroy()
  }

  destroy(): void {
    for (const session of this.sessions) session.destroy()
    for (const socket of this.sockets) socket.destroy()
  }

  private admit(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    if (this.ending || (this.max > 0 && this.sockets.size >= this.max)) {
      this.stats.refused++
      socket.destroy()
      return
    }
    this.stats.accepted++
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket))
  }
}

function copied(response: Response): Response {
  return response instanceof Uint8Array ? Buffer.from(response) : response
}

/** One message is all that fits an HTTP response: of a zone transfer the first. */
async function firstOf(response: Response): Promise<Buffer | undefined> {
  if (response === undefined) return undefined
  if (response instanceof Uint8Array) return Buffer.from(response)
  for await (const message of response) return Buffer.from(message)
  return undefined
}
