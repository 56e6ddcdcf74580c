import { PACKET_OCTETS } from './batch.ts'
import { ring, whenRung } from './bell.ts'
import { copy } from './copy.ts'
import type { Front } from './front.ts'
import { Leftovers } from './leftovers.ts'
import type { Endpoint, Handle, ListenerStats, Peer, Response } from './listener.ts'
import type { Observations } from './observations.ts'
import { Outbox } from './outbox.ts'
import { clientOf, isIpv6, type Locals, udpPeer } from './peers.ts'
import { cameAt, Record, readMiss } from './records.ts'
import { RingReader } from './ring.ts'
import type { PlaneMemory } from './shared.ts'
import type { Syscalls } from './syscalls.ts'

/** Queries that are taken from the queues before everything else on this thread has its turn. */
const SLICE = 128
/** Queries that wait for their answers at a time, in the chain; above it they are dropped, and the client asks again. */
export const MAX_WAITING = 10_000

/** A listening address, as the control thread has it. */
export interface Listening {
  readonly handle: Handle
  readonly locals: Locals
  readonly stats: ListenerStats
  readonly descriptors: readonly number[]
  readonly onFailure: (error: unknown) => void
  scope: number
  /** Queries of it that wait for their answers. */
  waiting: number
  /** Called when the last of them has got it. */
  idle: (() => void) | undefined
}

interface Parts {
  readonly memory: PlaneMemory
  readonly syscalls: Syscalls
  readonly front: Front | undefined
  readonly listener: (number: number) => Listening | undefined
  readonly observations: Observations
  /** Told of what went wrong outside of any handler. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Takes what the data threads queued: queries that the table had no answer to, and observations. In slices, so that streams, health checks and watches have
 * their turn however many queries there are.
 */
export class Misses {
  private readonly parts: Parts
  private readonly rings: readonly RingReader[]
  private readonly outbox: Outbox
  private readonly record = new Record()
  private leftovers: Leftovers | undefined
  private waiting = 0
  private flushing = false
  private running = false
  private stopped = false
  private nextRing = 0

  constructor(parts: Parts) {
    this.parts = parts
    this.rings = parts.memory.misses.map((memory) => new RingReader(memory))
    this.outbox = new Outbox(parts.syscalls)
  }

  get unsent(): number {
    return this.outbox.unsent
  }

  /** Begins to take what comes. */
  start(): void {
    if (this.running) return
    this.running = true
    this.turn()
  }

  stop(): void {
    this.stopped = true
    ring(this.parts.memory.control)
  }

  /** One slice, then whatever else has to be done, then the next; with nothing left, until the bell rings. */
  private readonly turn = (): void => {
    if (this.stopped) return
    this.parts.observations.take()
    const taken = this.takeSlice()
    this.outbox.flush()
    if (taken > 0) setImmediate(this.turn)
    else whenRung(this.parts.memory.control, () => this.isEmpty(), this.turn)
  }

  /** Whether nothing is queued. */
  isEmpty(): boolean {
    return this.rings.every((ring) => ring.isEmpty) && this.parts.observations.areEmpty()
  }

  /** The rings by turns, each a share of the slice. */
  private takeSlice(): number {
    let taken = 0
    const share = Math.ceil(SLICE / this.rings.length)
    for (let i = 0; i < this.rings.length; i++) {
      const ring = this.rings[(this.nextRing + i) % this.rings.length] as RingReader
      const thread = (this.nextRing + i) % this.rings.length
      for (let n = 0; n < share; n++) {
        const at = ring.read()
        if (at < 0) break
        this.takeSafely(ring, at, thread)
        taken++
      }
    }
    this.nextRing = (this.nextRing + 1) % this.rings.length
    return taken
  }

  /** Answers what waits at the socket of a thread that is not there; its listener takes nothing new. */
  takeLeft(listener: number, thread: number): void {
    const descriptor = this.parts.listener(listener)?.descriptors[thread]
    if (descriptor === undefined) return
    this.leftovers ??= new Leftovers(this.parts.syscalls)
    const { ring } = this.leftovers
    while (this.leftovers.take(descriptor, listener)) {
      for (let at = ring.read(); at >= 0; at = ring.read()) {
        this.takeSafely(ring, at, thread)
      }
    }
    this.outbox.flush()
  }

  /** A bug costs the query that finds it, never those behind it. */
  private takeSafely(ring: RingReader, at: number, thread: number): void {
    try {
      this.take(ring, at, thread)
    } catch (error) {
      this.parts.onFailure(error)
    }
    ring.release()
  }

  private take(ring: RingReader, at: number, thread: number): void {
    const { record } = this
    readMiss(ring, at, record)
    const listening = this.parts.listener(record.listener)
    if (listening === undefined) return
    listening.stats.received++
    const descriptor = listening.descriptors[thread] as number
    const peer = this.peerOf(listening, ring)
    if (this.answerFromTable(listening, descriptor, ring, peer)) return
    if (this.waiting >= MAX_WAITING) listening.stats.dropped++
    else this.ask(listening, descriptor, ring, peer)
  }

  private peerOf(listening: Listening, ring: RingReader): Peer {
    const { record } = this
    const client: Endpoint = clientOf(ring.bytes, record.nameAt, record.nameOctets)
    const local = listening.locals.at(ring.bytes, record.controlAt, record.controlOctets)
    return udpPeer(client, local, cameAt(record, performance.now()))
  }

  /** A thousand clients that ask for a name that has just changed cost one walk of the chain. */
  private answerFromTable(
    listening: Listening,
    descriptor: number,
    ring: RingReader,
    peer: Peer,
  ): boolean {
    const { front } = this.parts
    if (front === undefined || listening.scope === 0) return false
    const { record, outbox } = this
    const slot = outbox.slotFor(descriptor)
    const { batch } = outbox
    const at = batch.packetAt(slot)
    copy(ring.bytes, record.packetAt, batch.bytes, at, record.packetOctets)
    const octets = front.answerIn(
      batch.bytes,
      at,
      record.packetOctets,
      PACKET_OCTETS,
      peer,
      isIpv6(ring.bytes, record.nameAt) ? 1 : 0,
      listening.scope,
    )
    if (octets === 0) return false
    copy(ring.bytes, record.nameAt, batch.bytes, batch.nameAt(slot), record.nameOctets)
    copy(ring.bytes, record.controlAt, batch.bytes, batch.controlAt(slot), record.controlOctets)
    batch.queueTo(slot, octets, record.nameOctets, record.controlOctets)
    listening.stats.sent++
    return true
  }

  private ask(listening: Listening, descriptor: number, ring: RingReader, peer: Peer): void {
    const { record } = this
    const { bytes } = ring
    // Of the pool: an array of its own costs several times as much, and the collector too.
    const packet = Buffer.allocUnsafe(record.packetOctets)
    copy(bytes, record.packetAt, packet, 0, record.packetOctets)
    try {
      const response = listening.handle(packet, peer)
      if (response instanceof Uint8Array) {
        const { nameAt, nameOctets, controlAt, controlOctets } = record
        this.put(
          listening,
          descriptor,
          response,
          bytes,
          nameAt,
          nameOctets,
          controlAt,
          controlOctets,
        )
      } else if (response instanceof Promise) {
        const to = bytes.slice(record.nameAt, record.controlAt + record.controlOctets)
        void this.askLater(listening, descriptor, response, to, record.nameOctets)
      }
    } catch (error) {
      listening.stats.failures++
      listening.onFailure(error)
    }
  }

  private async askLater(
    listening: Listening,
    descriptor: number,
    later: Promise<Response>,
    to: Uint8Array,
    nameOctets: number,
  ): Promise<void> {
    this.waiting++
    listening.waiting++
    try {
      const response = await later
      if (response instanceof Uint8Array) {
        const control = to.length - nameOctets
        this.put(listening, descriptor, response, to, 0, nameOctets, nameOctets, control)
        this.flushSoon()
      }
    } catch (error) {
      listening.stats.failures++
      listening.onFailure(error)
    }
    this.waiting--
    if (--listening.waiting === 0) listening.idle?.()
  }

  private put(
    listening: Listening,
    descriptor: number,
    message: Uint8Array,
    to: Uint8Array,
    nameAt: number,
    nameOctets: number,
    controlAt: number,
    controlOctets: number,
  ): void {
    listening.stats.sent++
    this.outbox.put(descriptor, message, to, nameAt, nameOctets, controlAt, controlOctets)
  }

  /** Sends what has been put, at once: before its socket closes. */
  flush(): void {
    this.outbox.flush()
  }

  /** Answers that become ready in the same turn leave together. */
  private flushSoon(): void {
    if (this.flushing) return
    this.flushing = true
    setImmediate(() => {
      this.flushing = false
      this.outbox.flush()
    })
  }
}
