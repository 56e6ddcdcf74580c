import { type ClientHttp2Session, connect as http2Connect } from 'node:http2'
import { Agent, request } from 'node:https'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import { dialError, failed, hostPort, type Outcome, type Peer } from './outcome.ts'

/** Octets of a reply that are taken (RFC 8484 §6: a message has at most 65535). */
const MAX_REPLY_OCTETS = 0xffff
const MEDIA_TYPE = 'application/dns-message'
const PATH = '/dns-query'

export interface HttpsOptions {
  readonly peer: Peer
  readonly method: 'GET' | 'POST'
  readonly tls: ConnectionOptions
  /** Name that the certificate is checked against; the address without it. */
  readonly serverName: string | undefined
  /** Local address; undefined lets the kernel choose. */
  readonly source: string | undefined
  /** An HTTP/2 session without use for this long is closed; milliseconds. */
  readonly idleMs: number
}

interface Response {
  readonly status: number
  readonly type: string
  readonly body: Buffer
}

/** DNS over HTTPS (RFC 8484) to one server: HTTP/2 where it speaks that, else HTTP/1.1; connections are kept. */
export class HttpsClient {
  private readonly options: HttpsOptions
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 256 })
  private session: ClientHttp2Session | undefined
  /** Undefined until a first handshake has told. */
  private speaksHttp2: boolean | undefined
  private opening: Promise<void> | undefined
  private stopped = false
  private inFlight = 0

  constructor(options: HttpsOptions) {
    this.options = options
  }

  /** Sends a message with id 0 (RFC 8484 §4.1) and waits for the reply. */
  async exchange(message: Buffer, timeoutMs: number): Promise<Outcome> {
    message.writeUInt16BE(0, 0)
    this.inFlight++
    const signal = AbortSignal.timeout(timeoutMs)
    try {
      const response = await this.send(message, signal)
      return this.outcome(response)
    } catch (error) {
      const reason = signal.aborted ? 'context deadline exceeded' : this.words(error as Error)
      return this.fail(reason)
    } finally {
      this.inFlight--
      if (this.stopped) this.stop()
    }
  }

  /** Closes the connections once nothing is in flight. */
  stop(): void {
    this.stopped = true
    if (this.inFlight > 0) return
    this.session?.close()
    this.agent.destroy()
  }

  private get url(): string {
    return `https://${hostPort(this.options.peer)}${PATH}`
  }

  private outcome(response: Response): Outcome {
    if (response.status !== 200) return failed(`expected 200 HTTP status, got ${response.status}`)
    if (response.type !== MEDIA_TYPE) {
      return failed(
        `invalid HTTP Content-Type ${JSON.stringify(response.type)}, expected "${MEDIA_TYPE}"`,
      )
    }
    if (response.body.length < 12) return failed('dns: overflow unpacking uint16')
    const local = { address: this.options.source ?? '', port: 0 }
    return { kind: 'arrived', message: response.body, local, proto: 'tcp' }
  }

  private fail(reason: string): Outcome {
    const method = this.options.method === 'GET' ? 'Get' : 'Post'
    return failed(`${method} "${this.url}": ${reason}`)
  }

  private words(error: NodeJS.ErrnoException): string {
    return error.syscall === 'connect' ? dialError('tcp', this.options.peer, error) : error.message
  }

  private async send(message: Buffer, signal: AbortSignal): Promise<Response> {
    if (this.session === undefined && this.speaksHttp2 !== false) await this.open(signal)
    const { session } = this
    return session === undefined
      ? this.sendByHttp1(message, signal)
      : this.sendByHttp2(session, message, signal)
  }

  /** One handshake at a time, whoever waits for it. */
  private open(signal: AbortSignal): Promise<void> {
    this.opening ??= this.handshake(signal).finally(() => {
      this.opening = undefined
    })
    return this.opening
  }

  private async handshake(signal: AbortSignal): Promise<void> {
    const socket = await this.dial(signal)
    this.speaksHttp2 = socket.alpnProtocol === 'h2'
    if (!this.speaksHttp2) {
      socket.destroy()
      return
    }
    const session = http2Connect(this.url, { createConnection: () => socket })
    session.unref()
    session.setTimeout(this.options.idleMs, () => session.close())
    session.on('error', () => {})
    session.on('goaway', () => this.forget(session))
    session.on('close', () => this.forget(session))
    this.session = session
  }

  private forget(session: ClientHttp2Session): void {
    if (this.session === session) this.session = undefined
  }

  private tlsOptions(): ConnectionOptions {
    const { peer, serverName, source, tls } = this.options
    return {
      ...tls,
      host: peer.address,
      port: peer.port,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(source === undefined ? {} : { localAddress: source }),
    } as ConnectionOptions
  }

  private dial(signal: AbortSignal): Promise<TLSSocket> {
    return new Promise((done, reject) => {
      const socket = tlsConnect({ ...this.tlsOptions(), ALPNProtocols: ['h2', 'http/1.1'] })
      const abort = () => socket.destroy(new Error('context deadline exceeded'))
      signal.addEventListener('abort', abort, { once: true })
      socket.once('error', reject)
      socket.once('secureConnect', () => {
        signal.removeEventListener('abort', abort)
        socket.off('error', reject)
        done(socket)
      })
    })
  }

  /** The request's target and headers: the message in the URL (RFC 8484 §4.1.1) or as the body. */
  private target(message: Buffer): { path: string; headers: Record<string, string> } {
    if (this.options.method === 'GET') {
      return {
        path: `${PATH}?dns=${message.toString('base64url')}`,
        headers: { accept: MEDIA_TYPE },
      }
    }
    return { path: PATH, headers: { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE } }
  }

  private sendByHttp2(
    session: ClientHttp2Session,
    message: Buffer,
    signal: AbortSignal,
  ): Promise<Response> {
    const { method } = this.options
    const { path, headers } = this.target(message)
    return new Promise((done, reject) => {
      const stream = session.request({ ':method': method, ':path': path, ...headers }, { signal })
      let status = 0
      let type = ''
      stream.on('response', (head) => {
        status = Number(head[':status'])
        type = String(head['content-type'] ?? '')
      })
      stream.on('error', reject)
      stream.on('close', () => reject(new Error('EOF')))
      collect(stream, (body) => done({ status, type, body }), reject)
      stream.end(method === 'POST' ? message : undefined)
    })
  }

  private sendByHttp1(message: Buffer, signal: AbortSignal): Promise<Response> {
    const { method } = this.options
    const { path, headers } = this.target(message)
    const { agent } = this
    return new Promise((done, reject) => {
      const sent = request(
        { ...this.tlsOptions(), method, path, headers, agent, signal },
        (reply) => {
          const status = reply.statusCode ?? 0
          const type = reply.headers['content-type'] ?? ''
          collect(reply, (body) => done({ status, type, body }), reject)
        },
      )
      sent.on('error', reject)
      sent.end(method === 'POST' ? message : undefined)
    })
  }
}

/** A whole body, unless it is longer than a message can be. */
function collect(
  stream: NodeJS.ReadableStream,
  done: (body: Buffer) => void,
  fail: (error: Error) => void,
): void {
  const chunks: Buffer[] = []
  let octets = 0
  stream.on('data', (chunk: Buffer) => {
    octets += chunk.length
    if (octets > MAX_REPLY_OCTETS) fail(new Error('http: request body too large'))
    else chunks.push(chunk)
  })
  stream.on('end', () => done(Buffer.concat(chunks)))
}
