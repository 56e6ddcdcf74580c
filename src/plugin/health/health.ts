import { get } from 'node:http'
import { type HttpListeners, splitAddress } from '../../admin/http.ts'
import type { Counter, Histogram } from '../../admin/metrics.ts'
import { formatDuration } from '../../corefile/values.ts'
import type { Logger } from '../../log.ts'

/** How often the page asks itself. */
const POLL_INTERVAL_MS = 1000
/** How long it waits for its own answer. */
export const POLL_TIMEOUT_MS = 3000
/** An answer of its own that takes longer is told: the process is overloaded. */
const SLOW_MS = 1000

export interface HealthParts {
  readonly http: HttpListeners
  readonly log: Logger
  readonly now: () => number
  /** Why the process should be started anew; undefined while nothing is the matter. */
  readonly ailment?: (() => string | undefined) | undefined
  readonly duration: Histogram
  readonly failures: Counter
}

/** The page /health, which says 200 OK as long as the process runs and nothing is the matter with it, and asks itself every second to notice when it is overloaded. */
export class Health {
  private readonly address: string
  private readonly lameduckMs: number
  private readonly parts: HealthParts
  private timer: NodeJS.Timeout | undefined
  private remove: () => Promise<void> = () => Promise.resolve()

  constructor(address: string, lameduckMs: number, parts: HealthParts) {
    this.address = address
    this.lameduckMs = lameduckMs
    this.parts = parts
  }

  async start(): Promise<void> {
    this.remove = await this.parts.http.add(this.address, '/health', (_request, response) => {
      const ailment = this.parts.ailment?.()
      const status = ailment === undefined ? 200 : 503
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' })
      response.end(ailment ?? 'OK')
    })
    this.timer = setInterval(() => void this.poll(), POLL_INTERVAL_MS)
    this.timer.unref()
  }

  /** Waits as long as the lameduck lasts, while everything goes on being served. */
  async lameduck(): Promise<void> {
    if (this.lameduckMs <= 0) return
    this.parts.log.info(`Going into lameduck mode for ${formatDuration(this.lameduckMs)}`)
    await new Promise((resolve) => setTimeout(resolve, this.lameduckMs))
  }

  async stop(): Promise<void> {
    clearInterval(this.timer)
    this.timer = undefined
    await this.remove()
  }

  /** Asks the page once and counts how long that took. */
  async poll(): Promise<void> {
    const { now, log, duration, failures } = this.parts
    const started = now()
    const url = `http://${this.address}/health`
    const failure = await this.askSelf()
    if (this.timer === undefined) return
    const took = now() - started
    duration.observe(took / 1000)
    if (failure !== undefined) {
      failures.inc()
      log.warning(`Local health request to "${url}" failed: Get "${url}": ${failure}`)
    } else if (took > SLOW_MS) {
      log.warning(`Local health request to "${url}" took more than 1s: ${formatDuration(took)}`)
    }
  }

  /** Why there was no answer; undefined for an answer, whatever it says. */
  private askSelf(): Promise<string | undefined> {
    const { host, port } = splitAddress(this.address)
    const target = {
      host: host === '' ? 'localhost' : host,
      port: this.parts.http.port(this.address) ?? port,
      path: '/health',
      agent: false,
      timeout: POLL_TIMEOUT_MS,
    }
    return new Promise((resolve) => {
      const request = get(target, (response) => {
        response.resume()
        response.once('close', () => resolve(undefined))
      })
      request.once('timeout', () => {
        request.destroy(new Error('context deadline exceeded (Client.Timeout exceeded)'))
      })
      request.once('error', (error) => resolve(error.message))
    })
  }
}
