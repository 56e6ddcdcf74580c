import type { OpenListener, Peer } from '../../src/net/listener.ts'
import { openDatagram } from '../../src/net/listener.ts'
import { DataPlane, type PlaneOptions } from '../../src/net/plane.ts'
import type { Publication } from '../../src/table/publish.ts'
import { Question } from '../../src/table/question.ts'
import { Table } from '../../src/table/table.ts'
import { TableVersions } from '../../src/table/versions.ts'
import { freePort } from '../ports.ts'
import { address, publication, query, reply } from '../table/harness.ts'

const silent = { info: () => {}, warning: () => {}, error: () => {} }
export const WEB = 'web.shop.svc.cluster.local'

/** A plane with a table, and a chain that answers everything with 10.0.0.9. */
export class PlaneBench {
  readonly versions = new TableVersions(1 << 8)
  readonly table: Table
  readonly plane: DataPlane
  readonly scope: number
  readonly peers: Peer[] = []
  readonly repeats: string[] = []
  private readonly listeners: OpenListener[] = []

  constructor(threads: number, change: Partial<PlaneOptions> = {}) {
    const { counters } = this.versions
    this.table = new Table({
      octets: 1 << 20,
      readers: threads + 1,
      versions: counters,
      seed: 5,
      now: () => performance.now(),
    })
    this.scope = this.table.openScope()
    const onRepeat = (repeat: { query: Buffer }) => this.repeats.push(repeat.query.toString('hex'))
    this.plane = new DataPlane({ threads, table: this.table, log: silent, onRepeat, ...change })
  }

  async open(host = '127.0.0.1', wanted?: number): Promise<number> {
    const { plane, scope } = this
    const port = wanted ?? (await freePort())
    const listener = await openDatagram({ host, port, plane, scope }, (packet, peer) => {
      this.peers.push(peer)
      return chain(packet)
    })
    this.listeners.push(listener)
    return listener.port
  }

  /** What the kernel queues at each socket. */
  get receiveBufferOctets(): number {
    return Math.min(...this.listeners.map((one) => one.receiveBufferOctets ?? 0))
  }

  /** Datagrams that have been dealt with, by threads or without them, and answers among them that could not be sent. */
  get taken(): { received: number; unsent: number } {
    const { plane } = this
    if (plane.hasThreads) return plane.stats()
    const stats = this.listeners.map((listener) => listener.stats)
    const sum = (of: 'received' | 'unsent') => stats.reduce((all, each) => all + each[of], 0)
    return { received: sum('received'), unsent: sum('unsent') }
  }

  publish(name: string, change: Partial<Publication> = {}): string {
    const asked = query(name)
    const message = reply(asked, { answer: [address(1)] })
    return this.table.publish(publication(this.scope, asked, message, change))
  }

  async close(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.close()))
    await this.plane.close()
  }
}

/** What a chain says to every whole question. */
export const chain = (packet: Buffer): Buffer | undefined =>
  new Question(0).read(packet, 0, packet.length, false)
    ? reply(packet, { answer: [address(9)] })
    : undefined
