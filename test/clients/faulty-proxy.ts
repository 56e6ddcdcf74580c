import { readFileSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createSecureServer, type ServerHttp2Session } from 'node:http2'
import { Agent, request as secureRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { Kapi } from './kapi.ts'

/** What becomes of a frame of a watch on its way to the client. */
export type Fate = 'forward' | 'swallow' | 'cut' | 'hole'

/** Answers a request instead of the API; false where it does not. */
export type Instead = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Stands between a client and a real API server, with the credentials added, and spoils what passes as a test asks. It speaks plain HTTP, or HTTP/2 and TLS with the
 * API server's own certificate.
 */
export class FaultyProxy {
  instead: Instead = () => false
  /** Asked for each frame of a watch: four octets of length, and an event in protobuf. */
  fate: ((frame: Buffer) => Fate) | undefined
  /** Octets of a streamed list after which nothing comes any more. */
  listOctets = Number.POSITIVE_INFINITY
  /** Watches are passed on as they come, and not looked into. */
  whole = false
  private readonly kapi: Kapi
  private readonly server: Server
  private readonly agent = new Agent({ keepAlive: true, rejectUnauthorized: false })
  private readonly watches = new Set<ServerResponse>()
  private readonly sessions = new Set<ServerHttp2Session>()

  private constructor(kapi: Kapi, secure: boolean) {
    this.kapi = kapi
    const pass = (request: IncomingMessage, response: ServerResponse) =>
      this.pass(request, response)
    const file = (named: string) => readFileSync(join(dirname(kapi.kubeconfig), named))
    const tls = () => ({
      key: file('apiserver.key'),
      cert: file('apiserver.crt'),
      allowHTTP1: true,
    })
    this.server = (secure ? createSecureServer(tls(), pass as never) : createServer(pass)) as Server
    this.server.on('session', (session: ServerHttp2Session) => {
      this.sessions.add(session)
      session.on('close', () => this.sessions.delete(session))
    })
  }

  static async start(kapi: Kapi, { secure = false } = {}): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(kapi, secure)
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Resets every watch, and says to each that is resumed, once, that its version is expired: everything is listed anew. */
  expire(): void {
    const told = new Set<string>()
    this.instead = (request, response) => {
      const path = request.url ?? ''
      const resource = path.replace(/\?.*/, '')
      if (!path.includes('watch=') || path.includes('sendInitialEvents')) return false
      if (told.has(resource)) return false
      told.add(resource)
      return refuse(response, 410, 'Expired')
    }
    this.dropWatches()
  }

  /** Watches of a resource that are open now. */
  watchesOf(resource: string): number {
    return [...this.watches].filter(({ req }) => req.url?.includes(resource)).length
  }

  /** Resets every watch. */
  dropWatches(): void {
    const open = [...this.watches]
    this.watches.clear()
    for (const response of open) response.destroy()
  }

  async stop(): Promise<void> {
    for (const session of this.sessions) session.destroy()
    this.server.closeAllConnections?.()
    this.agent.destroy()
    await new Promise((resolve) => this.server.close(resolve))
  }

  private pass(request: IncomingMessage, response: ServerResponse): void {
    if (this.instead(request, response)) return
    const headers = { ...passedOn(request.headers), authorization: 'Bearer labtoken' }
    const { url: path, method } = request
    const options = { host: '127.0.0.1', port: this.kapi.port, path, method, headers }
    const sent = secureRequest({ ...options, agent: this.agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers))
      response.flushHeaders()
      answer.on('error', () => response.destroy())
      response.on('close', () => answer.destroy())
      if (path?.includes('watch=')) this.passWatch(path, answer, response)
      else answer.pipe(response)
    })
    sent.on('error', () => response.destroy())
    sent.end()
  }

  private passWatch(path: string, answer: IncomingMessage, response: ServerResponse): void {
    this.watches.add(response)
    response.on('close', () => this.watches.delete(response))
    if (this.whole) return void answer.pipe(response)
    const isList = path.includes('sendInitialEvents')
    let [rest, passed]: [Buffer, number] = [Buffer.alloc(0), 0]
    let hole = false
    answer.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readUInt32BE(0)) {
        const frame = rest.subarray(0, 4 + rest.readUInt32BE(0))
        rest = rest.subarray(frame.length)
        passed += frame.length
        hole ||= isList && passed > this.listOctets
        const fate = hole ? 'hole' : (this.fate?.(frame) ?? 'forward')
        if (fate === 'forward') response.write(frame)
        else if (fate === 'hole') hole = true
        else if (fate === 'cut') response.write(frame.subarray(0, 40), () => response.destroy())
      }
    })
    answer.on('end', () => {
      if (!hole) response.end()
    })
  }
}

/** Headers without those of one connection (RFC 9113 §8.2.2) and HTTP/2's own. */
function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const own = /^(:.*|connection|keep-alive|transfer-encoding|upgrade)$/
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !own.test(name)))
}

/** Answers as the API does when it refuses. */
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  headers: Record<string, string> = {},
): true {
  response.writeHead(code, { 'content-type': 'application/json', ...headers })
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason }
  response.end(JSON.stringify({ ...status, message: `${reason}: by the test` }))
  return true
}
