import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** Answers a GET or HEAD of one path. */
export type Page = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

/** Octets of a request head; admin pages need few. */
const MAX_HEADER_OCTETS = 16_384
/** Milliseconds for a request to arrive. */
const REQUEST_TIMEOUT_MS = 10_000
/** Connections per address. */
export const MAX_CONNECTIONS = 256

interface Listening {
  readonly server: Server
  readonly pages: Map<string, Page>
  listening: boolean
}

/** HTTP listeners for admin pages, by address. Pages are read-only: anything but GET and HEAD is refused. */
export class HttpListeners {
  private readonly byAddress = new Map<string, Listening>()

  /**
   * Puts a page at a path of an address (`:9153`, `127.0.0.1:8080`, `[::1]:80`, `localhost:9153`), opening the address when it is the first there.
   *
   * @returns what takes the page away, and closes the address with its last page
   * @throws when the address is in use or not this machine's
   */
  async add(address: string, path: string, page: Page): Promise<() => Promise<void>> {
    const listening = this.byAddress.get(address) ?? this.create(address)
    listening.pages.set(path, page)
    if (!listening.listening) await this.open(address, listening)
    return () => this.remove(address, path, page)
  }

  /** The port that an address listens on, for addresses with port 0. */
  port(address: string): number | undefined {
    const bound = this.byAddress.get(address)?.server.address()
    return typeof bound === 'object' && bound !== null ? bound.port : undefined
  }

  private create(address: string): Listening {
    const pages = new Map<string, Page>()
    const server = createServer({ maxHeaderSize: MAX_HEADER_OCTETS }, (request, response) => {
      void answer(pages, request, response)
    })
    server.requestTimeout = REQUEST_TIMEOUT_MS
    server.maxConnections = MAX_CONNECTIONS
    const listening = { server, pages, listening: false }
    this.byAddress.set(address, listening)
    return listening
  }

  private async open(address: string, listening: Listening): Promise<void> {
    const { host, port } = splitAddress(address)
    await new Promise<void>((resolve, reject) => {
      listening.server.once('error', (error: NodeJS.ErrnoException) => {
        this.byAddress.delete(address)
        reject(new Error(describe(address, error)))
      })
      listening.server.listen({ port, ...(host === '' ? {} : { host }) }, resolve)
    })
    listening.listening = true
  }

  private async remove(address: string, path: string, page: Page): Promise<void> {
    const listening = this.byAddress.get(address)
    if (listening === undefined || listening.pages.get(path) !== page) return
    listening.pages.delete(path)
    if (listening.pages.size > 0) return
    this.byAddress.delete(address)
    await new Promise<void>((resolve) => {
      listening.server.close(() => resolve())
      listening.server.closeAllConnections()
    })
  }
}

async function answer(
  pages: Map<string, Page>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?')[0] as string
  const page = pages.get(path)
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

function describe(address: string, error: NodeJS.ErrnoException): string {
  return `listen tcp ${address}: ${REASONS[error.code ?? ''] ?? error.message}`
}
