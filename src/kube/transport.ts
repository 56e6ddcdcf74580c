import http, { type IncomingHttpHeaders } from 'node:http'
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2'
import https from 'node:https'
import type { Readable } from 'node:stream'
import type { Clock } from './clock.ts'
import type { Access, Credentials } from './credentials.ts'
import { ask, type Found, SharedConnection, TCP_PROBE_AFTER_MS } from './http2.ts'
import type { Observer } from './observer.ts'

/** No answer to a request within this counts as a failure. API servers queue requests for up to a minute at worst. */
export const HEADERS_TIMEOUT_MS = 30_000
/** An idle connection is kept this long for the next request. */
export const IDLE_CONNECTION_MS = 60_000
/** A body of an error is read up to here, for its message. */
export const MAX_ERROR_OCTETS = 64 * 1024
/** The whole body of an error must have come within this. */
export const ERROR_BODY_MS = 10_000
/** An answer whose body is still to come. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  /** What the server asks to be waited before another request; 0 where it does not. */
  readonly retryAfterMs: number
  readonly body: Body
}

/** Octets that come; with a code of RFC 9113 §7 where HTTP/2 brought them, 0 for a stream that ended in order. */
export type Body = Readable & { readonly rstCode?: number }

/** Why there is no answer, in words for a log line. */
export interface NoAnswer {
  readonly failure: string
  readonly unreachable: true
}

interface Options {
  readonly accept: string
  readonly signal: AbortSignal
}

/**
 * Requests to one API server, with whatever credentials are right at that moment: on one connection where the server
 * speaks HTTP/2, else, and through a proxy, on one for each watch.
 */
export class Transport {
  readonly #credentials: Credentials
  readonly #userAgent: string
  readonly #clock: Clock
  readonly #observer: Observer
  readonly #shared: SharedConnection
  readonly #listeners = new Set<() => void>()
  #away = false
  // Connections are kept, so that a new watch costs no handshake. The agents tell connections apart by their TLS
  // material themselves, so a renewed certificate makes new ones.
  readonly #plain = new http.Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS })
  readonly #secure = new https.Agent({ keepAlive: true, timeout: IDLE_CONNECTION_MS })

  constructor(credentials: Credentials, userAgent: string, clock: Clock, observer: Observer) {
    this.#credentials = credentials
    this.#userAgent = userAgent
    this.#clock = clock
    this.#observer = observer
    this.#shared = new SharedConnection(clock)
  }

  /**
   * GET. The promise is kept when the headers are there, or when there will be none; it is never broken.
   *
   * @param path with its query, beginning with a slash
   */
  async get(
    path: string,
    options: Options & { readonly watch: boolean },
  ): Promise<Answer | NoAnswer> {
    const began = this.#clock.monotonic()
    const access = await this.#access(path, options.signal)
    if ('failure' in access) return access
    const { url } = access
    const answer = await this.#send(url, access, options).catch((error) =>
      noAnswer(reasonOf(error)),
    )
    this.#observer.request({
      method: 'GET',
      host: url.host,
      code: 'failure' in answer ? '<error>' : String(answer.status),
      seconds: (this.#clock.monotonic() - began) / 1000,
      watch: options.watch,
    })
    this.#noteAway('failure' in answer)
    // A token may have been replaced, a certificate renewed, the server moved: look again before the next request.
    if ('failure' in answer || answer.status === 401) this.#credentials.refresh()
    return answer
  }

  /** Calls when the server answers again after it did not. @returns what ends that */
  onBack(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Where one connection fell silent others may be dead: what waits for use is given up, what is shared is asked. */
  doubt(): void {
    this.#shared.check()
    for (const agent of [this.#plain, this.#secure]) {
      for (const sockets of Object.values(agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy()
      }
    }
  }

  close(): void {
    this.#shared.close()
    this.#plain.destroy()
    this.#secure.destroy()
  }

  /** Where to ask and as whom, by the files as they are at this moment. */
  async #access(
    path: string,
    signal: AbortSignal,
  ): Promise<(Access & { readonly url: URL }) | NoAnswer> {
    try {
      const access = await this.#inTime(this.#credentials.access(), signal)
      const url = URL.parse(access.server.replace(/\/$/, '') + path)
      if (url !== null && /^https?:$/.test(url.protocol)) return { ...access, url }
      this.#credentials.refresh()
      return noAnswer(`${JSON.stringify(access.server)} is no address of an API server`)
    } catch (error) {
      this.#credentials.refresh()
      return noAnswer(`no credentials: ${reasonOf(error)}`)
    }
  }

  /** A helper that gives credentials may hang. */
  async #inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    const late = Promise.withResolvers<never>()
    const stop = (): void => late.reject(new Error('stopped'))
    const cancel = this.#clock.after(HEADERS_TIMEOUT_MS, () => {
      late.reject(new Error(`none within ${HEADERS_TIMEOUT_MS / 1000} s`))
    })
    signal.addEventListener('abort', stop)
    try {
      return await Promise.race([work, late.promise])
    } finally {
      signal.removeEventListener('abort', stop)
      cancel()
    }
  }

  #noteAway(away: boolean): void {
    const back = this.#away && !away
    this.#away = away
    if (back) for (const listener of [...this.#listeners]) listener()
  }

  async #send(url: URL, access: Access, options: Options): Promise<Answer | NoAnswer> {
    const headers = { ...access.headers, Accept: options.accept, 'User-Agent': this.#userAgent }
    if (url.protocol === 'https:' && access.agent === undefined) {
      const found = await unlessStopped(this.#shared.find(url, access.tls), options.signal)
      if (found !== undefined && 'failure' in found) return noAnswer(reasonOf(found.failure))
      if (found !== undefined) return this.#share(found.session, url, headers, options.signal)
    }
    return this.#sendAlone(url, access, headers, options.signal)
  }

  /** By HTTP/2. */
  #share(
    session: ClientHttp2Session,
    url: URL,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer | NoAnswer> {
    const { promise, resolve } = Promise.withResolvers<Answer | NoAnswer>()
    let stream: ClientHttp2Stream
    try {
      stream = ask(session, url, headers, signal)
    } catch (error) {
      // It was closed a moment ago; the next request finds another.
      return Promise.resolve(noAnswer(reasonOf(error)))
    }
    const cancel = this.#giveUpLater(stream)
    stream.on('error', (error) => resolve(noAnswer(reasonOf(error))))
    stream.on('close', () => {
      cancel()
      resolve(noAnswer('connection closed'))
    })
    stream.on('response', (headers) => {
      cancel()
      resolve(this.#answer(headers[':status'], headers, stream))
    })
    return promise
  }

  /** By HTTP/1.1. */
  #sendAlone(
    url: URL,
    access: Access,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer | NoAnswer> {
    const { promise, resolve } = Promise.withResolvers<Answer | NoAnswer>()
    const plain = url.protocol === 'http:'
    const agent = access.agent ?? (plain ? this.#plain : this.#secure)
    const tls = plain ? {} : access.tls
    const request = (plain ? http : https).request(url, { ...tls, agent, signal, headers })
    const cancel = this.#giveUpLater(request)
    request.on('socket', (socket) => socket.setKeepAlive(true, TCP_PROBE_AFTER_MS))
    request.on('error', (error) => {
      cancel()
      resolve(noAnswer(reasonOf(error)))
    })
    request.on('response', (body) => {
      cancel()
      resolve(this.#answer(body.statusCode, body.headers, body))
    })
    request.end()
    return promise
  }

  /** An error whose body does not come to its end is told without the rest. */
  #answer(status: number | undefined, headers: IncomingHttpHeaders, body: Body): Answer {
    if (status !== 200)
      body.once(
        'close',
        this.#clock.after(ERROR_BODY_MS, () => body.destroy()),
      )
    return {
      status: status ?? 0,
      contentType: headers['content-type'] ?? '',
      retryAfterMs: (Number(headers['retry-after']) || 0) * 1000,
      body,
    }
  }

  #giveUpLater(request: { destroy(error: Error): unknown }): () => void {
    return this.#clock.after(HEADERS_TIMEOUT_MS, () => {
      request.destroy(new Error(`no answer within ${HEADERS_TIMEOUT_MS / 1000} s`))
    })
  }
}

function noAnswer(failure: string): NoAnswer {
  return { failure, unreachable: true }
}

/** Dialling goes on for whoever else waits for it; who was stopped does not wait. */
async function unlessStopped(
  found: Promise<Found | undefined>,
  signal: AbortSignal,
): Promise<Found | undefined> {
  const { promise, resolve } = Promise.withResolvers<Found>()
  const stop = (): void => resolve({ failure: new Error('stopped') })
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    return await Promise.race([found, promise])
  } finally {
    signal.removeEventListener('abort', stop)
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
