import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  connect as http2Connect,
} from 'node:http2'
import { isIP } from 'node:net'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { Clock } from './clock.ts'
import type { Access } from './credentials.ts'

/** A server is asked this often whether it is there, on the connection that the watches share. */
export const PING_EVERY_MS = 10_000
/** Without an answer within this the connection is dead, whatever the kernel believes. */
export const PING_TIMEOUT_MS = 10_000
/** Why its streams end then. */
export const NO_PONG = 'no answer to a ping'
/** No connection within this counts as a failure. */
export const DIAL_TIMEOUT_MS = 30_000
/** The kernel asks a silent peer whether it is there after this long. */
export const TCP_PROBE_AFTER_MS = 15_000
/** What a server may send on one stream before it is read: a list that is parsed in turns waits there, not here. */
const STREAM_WINDOW_OCTETS = 256 * 1024
/** The same for all streams together. */
const SESSION_WINDOW_OCTETS = 1024 * 1024

/** A connection to share, or why there is none. Undefined: the server speaks HTTP/1.1 only. */
export type Found = { readonly session: ClientHttp2Session } | { readonly failure: Error }

/**
 * The one connection to an API server that all requests and watches share. Another server, or other credentials of the
 * connection, make a new one, and what goes on in the old one goes on.
 */
export class SharedConnection {
  readonly #clock: Clock
  /** Of the present connection: server and TLS material. */
  #key = ''
  #present: Promise<Found | undefined> | undefined
  readonly #sessions = new Map<ClientHttp2Session, () => void>()
  #closed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Dials where there is no connection, once for all who wait. */
  find(url: URL, tls: Access['tls']): Promise<Found | undefined> {
    const key = JSON.stringify([url.origin, tls])
    if (this.#present !== undefined && key === this.#key) return this.#present
    this.#retire()
    const present = this.#dial(url, tls, () => this.#forget(present))
    this.#key = key
    this.#present = present
    return present
  }

  /** Asks at once whether the other side is there. */
  check(): void {
    for (const ping of this.#sessions.values()) ping()
  }

  close(): void {
    this.#closed = true
    for (const session of this.#sessions.keys()) session.destroy()
  }

  /** The connection takes no more requests, and ends with the last stream in it. */
  #retire(): void {
    void this.#present?.then((found) => {
      if (found !== undefined && 'session' in found) found.session.close()
    })
  }

  #forget(present: Promise<Found | undefined>): void {
    if (this.#present === present) this.#present = undefined
  }

  async #dial(url: URL, tls: Access['tls'], forget: () => void): Promise<Found | undefined> {
    const socket = await this.#connect(url, tls)
    if (socket instanceof Error) {
      forget()
      return { failure: socket }
    }
    if (socket.alpnProtocol !== 'h2') {
      socket.destroy()
      return undefined
    }
    const session = http2Connect(url, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_OCTETS },
    })
    session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW_OCTETS))
    session.on('error', () => {})
    session.on('goaway', forget)
    session.on('close', forget)
    this.#watchOver(session)
    if (this.#closed) session.destroy()
    return { session }
  }

  #connect(url: URL, tls: Access['tls']): Promise<TLSSocket | Error> {
    const { promise, resolve } = Promise.withResolvers<TLSSocket | Error>()
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const options = {
      ...tls,
      host,
      port: Number(url.port || 443),
      ALPNProtocols: ['h2', 'http/1.1'],
    }
    let socket: TLSSocket
    try {
      socket = tlsConnect({ ...named(host), ...options } as ConnectionOptions)
    } catch (error) {
      // Of a file that is half written, perhaps: the next request has it read again.
      const { message } = error as Error
      return Promise.resolve(new Error(`certificates that cannot be used: ${message}`))
    }
    const cancel = this.#clock.after(DIAL_TIMEOUT_MS, () => {
      socket.destroy(new Error(`no connection within ${DIAL_TIMEOUT_MS / 1000} s`))
    })
    socket.setKeepAlive(true, TCP_PROBE_AFTER_MS)
    socket.on('error', (error) => {
      cancel()
      resolve(error)
    })
    socket.once('secureConnect', () => {
      cancel()
      resolve(socket)
    })
    return promise
  }

  /** Pings it until it is closed. */
  #watchOver(session: ClientHttp2Session): void {
    let waiting = false
    const ping = (): void => {
      if (waiting || session.destroyed) return
      waiting = true
      const giveUp = this.#clock.after(PING_TIMEOUT_MS, () => {
        session.destroy(new Error(NO_PONG))
      })
      session.ping(() => {
        giveUp()
        waiting = false
      })
    }
    const again = (): (() => void) =>
      this.#clock.after(PING_EVERY_MS, () => {
        ping()
        cancel = again()
      })
    let cancel = again()
    this.#sessions.set(session, ping)
    session.once('close', () => {
      cancel()
      this.#sessions.delete(session)
    })
  }
}

/** A stream that did not end as its server meant it to: HTTP/2 tells so by a code, and ends it like any other. */
export function wasCut(body: { readonly rstCode?: number }): boolean {
  return body.rstCode !== undefined && body.rstCode !== constants.NGHTTP2_NO_ERROR
}

/** GET on a connection. The stream tells of its headers with the event `response`. */
export function ask(
  session: ClientHttp2Session,
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): ClientHttp2Stream {
  const stream = session.request(
    { ':method': 'GET', ':path': url.pathname + url.search, ...headers },
    { signal, endStream: true },
  )
  // Whoever reads it is told of what goes wrong later.
  stream.on('error', () => {})
  return stream
}

/** A name for the server to choose its certificate by; an address is none (RFC 6066 §3). */
function named(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {}
}
