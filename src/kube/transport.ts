import http from 'node:http'
import https from 'node:https'
import type { Clock } from './clock.ts'
import type { Access, Credentials } from './credentials.ts'
import type { Observer } from './observer.ts'

/** No answer to a request within this counts as a failure. API servers queue requests for up to a minute at worst. */
export const HEADERS_TIMEOUT_MS = 30_000
/** An idle connection is kept this long for the next request. */
export const IDLE_CONNECTION_MS = 60_000
/** A body of an error is read up to here, for its message. */
export const MAX_ERROR_OCTETS = 64 * 1024
/** The kernel asks a silent peer whether it is there after this long. */
const TCP_PROBE_AFTER_MS = 15_000

/** An answer whose body is still to come. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  /** What the server asks to be waited before another request; 0 where it does not. */
  readonly retryAfterMs: number
  readonly body: http.IncomingMessage
}

/** Why there is no answer, in words for a log line. */
export interface NoAnswer {
  readonly failure: string
}

/** Requests to one API server, with whatever credentials are right at that moment. */
export class Transport {
  readonly #credentials: Credentials
  readonly #userAgent: string
  readonly #clock: Clock
  readonly #observer: Observer
  // Connections are kept, so that a new watch costs no handshake. The agents tell connections apart by their TLS
  // material themselves, so a renewed certificate makes new ones.
  readonly #plain = new http.Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS })
  readonly #secure = new https.Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS })

  constructor(credentials: Credentials, userAgent: string, clock: Clock, observer: Observer) {
    this.#credentials = credentials
    this.#userAgent = userAgent
    this.#clock = clock
    this.#observer = observer
  }

  /**
   * GET. The promise is kept when the headers are there, or when there will be none; it is never broken.
   *
   * @param path with its query, beginning with a slash
   */
  async get(
    path: string,
    options: { accept: string; signal: AbortSignal; watch: boolean },
  ): Promise<Answer | NoAnswer> {
    const began = this.#clock.monotonic()
    let access: Access
    try {
      access = await this.#credentials.access()
    } catch (error) {
      return { failure: `no credentials: ${reasonOf(error)}` }
    }
    const url = new URL(access.server.replace(/\/$/, '') + path)
    const answer = await this.#send(url, access, options)
    this.#observer.request({
      method: 'GET',
      host: url.host,
      code: 'failure' in answer ? '<error>' : String(answer.status),
      seconds: (this.#clock.monotonic() - began) / 1000,
      watch: options.watch,
    })
    // A token may have been replaced, a certificate renewed, the server moved: look again before the next request.
    if ('failure' in answer || answer.status === 401) this.#credentials.refresh()
    return answer
  }

  /** Gives up connections that wait for use: where one turned out dead, these may be. */
  forgetIdle(): void {
    for (const agent of [this.#plain, this.#secure]) {
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy()
      }
    }
  }

  close(): void {
    this.#plain.destroy()
    this.#secure.destroy()
  }

  #send(
    url: URL,
    access: Access,
    options: { accept: string; signal: AbortSignal },
  ): Promise<Answer | NoAnswer> {
    const { promise, resolve } = Promise.withResolvers<Answer | NoAnswer>()
    const request = (url.protocol === 'http:' ? http : https).request(url, {
      ...(url.protocol === 'http:' ? {} : access.tls),
      agent: access.agent ?? (url.protocol === 'http:' ? this.#plain : this.#secure),
      signal: options.signal,
      headers: { ...access.headers, Accept: options.accept, 'User-Agent': this.#userAgent },
    })
    const cancel = this.#clock.after(HEADERS_TIMEOUT_MS, () => {
      request.destroy(new Error(`no answer within ${HEADERS_TIMEOUT_MS / 1000} s`))
    })
    request.on('socket', (socket) => socket.setKeepAlive(true, TCP_PROBE_AFTER_MS))
    request.on('error', (error) => {
      cancel()
      resolve({ failure: reasonOf(error) })
    })
    request.on('response', (body) => {
      cancel()
      resolve({
        status: body.statusCode ?? 0,
        contentType: body.headers['content-type'] ?? '',
        retryAfterMs: (Number(body.headers['retry-after']) || 0) * 1000,
        body,
      })
    })
    request.end()
    return promise
  }
}

/** The `message` of the Status in an answer that is not 200, else its beginning as text. */
export async function errorText(answer: Answer): Promise<string> {
  const pieces: Buffer[] = []
  let octets = 0
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      pieces.push(chunk)
      octets += chunk.length
      if (octets > MAX_ERROR_OCTETS) break
    }
  } catch {
    // What came before the connection broke is all there is to tell.
  }
  const text = Buffer.concat(pieces).toString('utf8')
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    if (typeof message === 'string') return message
  } catch {
    // Not a Status: a proxy's page, or plain words.
  }
  return text.slice(0, 200).trim()
}

/** An error in the words of Go's net package where operators know them. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException & { errors?: Error[] }
  if (code === 'ECONNREFUSED') return 'connection refused'
  if (code === 'ECONNRESET') return 'connection reset by peer'
  return message || code || String(error)
}
