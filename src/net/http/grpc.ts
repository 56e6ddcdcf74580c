import {
  constants,
  createSecureServer,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Server } from 'node:net'
import { accept } from '../../wire/gate.ts'
import { readMessage } from '../../wire/reader.ts'
import { endpoint } from '../address.ts'
import type { Handle, OpenListener } from '../listener.ts'
import { guardTls, tlsOptions } from '../tls.ts'
import { HttpConnections, HttpListener, type HttpOptions } from './listen.ts'

/** The one method of the service: a DnsPacket for a DnsPacket, `message DnsPacket { bytes msg = 1; }`. */
const METHOD = '/coredns.dns.DnsService/Query'
/** Octets of a message with its field's head. */
const MAX_PACKET_OCTETS = 65_535 + 8
/** The flag of compression and four octets of length before each message. */
const PREFIX_OCTETS = 5

/** Status codes of gRPC. */
const STATUS = {
  OK: 0,
  UNKNOWN: 2,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
} as const

export interface GrpcOptions extends HttpOptions {
  /** Requests at a time on one connection; 0 for no bound. */
  readonly maxStreams: number
}

type Outcome =
  | { readonly status: typeof STATUS.OK; readonly message: Buffer }
  | { readonly status: number; readonly text: string }

/**
 * Opens DNS over gRPC on an address: HTTP/2, in the clear without certificates.
 *
 * @throws Error when the address cannot be bound, or the certificates cannot be loaded
 */
export function openGrpc(options: GrpcOptions, handle: Handle): Promise<OpenListener> {
  const connections = new HttpConnections(options, handle)
  const { tls, maxStreams, timeouts } = options
  const settings = maxStreams > 0 ? { maxConcurrentStreams: maxStreams } : {}
  const server =
    tls === undefined
      ? createServer({ settings })
      : createSecureServer({ ...tlsOptions(tls), settings })
  if (tls !== undefined) guardTls(server as unknown as Server, tls)
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on('error', () => {})
    stream.setTimeout(timeouts.readMs, () => stream.close(constants.NGHTTP2_CANCEL))
    void serve(connections, stream, headers).then(
      (outcome) => respond(stream, outcome),
      () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    )
  })
  return HttpListener.open(server as unknown as Server, connections, options)
}

async function serve(
  connections: HttpConnections,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<Outcome> {
  const path = headers[':path'] ?? ''
  if (path !== METHOD) return { status: STATUS.UNIMPLEMENTED, text: `unknown method ${path}` }
  const body = await bodyOf(stream)
  if (body === undefined) {
    return { status: STATUS.RESOURCE_EXHAUSTED, text: 'received message larger than max' }
  }
  const packet = packetOf(body)
  if (packet === undefined) return { status: STATUS.INTERNAL, text: 'not a DnsPacket' }
  if (accept(packet) !== 'accept' || !readMessage(packet).whole) {
    return { status: STATUS.UNKNOWN, text: 'dns request rejected' }
  }
  const { remoteAddress, remotePort, localAddress, localPort } = (stream.session as Http2Session)
    .socket
  const message = await connections.answer(packet, {
    transport: 'grpc',
    client: endpoint(remoteAddress ?? '', remotePort ?? 0),
    local: endpoint(localAddress ?? '', localPort ?? 0),
  })
  if (message === undefined) return { status: STATUS.UNKNOWN, text: 'no response' }
  return { status: STATUS.OK, message }
}

async function bodyOf(stream: ServerHttp2Stream): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let octets = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    octets += chunk.length
    if (octets > PREFIX_OCTETS + MAX_PACKET_OCTETS) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The DNS message in a DnsPacket; undefined for compressed or malformed ones. Fields other than `msg` are stepped over. */
export function packetOf(body: Buffer): Buffer | undefined {
  if (body.length < PREFIX_OCTETS || body[0] !== 0) return undefined
  if (body.readUInt32BE(1) !== body.length - PREFIX_OCTETS) return undefined
  let packet: Buffer = Buffer.alloc(0)
  for (let at = PREFIX_OCTETS; at < body.length; ) {
    const tag = varint(body, at)
    if (tag === undefined) return undefined
    const wireType = tag.value & 7
    const field = varint(body, tag.end)
    if (field === undefined || (wireType !== 0 && wireType !== 2)) return undefined
    at = wireType === 2 ? field.end + field.value : field.end
    if (at > body.length) return undefined
    if (tag.value >> 3 === 1 && wireType === 2) packet = body.subarray(field.end, at)
  }
  return packet
}

function varint(octets: Buffer, at: number): { value: number; end: number } | undefined {
  let value = 0
  for (let shift = 0; shift < 28 && at < octets.length; shift += 7) {
    const octet = octets[at++] as number
    value |= (octet & 0x7f) << shift
    if (octet < 0x80) return { value, end: at }
  }
  return undefined
}

/** A DnsPacket with its prefix. */
export function framed(message: Buffer): Buffer {
  const length: number[] = []
  for (let rest = message.length; ; rest >>= 7) {
    length.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80)
    if (rest < 0x80) break
  }
  const field = message.length === 0 ? [] : [0x0a, ...length]
  const prefix = Buffer.alloc(PREFIX_OCTETS)
  prefix.writeUInt32BE(field.length + message.length, 1)
  return Buffer.concat([prefix, Buffer.from(field), message])
}

function respond(stream: ServerHttp2Stream, outcome: Outcome): void {
  if (stream.destroyed || stream.headersSent) return
  const head = { ':status': 200, 'content-type': 'application/grpc+proto' }
  if ('text' in outcome) {
    const said = { 'grpc-status': String(outcome.status), 'grpc-message': encodeURI(outcome.text) }
    stream.respond({ ...head, ...said }, { endStream: true })
    return
  }
  stream.respond(head, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(framed(outcome.message))
}
