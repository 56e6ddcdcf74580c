import { Client, exchangeOnce } from '../../net/upstream/client.ts'
import type { HttpsClient } from '../../net/upstream/https.ts'
import type { Outcome, Peer } from '../../net/upstream/outcome.ts'
import type { TlsClient } from '../../net/upstream/stream.ts'
import type { Name } from '../../wire/name.ts'
import type { Query } from '../query.ts'
import type { UpstreamStanding } from '../standing.ts'
import { CHECK_TIMEOUT_MS, Health } from './health.ts'
import { probeMessage, queryMessage, type Reading, readReply } from './message.ts'
import type { UpstreamMetrics } from './metrics.ts'

/** Settings that the upstreams of one forward share. */
export interface UpstreamSettings {
  readonly expireMs: number
  readonly maxAgeMs: number
  readonly maxIdle: number
  readonly readMs: number
  readonly source: string | undefined
  readonly health: {
    readonly intervalMs: number
    readonly recursionDesired: boolean
    readonly domain: Name
    /** Over TCP instead of UDP. */
    readonly tcp: boolean
  }
  /** The monotonic clock in milliseconds. */
  readonly now: () => number
}

/** What came of a query at one upstream. */
export type Attempt = Exclude<Reading, { kind: 'damaged' }> | Failure

export interface Failure {
  readonly kind: 'failed'
  readonly error: string
  /** The connection had been closed by the other side: try again on a fresh one. */
  readonly stale: boolean
}

/** One server that queries are sent to. */
export class Upstream {
  /** `192.0.2.1:53`: the label `to` of the metrics. */
  readonly address: string
  readonly health: Health
  private readonly client: Client
  private readonly https: HttpsClient | undefined
  private readonly settings: UpstreamSettings
  private readonly metrics: UpstreamMetrics

  constructor(
    target: {
      readonly address: string
      readonly peer: Peer
      readonly tls: TlsClient | undefined
      readonly https: HttpsClient | undefined
    },
    settings: UpstreamSettings,
    metrics: UpstreamMetrics,
  ) {
    const { address, peer, tls, https } = target
    this.address = address
    this.settings = settings
    this.metrics = metrics
    this.https = https
    const { expireMs, maxAgeMs, maxIdle, source, now } = settings
    this.client = new Client({ peer, source, tls, expireMs, maxAgeMs, maxIdle, now })
    this.client.udp.onHit = () => metrics.connection('udp', true)
    this.client.udp.onMiss = () => metrics.connection('udp', false)
    const streams = tls === undefined ? 'tcp' : 'tcp-tls'
    this.client.stream.onHit = () => metrics.connection(streams, true)
    this.client.stream.onMiss = () => metrics.connection(streams, false)
    this.health = new Health(() => this.check(peer, tls), settings.health.intervalMs)
  }

  /** Whether more checks have failed than are allowed; 0 allows any number. */
  isDown(maxFails: number): boolean {
    return maxFails > 0 && this.health.fails > maxFails
  }

  /** How it does (plugin page); `maxFails` as in {@link isDown}. */
  standing(maxFails: number): UpstreamStanding {
    const { fails, suspect } = this.health
    const state = this.isDown(maxFails) ? 'down' : suspect ? 'suspect' : 'up'
    return { address: this.address, state, failedChecks: fails, ...this.metrics.all }
  }

  /** Sends the query and waits for its reply; opening a connection may take `dialMs`. */
  async ask(query: Query, proto: 'udp' | 'tcp', dialMs: number): Promise<Attempt> {
    const { now, readMs } = this.settings
    const started = now()
    const outcome = await this.exchange(queryMessage(query), proto, dialMs, readMs)
    if (outcome.kind === 'failed') return outcome
    const reading = readReply(outcome.message, query, outcome.proto)
    if (reading.kind === 'damaged') return { kind: 'failed', error: reading.error, stale: false }
    this.metrics.duration(reading.rcode, (now() - started) / 1000)
    return reading
  }

  stop(): void {
    this.health.stop()
    this.client.stop()
    this.https?.stop()
  }

  private exchange(
    message: Buffer,
    proto: 'udp' | 'tcp',
    dialMs: number,
    readMs: number,
  ): Promise<Outcome> {
    if (this.https !== undefined) return this.https.exchange(message, Math.min(dialMs, readMs))
    return this.client.exchange(message, proto, dialMs, readMs)
  }

  private async check(peer: Peer, tls: TlsClient | undefined): Promise<boolean> {
    const { source, now, health } = this.settings
    const message = probeMessage(health.domain, health.recursionDesired)
    const proto = health.tcp ? 'tcp' : 'udp'
    const outcome =
      this.https === undefined
        ? await exchangeOnce(message, { peer, source, tls, now }, proto, CHECK_TIMEOUT_MS)
        : await this.https.exchange(message, CHECK_TIMEOUT_MS)
    if (outcome.kind === 'failed') this.metrics.healthcheckFailed()
    return outcome.kind === 'arrived'
  }
}
