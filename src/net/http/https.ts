import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { Server, Socket } from 'node:net'
import { accept } from '../../wire/gate.ts'
import { readMessage } from '../../wire/reader.ts'
import { endpoint } from '../address.ts'
import type { Handle, OpenListener } from '../listener.ts'
import { guardTls, tlsOptions } from '../tls.ts'
import { freshness } from './freshness.ts'
import { HttpConnections, HttpListener, type HttpOptions } from './listen.ts'

const PATH = '/dns-query'
const MEDIA_TYPE = 'application/dns-message'
/** Octets of a POST's body, or of what a GET's parameter stands for (RFC 8484 §6). */
const MAX_BODY_OCTETS = 65_535
const MAX_PARAMETER_CHARACTERS = Math.ceil((MAX_BODY_OCTETS * 8) / 6) + 4
const MAX_HEADER_OCTETS = MAX_PARAMETER_CHARACTERS + 8192

export interface HttpsOptions extends HttpOptions {
  /** Told of each response's status. */
  readonly onStatus?: (status: number) => void
}

type Request = IncomingMessage | Http2ServerRequest
type Reply = ServerResponse | Http2ServerResponse

/**
 * Opens DNS over HTTPS (RFC 8484) on an address: HTTP/2 and HTTP/1.1 with certificates, HTTP/1.1 in the clear without.
 *
 * @throws Error when the address cannot be bound, or the certificates cannot be loaded
 */
export function openHttps(options: HttpsOptions, handle: Handle): Promise<OpenListener> {
  const connections = new HttpConnections(options, handle)
  const onStatus = options.onStatus ?? (() => {})
  const serve = (request: Request, reply: Reply) => {
    const socket = (request as IncomingMessage).socket as Socket
    const done = connections.begin(socket)
    reply.on('close', done)
    void answer(connections, request, reply).then(onStatus, () => reply.destroy())
  }
  return HttpListener.open(serverFor(options, serve), connections, options)
}

function serverFor(options: HttpsOptions, serve: (request: Request, reply: Reply) => void): Server {
  const { tls, timeouts } = options
  if (tls === undefined) {
    const server = createServer({ maxHeaderSize: MAX_HEADER_OCTETS }, serve)
    server.requestTimeout = timeouts.readMs
    server.keepAliveTimeout = timeouts.idleMs
    return server
  }
  const settings = { maxHeaderListSize: MAX_HEADER_OCTETS }
  const server = createSecureServer({ ...tlsOptions(tls), allowHTTP1: true, settings }, serve)
  guardTls(server as unknown as Server, tls)
  server.setTimeout(timeouts.idleMs)
  return server as unknown as Server
}

/** Answers one request; returns the status. */
async function answer(
  connections: HttpConnections,
  request: Request,
  reply: Reply,
): Promise<number> {
  const url = new URL(request.url ?? '/', 'https://localhost')
  if (url.pathname !== PATH) return end(reply, 404, '')
  const packet = await messageOf(request, url)
  if (packet === undefined || !isQuery(packet)) return end(reply, 400, 'invalid request')
  const { remoteAddress, remotePort, localAddress, localPort } = request.socket
  const message = await connections.answer(packet, {
    transport: 'https',
    client: endpoint(remoteAddress ?? '', remotePort ?? 0),
    local: endpoint(localAddress ?? '', localPort ?? 0),
  })
  if (message === undefined) return end(reply, 500, 'No response')
  const head = {
    'content-type': MEDIA_TYPE,
    'cache-control': `max-age=${freshness(message)}`,
    'content-length': String(message.length),
  }
  ;(reply as ServerResponse)
    .writeHead(200, head)
    .end(request.method === 'HEAD' ? undefined : message)
  return 200
}

function end(reply: Reply, status: number, text: string): number {
  const head = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
  ;(reply as ServerResponse).writeHead(status, head).end(`${text}\n`)
  return status
}

/** The message of a GET's parameter `dns` (base64url without padding) or of a POST's body; undefined for anything else. */
async function messageOf(request: Request, url: URL): Promise<Buffer | undefined> {
  if (request.method === 'POST') return bodyOf(request)
  if (request.method !== 'GET') return undefined
  const [parameter, ...others] = url.searchParams.getAll('dns')
  if (parameter === undefined || others.length > 0) return undefined
  if (parameter.length > MAX_PARAMETER_CHARACTERS) return undefined
  return /^[A-Za-z0-9_-]*$/.test(parameter) ? Buffer.from(parameter, 'base64url') : undefined
}

async function bodyOf(request: Request): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > MAX_BODY_OCTETS) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What the gate turns away, and what breaks off, is no request here, where a bad one has a status of its own. */
function isQuery(packet: Buffer): boolean {
  return accept(packet) === 'accept' && readMessage(packet).whole
}
