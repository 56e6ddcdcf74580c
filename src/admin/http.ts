import { lookup } from 'node:dns/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { isIP } from 'node:net'
import type { SecureContextOptions, TLSSocket } from 'node:tls'
import { Guests } from './guests.ts'

/** Answers a GET or HEAD of one path. */
export type Page = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** Octets of a request head; admin pages need few. */
const MAX_HEADER_OCTETS = 16_384
/** Milliseconds for a request to arrive, for its head, and between two looks at who is late. */
const REQUEST_TIMEOUT_MS = 10_000
const HEAD_TIMEOUT_MS = 5000
const LOOK_MS = 1000
/** Connections per address; see {@link Guests} for what happens at the bound. */
export const MAX_CONNECTIONS = 256

/** How an address is encrypted. */
export interface Encryption {
  readonly context: SecureContextOptions
  readonly requestCert: boolean
  readonly rejectUnauthorized: boolean
  /** Whether a connection goes on, after the handshake: `given` that it showed a certificate, `authorized` that it was verified. */
  readonly accepts?: (peer: { readonly given: boolean; readonly authorized: boolean }) => boolean
}

interface Listening {
  readonly server: Server
  readonly encrypted: boolean
  /** By path; of several, the one that came last answers. */
  readonly pages: Map<string, Page[]>
  opening: Promise<void> | undefined
}

/** HTTP listeners for admin pages, by address. Pages are read-only: anything but GET and HEAD is refused. */
export class HttpListeners {
  private readonly byAddress = new Map<string, Listening>()

  /**
   * Puts a page at a path of an address (`:9153`, `127.0.0.1:8080`, `[::1]:80`, `localhost:9153`), opening the address when it is the first there. Of
   * several pages at one path the one added last answers, and when it goes the one before it: a configuration takes over from another, or gives back.
   *
   * @returns what takes the page away, and closes the address with its last page
   * @param encryption for HTTPS; of an address that is open already the encryption stays as it is
   * @throws when the address is in use or not this machine's, or open and encrypted otherwise
   */
  async add(
    address: string,
    path: string,
    page: Page,
    encryption?: Encryption,
  ): Promise<() => Promise<void>> {
    const listening = this.byAddress.get(address) ?? this.create(address, encryption)
    if (listening.encrypted !== (encryption !== undefined)) {
      throw new Error(`listen tcp ${address}: pages with TLS and without cannot share an address`)
    }
    const pages = listening.pages.get(path)
    if (pages === undefined) listening.pages.set(path, [page])
    else pages.push(page)
    listening.opening ??= this.open(address, listening)
    await listening.opening
    return () => this.remove(address, path, page)
  }

  /** The port that an address listens on, for addresses with port 0. */
  port(address: string): number | undefined {
    const bound = this.byAddress.get(address)?.server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : undefined
  }

  private create(address: string, encryption: Encryption | undefined): Listening {
    const pages = new Map<string, Page[]>()
    const server = newServer(encryption, (request, response) => {
      void answer(pages, request, response)
    })
    new Guests(server, MAX_CONNECTIONS)
    const encrypted = encryption !== undefined
    const listening = { server, encrypted, pages, opening: undefined }
    this.byAddress.set(address, listening)
    return listening
  }

  private async open(address: string, listening: Listening): Promise<void> {
    try {
      const target = await resolve(address)
      await new Promise<void>((resolve, reject) => {
        listening.server.once('error', reject)
        listening.server.listen(target, resolve)
      })
    } catch (error) {
      this.byAddress.delete(address)
      throw new Error(describe(address, error as NodeJS.ErrnoException))
    }
  }

  private async remove(address: string, path: string, page: Page): Promise<void> {
    const listening = this.byAddress.get(address)
    const pages = listening?.pages.get(path)
    const index = pages?.lastIndexOf(page) ?? -1
    if (listening === undefined || pages === undefined || index === -1) return
    pages.splice(index, 1)
    if (pages.length === 0) listening.pages.delete(path)
    if (listening.pages.size > 0) return
    this.byAddress.delete(address)
    await new Promise<void>((resolve) => {
      listening.server.close(() => resolve())
      listening.server.closeAllConnections()
    })
  }
}

function newServer(
  encryption: Encryption | undefined,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const bounds = {
    maxHeaderSize: MAX_HEADER_OCTETS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: HEAD_TIMEOUT_MS,
    connectionsCheckingInterval: LOOK_MS,
  }
  if (encryption === undefined) return createServer(bounds, handle)
  const { context, requestCert, rejectUnauthorized, accepts } = encryption
  const server = createSecureServer(
    { ...context, ...bounds, requestCert, rejectUnauthorized },
    handle,
  )
  server.on('secureConnection', (socket: TLSSocket) => {
    const given = socket.getPeerX509Certificate() !== undefined
    if (accepts?.({ given, authorized: socket.authorized }) === false) socket.destroy()
  })
  return server
}

async function answer(
  pages: Map<string, Page[]>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] as string
  const page = pages.get(path)?.at(-1)
  if (page === undefined) return void response.writeHead(404).end('404 page not found\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
  }
  try {
    await page(request, response)
  } catch {
    if (!response.headersSent) response.writeHead(500)
    response.end()
  }
}

/** A host name's IPv4 address is preferred, as the reference prefers it. */
async function resolve(address: string): Promise<{ port: number; host?: string }> {
  const { host, port } = splitAddress(address)
  if (host === '') return { port }
  if (isIP(host.replace(/%.*$/, '')) !== 0) return { port, host }
  return { port, host: (await lookup(host, { order: 'ipv4first' })).address }
}

/** `:8080`, `127.0.0.1:8080`, `[::1]:8080`; the host '' is every address. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, Math.max(colon, 0)).replace(/^\[|\]$/g, '')
  return { host, port: Number(address.slice(colon + 1)) }
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'bind: address already in use',
  EADDRNOTAVAIL: 'bind: cannot assign requested address',
  EACCES: 'bind: permission denied',
}
/** Of looking the host up. */
const LOOKUP_REASONS: Record<string, string> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'server misbehaving',
}

function describe(address: string, error: NodeJS.ErrnoException): string {
  const lookup = LOOKUP_REASONS[error.code ?? '']
  if (lookup !== undefined) return `listen tcp: lookup ${splitAddress(address).host}: ${lookup}`
  return `listen tcp ${address}: ${REASONS[error.code ?? ''] ?? error.message}`
}
