import type { ServerResponse } from 'node:http'

/** Streams at a time. */
export const MAX_VIEWERS = 16
/** Octets that may wait for a viewer: one that reads no faster is cut off, and comes back when it can. */
export const MAX_UNSENT_OCTETS = 256 * 1024
/** Milliseconds that a stream has for its end. */
const CLOSE_MS = 1000
/** Milliseconds after which a browser whose stream has ended comes back. */
const RETRY_MS = 2000

/** One stream of server-sent events (WHATWG HTML §9.2). */
export interface Viewer {
  /** @param data what JSON can hold */
  send(event: string, data: unknown): void
  /** Runs once, when the stream has ended. */
  onEnd(run: () => void): void
  /** Ends the stream at once. */
  cut(): void
}

/** All who look at the page. */
export class Viewers {
  private readonly open = new Map<ServerResponse, Viewer>()

  get count(): number {
    return this.open.size
  }

  /** Begins a stream as the answer to a request; undefined when there are {@link MAX_VIEWERS} already, and nothing is answered then. */
  admit(response: ServerResponse): Viewer | undefined {
    if (this.open.size >= MAX_VIEWERS) return undefined
    const viewer: Viewer = {
      send: (event, data) => write(response, textOf(event, data)),
      onEnd: (run) => void response.once('close', run),
      cut: () => void response.destroy(),
    }
    this.open.set(response, viewer)
    response.once('close', () => this.open.delete(response))
    // What nobody listens for would end the process.
    response.on('error', () => response.destroy())
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    write(response, `retry: ${RETRY_MS}\n\n`)
    return viewer
  }

  /** To all; the text is made once. */
  send(event: string, data: unknown): void {
    if (this.open.size === 0) return
    const text = textOf(event, data)
    for (const response of this.open.keys()) write(response, text)
  }

  /** Ends all streams, those whose other side does not listen by force. */
  close(): void {
    for (const response of this.open.keys()) {
      response.end()
      setTimeout(() => response.destroy(), CLOSE_MS).unref()
    }
  }
}

function textOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

function write(response: ServerResponse, text: string): void {
  if (response.destroyed) return
  response.write(text)
  if (response.writableLength > MAX_UNSENT_OCTETS) response.destroy()
}
