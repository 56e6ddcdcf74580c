import { Reader } from '../table/reader.ts'
import type { Table } from '../table/table.ts'
import type { Handle, Peer } from './listener.ts'
import { rebuildQuery } from './records.ts'
import { type OnSample, sampleOf } from './sample.ts'
import { Sampler } from './sampler.ts'

/** A reply that was repeated from the table, where someone wants to know of each. */
export interface Repeat {
  /** What it was published with. */
  readonly context: unknown
  readonly query: Buffer
  readonly peer: Peer
  readonly answerOctets: number
  readonly seconds: number
}

export type OnRepeat = (repeat: Repeat) => void

/** Room for the longest message of a stream. */
const SCRATCH_OCTETS = 0x10000

/**
 * The table as the control thread asks it, before the chain: for streams, for queries that the data threads had no answer to a moment ago, and where there
 * are no data threads.
 */
export class Front {
  readonly table: Table
  /** How many of its answers a second are told as a sample; 0 for none. */
  samples = 0
  private readonly reader: Reader
  private readonly number: number
  private readonly now: () => number
  private readonly onRepeat: OnRepeat
  private readonly onSample: OnSample
  private readonly sampler: Sampler
  private readonly scratch = Buffer.allocUnsafeSlow(SCRATCH_OCTETS)

  constructor(
    table: Table,
    now: () => number,
    onRepeat: OnRepeat = () => {},
    onSample: OnSample = () => {},
  ) {
    this.table = table
    this.number = table.shared.tallies.length - 1
    this.reader = new Reader(table.shared, this.number)
    this.now = now
    this.onRepeat = onRepeat
    this.onSample = onSample
    this.sampler = new Sampler(this.number + 1)
  }

  /**
   * The table's answer to a packet; undefined for none. A view of a buffer that the next call uses again.
   *
   * @param scope the configuration to answer from ({@link Table.openScope}); 0 for none
   */
  answer(packet: Uint8Array, peer: Peer, scope: number): Uint8Array | undefined {
    if (scope === 0 || packet.length > 512) return undefined
    this.scratch.set(packet)
    const family = peer.client.address.includes(':') ? 1 : 0
    const room = SCRATCH_OCTETS - 1
    const octets = this.answerIn(this.scratch, 0, packet.length, room, peer, family, scope)
    return octets === 0 ? undefined : this.scratch.subarray(0, octets)
  }

  /** The same in the packet's own place; `family` is 1 for IPv6. Returns octets of the answer, 0 for none. */
  answerIn(
    memory: Uint8Array,
    at: number,
    octets: number,
    room: number,
    peer: Peer,
    family: 0 | 1,
    scope: number,
  ): number {
    const { reader } = this
    const started = this.now()
    const column = (peer.transport === 'udp' ? 0 : 2) + family
    reader.enter()
    reader.useScope(scope)
    const answered = reader.answer(memory, at, octets, room, column, started)
    reader.leave()
    if (answered === 0) return 0
    const milliseconds = this.now() - started
    this.account(milliseconds)
    const seconds = milliseconds / 1000
    if (reader.lastObserved) this.tell(memory, at, answered, peer, seconds)
    this.sampler.turn(this.samples, started)
    const weight = this.sampler.weigh()
    if (weight > 0) {
      const client = peer.client.address
      this.onSample(sampleOf(memory, at, reader.question.end, { client, seconds, weight }))
    }
    return answered
  }

  private account(milliseconds: number): void {
    const { busy } = this.table.shared
    const at = 2 * this.number
    busy[at] = (busy[at] as number) + milliseconds
    busy[at + 1] = (busy[at + 1] as number) + 1
  }

  private tell(
    memory: Uint8Array,
    at: number,
    answered: number,
    peer: Peer,
    seconds: number,
  ): void {
    const { question, lastId } = this.reader
    const packet = question.end - at
    const head = new Uint8Array(packet + question.optRdata)
    head.set(memory.subarray(at, question.end), question.optRdata)
    head.set(question.cookie.subarray(0, question.optRdata))
    const query = rebuildQuery(head, {
      keyWord: question.keyWord,
      payloadSize: question.payloadSize,
      optionAt: 0,
      optionOctets: question.optRdata,
      packetAt: question.optRdata,
      packetOctets: packet,
    })
    const context = this.table.contextOf(lastId)
    this.onRepeat({ context, query, peer, answerOctets: answered, seconds })
  }
}

/** A handler that asks the table first. `scope` is read for each message: configurations change under open connections. */
export function withFront(front: Front | undefined, scope: () => number, handle: Handle): Handle {
  if (front === undefined) return handle
  return (packet, peer) => front.answer(packet, peer, scope()) ?? handle(packet, peer)
}
