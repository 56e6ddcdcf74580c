import { readFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import { createServer, type Server as HttpsServer } from 'node:https'
import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'

const file = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url))

/** A certificate for `dns.test` alone, signed by itself. */
export const certificate = file('dns.test.crt')
const keyPair = { cert: certificate, key: file('dns.test.key') }

/** Path of the certificate, for Corefiles. */
export const certificatePath = new URL('fixtures/dns.test.crt', import.meta.url).pathname

export interface Running {
  readonly port: number
  /** Connections that were opened. */
  readonly connections: () => number
  /** Cuts all connections. */
  drop(): void
  close(): Promise<void>
}

/** A server whose connections are handled by `serve`; TLS if wanted. */
export async function streamServer(
  serve: (stream: Socket) => void,
  overTls = false,
): Promise<Running> {
  const guarded = (stream: Socket) => {
    stream.on('error', () => {})
    serve(stream)
  }
  const server = overTls ? createTlsServer(keyPair, guarded) : createTcpServer(guarded)
  return listening(server)
}

/** Answers each message of a stream with what `answer` makes of it. */
export function answering(
  answer: (message: Buffer) => Buffer | undefined,
): (stream: Socket) => void {
  return (stream) => {
    let held = Buffer.alloc(0)
    stream.on('data', (chunk: Buffer) => {
      held = Buffer.concat([held, chunk])
      while (held.length >= 2 && held.length >= 2 + held.readUInt16BE(0)) {
        const end = 2 + held.readUInt16BE(0)
        const reply = answer(Buffer.from(held.subarray(2, end)))
        if (reply !== undefined) stream.write(framed(reply))
        held = held.subarray(end)
      }
    })
  }
}

export function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

/** A DNS over HTTPS server that tells what it was asked by. */
export function httpsServer(
  http2: boolean,
  answer: (message: Buffer, method: string) => { status: number; body: Buffer },
): Promise<Running> {
  const respond = (
    request: import('node:http').IncomingMessage,
    response: import('node:http').ServerResponse,
  ) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const query = new URL(request.url ?? '', 'https://dns.test').searchParams.get('dns')
      const message = query === null ? Buffer.concat(chunks) : Buffer.from(query, 'base64url')
      const { status, body } = answer(message, request.method ?? '')
      response.writeHead(status, { 'content-type': 'application/dns-message' })
      response.end(body)
    })
  }
  const server = http2
    ? createSecureServer(keyPair, respond as never)
    : createServer({ ...keyPair, keepAliveTimeout: 0 }, respond)
  return listening(server as HttpsServer)
}

async function listening(server: Server): Promise<Running> {
  const open = new Set<Socket>()
  let connections = 0
  server.on('connection', (stream: Socket) => {
    connections++
    open.add(stream)
    stream.on('close', () => open.delete(stream))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as { port: number }).port,
    connections: () => connections,
    drop: () => {
      for (const stream of open) stream.destroy()
    },
    close: () =>
      new Promise((done) => {
        for (const stream of open) stream.destroy()
        server.close(() => done())
      }),
  }
}
