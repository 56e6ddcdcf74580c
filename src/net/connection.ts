import type { Socket } from 'node:net'
import { endpoint } from './address.ts'
import { Deframer, Framer, frame } from './frames.ts'
import type { Handle, ListenerStats, Peer, Response, Timeouts } from './listener.ts'

/** Messages of one connection that may be on their way through the chain; at the bound nothing more is read. */
export const MAX_QUERIES_IN_FLIGHT = 128

/** What the connections of a listener share. */
export interface Parts {
  readonly transport: 'tcp' | 'tls'
  readonly handle: Handle
  readonly timeouts: Timeouts
  readonly stats: ListenerStats
  readonly now: () => number
  readonly onFailure: (error: unknown) => void
}

/** One for all connections: it is empty whenever another connection has its turn. */
const framer = new Framer()

/**
 * One connection of a client: messages with two octets of length before each (RFC 1035 §4.2.2), pipelined, answered in the order in which the answers are
 * ready (RFC 7766 §6.2.1.1).
 */
export class Connection {
  /** When the client last brought a whole message, in milliseconds of the monotonic clock. */
  lastUsed: number

  private readonly socket: Socket
  private readonly parts: Parts
  private readonly peer: Peer
  private readonly messages = new Deframer()
  /** When the next message must have come. */
  private deadline: number
  /** Since when the client has not taken what was written; Infinity while it does. */
  private blockedSince = Number.POSITIVE_INFINITY
  private inFlight = 0
  private taken = 0
  /** No more octets come: the client has ended, or the listener closes. */
  private ended = false
  /** Whether messages are still taken. */
  private taking = true
  private paused = false
  private corked = false

  constructor(socket: Socket, parts: Parts) {
    this.socket = socket
    this.parts = parts
    this.peer = {
      transport: parts.transport,
      client: endpoint(socket.remoteAddress ?? '', socket.remotePort ?? 0),
      local: endpoint(socket.localAddress ?? '', socket.localPort ?? 0),
    }
    this.lastUsed = parts.now()
    this.deadline = this.lastUsed + parts.timeouts.readMs
    socket.on('data', (chunk) => this.receive(chunk))
    socket.on('drain', () => this.unblock())
    socket.on('end', () => this.end())
  }

  /** Whether nothing is on its way to or from the handler. */
  get isIdle(): boolean {
    return this.inFlight === 0 && this.socket.writableLength === 0
  }

  /** Nothing more is read; the connection ends once what has come is answered. */
  end(): void {
    this.ended = true
    this.work()
  }

  destroy(): void {
    this.socket.destroy()
  }

  /** Cuts the connection off where the client has taken too long; true when it had. */
  checkTime(now: number): boolean {
    const slow = now - this.blockedSince >= this.parts.timeouts.writeMs
    const silent = this.inFlight === 0 && now >= this.deadline
    if (slow || silent) this.socket.destroy()
    return slow || silent
  }

  private receive(chunk: Buffer): void {
    // After the last message the rest is read and thrown away: closing over unread octets resets the connection and takes the answers with it.
    if (!this.taking || this.ended) return
    this.messages.take(chunk)
    this.work()
  }

  /** Hands over messages until none is whole or a bound is reached. Answers that come at once leave in one write. */
  private work(): void {
    while (this.taking && !this.isFull) {
      const message = this.messages.next()
      if (message === undefined) {
        if (this.ended) this.taking = false
        break
      }
      this.take(message)
    }
    this.flush()
    if (this.taking && this.isFull) this.pause()
    else this.resume()
    this.endWhenDone()
  }

  private get isFull(): boolean {
    return this.inFlight >= MAX_QUERIES_IN_FLIGHT || this.isBlocked
  }

  private get isBlocked(): boolean {
    return this.blockedSince !== Number.POSITIVE_INFINITY
  }

  private take(message: Buffer): void {
    const { stats, timeouts } = this.parts
    stats.received++
    this.lastUsed = this.parts.now()
    this.deadline = this.lastUsed + timeouts.idleMs
    if (++this.taken === timeouts.maxTcpQueries) this.taking = false
    try {
      const response = this.parts.handle(message, this.peer)
      if (response instanceof Uint8Array) this.answer(response)
      else if (response !== undefined) void this.answerLater(response)
    } catch (error) {
      this.fail(error)
    }
  }

  private answer(message: Uint8Array): void {
    if (!framer.fits(message.length)) this.flush()
    framer.add(message)
    this.parts.stats.sent++
  }

  private flush(): void {
    const octets = framer.flush()
    if (octets !== undefined) this.put(octets)
  }

  private async answerLater(later: Promise<Response> | AsyncIterable<Uint8Array>): Promise<void> {
    this.inFlight++
    try {
      const response = await later
      if (response instanceof Uint8Array) this.write(response)
      else if (response !== undefined) await this.writeAll(response)
    } catch (error) {
      this.fail(error)
    }
    this.inFlight--
    this.deadline = this.parts.now() + this.parts.timeouts.idleMs
    this.work()
  }

  /** Each message waits until the client has taken those before it. */
  private async writeAll(messages: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const message of messages) {
      this.write(message)
      if (this.isBlocked) await this.drained()
      if (this.socket.destroyed) return
    }
  }

  private drained(): Promise<void> {
    const { socket } = this
    return new Promise((done) => {
      const finish = () => {
        socket.off('drain', finish).off('close', finish)
        done()
      }
      socket.on('drain', finish).on('close', finish)
      if (socket.destroyed) finish()
    })
  }

  /** Answers that become ready in the same turn leave in one write. */
  private write(message: Uint8Array): void {
    const { stats } = this.parts
    if (!this.socket.writable) {
      stats.unsent++
      return
    }
    stats.sent++
    if (!this.corked) {
      this.corked = true
      this.socket.cork()
      process.nextTick(() => {
        this.corked = false
        this.socket.uncork()
      })
    }
    this.put(frame(message))
  }

  private put(octets: Buffer): void {
    if (!this.socket.writable) return
    if (!this.socket.write(octets) && !this.isBlocked) this.blockedSince = this.parts.now()
  }

  private unblock(): void {
    this.blockedSince = Number.POSITIVE_INFINITY
    this.work()
  }

  private pause(): void {
    if (!this.paused) this.socket.pause()
    this.paused = true
  }

  private resume(): void {
    if (this.paused) this.socket.resume()
    this.paused = false
  }

  private fail(error: unknown): void {
    this.parts.stats.failures++
    this.parts.onFailure(error)
  }

  private endWhenDone(): void {
    if (!this.taking && this.inFlight === 0 && this.socket.writable) this.socket.end()
  }
}
