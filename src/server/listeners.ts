import type { Registry } from '../admin/metrics.ts'
import type { Logger } from '../log.ts'
import type { OpenListener } from '../net/listener.ts'
import type { DataPlane } from '../net/plane.ts'
import { declareMetrics } from '../plugin/prometheus/metrics.ts'
import { countDropped } from '../plugin/prometheus/prometheus.ts'
import type { Host } from '../plugin/setup.ts'
import type { Table } from '../table/table.ts'
import { uncompressedOctets, Writer } from '../wire/writer.ts'
import { CERTIFICATE_CHECK_MS, LiveCertificates } from './certificates.ts'
import type { Traffic } from './drain.ts'
import { contentOf, optOf } from './finish.ts'
import type { Observer } from './observe/observer.ts'
import type { PlannedListener } from './plan.ts'
import { Publisher } from './publish.ts'
import { recovery } from './recovery.ts'
import { Responder } from './respond.ts'
import { type Dropped, type Guard, Router } from './router.ts'
import { closeAll, DATAGRAMS, openers } from './sockets.ts'

interface Parts {
  readonly log: Logger
  readonly metrics: Registry
  readonly host: Host
  readonly plane: DataPlane
  /** The answer table; undefined without one. */
  readonly table: Table | undefined
  readonly observer: Observer
  /** Told of what went wrong outside of all plugins. */
  readonly onFailure: (error: unknown) => void
}

/** One listening address: its sockets, and what answers there now. */
interface Listening {
  readonly sockets: OpenListener[]
  answering: Answering
  readonly certificates: LiveCertificates | undefined
}

/** What answers at a listener under one configuration, and where the table keeps its answers. */
interface Answering {
  readonly responder: Responder
  readonly scope: number
  /** Ends what the table keeps for it. */
  close(): void
}

/** The DNS sockets. They outlive reloads: a new configuration changes what answers behind them. */
export class Listeners {
  private readonly byLabel = new Map<string, Listening>()
  private readonly writer = new Writer()
  private readonly parts: Parts
  private readonly dropped: Dropped
  private readonly guard: Guard
  private readonly certificateTimer: NodeJS.Timeout
  private readonly forget: () => void
  /** Of listeners that are closed. */
  private gone: Traffic = { received: 0, lost: 0 }

  constructor(parts: Parts) {
    this.parts = parts
    this.certificateTimer = setInterval(() => this.checkCertificates(), CERTIFICATE_CHECK_MS)
    this.certificateTimer.unref()
    declareMetrics(parts.metrics)
    const count = countDropped(parts.metrics)
    this.dropped = (query, reply) => {
      count(query, reply, uncompressedOctets(contentOf(query, reply, optOf(query, reply))))
    }
    this.guard = recovery({ ...parts, dropped: this.dropped })
    this.forget = this.measureBuffers()
  }

  /**
   * Serves this plan: opens what is new, hands what is there to the new chains, closes what is not named any more.
   *
   * @throws Error `Listen: listen tcp 127.0.0.1:53: bind: address already in use`; nothing has changed then
   */
  async follow(planned: readonly PlannedListener[]): Promise<void> {
    const opened = await this.openMissing(planned)
    for (const listener of planned) {
      const known = this.byLabel.get(listener.label)
      if (known === undefined) continue
      this.handOver(known, this.answeringFor(listener))
      if (listener.tls !== undefined) known.certificates?.use(listener.tls)
      this.renew(listener.label, known)
    }
    for (const [label, listening] of opened) this.byLabel.set(label, listening)
    const wanted = new Set(planned.map((listener) => listener.label))
    const gone = [...this.byLabel].filter(([label]) => !wanted.has(label))
    await Promise.all(gone.map(([label]) => this.closeOne(label)))
  }

  /** Has certificates loaded again whose files have changed. */
  checkCertificates(): void {
    for (const [label, listening] of this.byLabel) {
      if (listening.certificates?.haveChanged() === true) this.renew(label, listening)
    }
  }

  /** Files that are half written or do not fit leave the certificates as they were. */
  private renew(label: string, { sockets, certificates }: Listening): void {
    if (certificates === undefined) return
    try {
      for (const socket of sockets) socket.renew()
    } catch (error) {
      this.parts.log.error(`${label} keeps its certificates: ${(error as Error).message}`)
    }
  }

  /** Closes all, with what the kernel has queued answered first. */
  async close(): Promise<void> {
    clearInterval(this.certificateTimer)
    await Promise.all([...this.byLabel.keys()].map((label) => this.closeOne(label)))
    this.forget()
  }

  /** All queries that have come, and those that were thrown away with a queue full or a socket closed over them. */
  traffic(): Traffic {
    const { plane } = this.parts
    let { received, lost } = this.gone
    for (const { sockets } of this.byLabel.values()) {
      const traffic = this.trafficOf(sockets)
      received += traffic.received
      lost += traffic.lost
    }
    if (!plane.hasThreads) return { received, lost }
    const stats = plane.stats()
    const { kernelDrops, overflowed } = stats
    return {
      received: received + stats.received + kernelDrops,
      lost: lost + overflowed + kernelDrops,
    }
  }

  port(label: string): number | undefined {
    return this.byLabel.get(label)?.sockets[0]?.port
  }

  private async openMissing(planned: readonly PlannedListener[]): Promise<Map<string, Listening>> {
    const opened = new Map<string, Listening>()
    try {
      for (const listener of planned) {
        if (this.byLabel.has(listener.label)) continue
        opened.set(listener.label, await this.open(listener, planned))
      }
    } catch (error) {
      for (const { sockets } of opened.values()) await closeAll(sockets)
      throw error
    }
    return opened
  }

  /** Whether the port is served at another address too, now or before. */
  private sharesPort(
    { label, port }: PlannedListener,
    planned: readonly PlannedListener[],
  ): boolean {
    if (port === 0) return false
    const others = [...planned.map((other) => other.label), ...this.byLabel.keys()]
    return others.some((other) => other !== label && other.endsWith(`:${port}`))
  }

  private async open(
    listener: PlannedListener,
    planned: readonly PlannedListener[],
  ): Promise<Listening> {
    const certificates = listener.tls && new LiveCertificates(listener.tls)
    const answering = this.answeringFor(listener)
    const listening: Listening = { sockets: [], answering, certificates }
    const handle: Responder['handle'] = (packet, peer) => {
      return listening.answering.responder.handle(packet, peer)
    }
    const { plane, metrics, onFailure } = this.parts
    const { scope } = listening.answering
    const responses = metrics.counter(
      'coredns_dns_https_responses_total',
      'Responses of HTTPS listeners by status.',
      ['server', 'status'],
    )
    const onStatus = (status: number) => responses.labels(listener.label, String(status)).inc()
    try {
      for (const open of openers(
        { ...listener, tls: certificates },
        handle,
        plane,
        scope,
        { onStatus, onFailure },
        this.sharesPort(listener, planned),
      )) {
        listening.sockets.push(await open(listening.sockets[0]?.port ?? listener.port))
      }
    } catch (error) {
      await closeAll(listening.sockets)
      throw error
    }
    return listening
  }

  /** Another configuration answers from now on; what the table keeps of the old one is not found any more. */
  private handOver(listening: Listening, next: Answering): void {
    const old = listening.answering
    listening.answering = next
    for (const socket of listening.sockets) socket.useScope(next.scope)
    old.close()
  }

  private answeringFor(listener: PlannedListener): Answering {
    const { table, host, observer } = this.parts
    const router = new Router(listener.label, listener.blocks, {
      writer: this.writer,
      dropped: this.dropped,
      guard: this.guard,
    })
    const responderWith = (publisher?: Publisher) =>
      new Responder(router, this.writer, host.now, publisher, observer)
    if (table === undefined) return { responder: responderWith(), scope: 0, close: () => {} }
    const scope = table.openScope()
    const publisher = new Publisher(table, router, scope, host.now, observer)
    return { responder: responderWith(publisher), scope, close: () => publisher.close() }
  }

  private async closeOne(label: string): Promise<void> {
    const listening = this.byLabel.get(label)
    this.byLabel.delete(label)
    if (listening === undefined) return
    await closeAll(listening.sockets)
    const { received, lost } = this.trafficOf(listening.sockets)
    this.gone = { received: this.gone.received + received, lost: this.gone.lost + lost }
    listening.answering.close()
  }

  /** What the data threads take is counted by them. */
  private trafficOf(sockets: readonly OpenListener[]): Traffic {
    let [received, lost] = [0, 0]
    sockets.forEach(({ stats }, i) => {
      const counted = i === DATAGRAMS && this.parts.plane.hasThreads
      if (!counted) received += stats.received
      lost += stats.dropped + stats.failures
    })
    return { received, lost }
  }

  private measureBuffers(): () => void {
    const { metrics } = this.parts
    const buffers = metrics.gauge(
      'muster_receive_buffer_bytes',
      'What the kernel queues at each socket of a listener, as it granted it.',
      ['server'],
    )
    return metrics.onCollect(() => {
      for (const [label, { sockets }] of this.byLabel) {
        const octets = sockets[DATAGRAMS]?.receiveBufferOctets
        if (octets !== undefined) buffers.labels(label).set(octets)
      }
    })
  }
}
