import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A body may have this many octets (the API server's own limit). */
export const MAX_BODY_OCTETS = 3 * 1024 * 1024
/** How long an idle connection is kept for its next request. */
export const KEEP_ALIVE_MS = 75_000

export interface ListenOptions {
  host: string
  port: number
  /** PEM texts; without them it speaks plain HTTP. */
  tls?: { key: string; cert: string }
}

export interface Listener {
  host: string
  port: number
  url: string
  /** Ends every connection and frees the port. */
  close(): Promise<void>
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** The listener could not be opened: a sentence for the operator. */
export class ListenError extends Error {
  readonly code: string

  constructor(options: ListenOptions, cause: NodeJS.ErrnoException) {
    super(`embedded API server: cannot listen on ${options.host}:${options.port}: ${reason(cause)}`)
    this.name = 'ListenError'
    this.code = cause.code ?? ''
  }
}

/** Opens the HTTP(S) listener. Rejects with ListenError. */
export async function listen(options: ListenOptions, handler: Handler): Promise<Listener> {
  const server: Server =
    options.tls === undefined ? createServer(handler) : createTlsServer(options.tls, handler)
  server.keepAliveTimeout = KEEP_ALIVE_MS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new ListenError(options, cause)))
    server.listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const scheme = options.tls === undefined ? 'http' : 'https'
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { host: options.host, port, url: `${scheme}://${host}:${port}`, close: () => shut(server) }
}

/** The whole body, or undefined where it is longer than allowed. Rejects when the client goes away. */
export async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request) {
    size += part.length
    if (size <= MAX_BODY_OCTETS) parts.push(part)
  }
  return size > MAX_BODY_OCTETS ? undefined : Buffer.concat(parts)
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function reason(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'EADDRINUSE':
      return 'address already in use; stop the program that holds it or choose another port'
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address'
    case 'EACCES':
      return 'permission denied; ports below 1024 need privileges'
    default:
      return cause.message
  }
}
