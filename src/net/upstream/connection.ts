import { whenDue } from '../due.ts'
import { randomId } from './ids.ts'
import { type Failed, failed, type Outcome, type Peer, readTimeout } from './outcome.ts'

/** Messages in flight on one connection: far below the 2^16 ids, so that a free one is found at once. */
export const MAX_IN_FLIGHT = 1024

interface Pending {
  readonly done: (outcome: Outcome) => void
  /** Ends its time-out. */
  readonly inTime: () => void
}

/**
 * A socket connected to one server, and the messages on it that wait for their replies, by id. Only what the server sent back on this very socket
 * counts as a reply (RFC 5452 §9.1); a message with an id that is not waited for is dropped.
 */
export abstract class Connection {
  /** Milliseconds of the monotonic clock. */
  readonly created: number
  /** When the last reply came, or the connection was opened. */
  used: number
  /** Whether a reply has come on it before. */
  seasoned = false
  readonly local: Peer
  readonly peer: Peer
  abstract readonly proto: 'udp' | 'tcp'
  /** Called once, when the connection can no longer be used. */
  onEnd: () => void = () => {}

  protected readonly now: () => number
  private readonly pending = new Map<number, Pending>()
  private ended = false

  constructor(local: Peer, peer: Peer, now: () => number) {
    this.local = local
    this.peer = peer
    this.now = now
    this.created = now()
    this.used = this.created
  }

  get inFlight(): number {
    return this.pending.size
  }

  get open(): boolean {
    return !this.ended
  }

  /** Sends a message under a new random id, which is written into it, and waits for the reply. */
  exchange(message: Buffer, timeoutMs: number): Promise<Outcome> {
    return new Promise((done) => {
      if (this.ended || this.pending.size >= MAX_IN_FLIGHT) {
        done(failed('connection is closed', this.local, true))
        return
      }
      const id = this.freeId()
      message.writeUInt16BE(id, 0)
      const inTime = whenDue(timeoutMs, () => this.expire(id))
      this.pending.set(id, { done, inTime })
      this.write(message)
    })
  }

  /** Closes the socket; what is still in flight fails. */
  close(): void {
    this.end(failed('use of closed network connection', this.local))
  }

  protected abstract write(message: Buffer): void
  protected abstract destroy(): void

  /** A message came in. */
  protected take(message: Buffer): void {
    if (message.length < 12) return
    const id = message.readUInt16BE(0)
    const pending = this.pending.get(id)
    if (pending === undefined) return
    this.used = this.now()
    this.seasoned = true
    this.settle(id, pending, { kind: 'arrived', message, local: this.local, proto: this.proto })
  }

  /** The socket is of no use any more: everything in flight fails for the same reason. */
  protected end(outcome: Failed): void {
    if (this.ended) return
    this.ended = true
    this.destroy()
    for (const [id, pending] of this.pending) this.settle(id, pending, outcome)
    this.onEnd()
  }

  private settle(id: number, pending: Pending, outcome: Outcome): void {
    pending.inTime()
    this.pending.delete(id)
    pending.done(outcome)
  }

  /** A silent server: the message fails, and no other is sent on this connection. */
  private expire(id: number): void {
    const pending = this.pending.get(id)
    if (pending === undefined) return
    this.settle(id, pending, failed(readTimeout(this.proto, this.local, this.peer), this.local))
    this.onSilence()
  }

  /** What a time-out means for the connection: retired at once, closed when nothing is in flight on it. */
  private onSilence(): void {
    this.retired = true
    if (this.pending.size === 0) this.close()
  }

  /** Whether it takes no more messages, though it may still wait for replies. */
  retired = false

  private freeId(): number {
    let id = randomId()
    while (this.pending.has(id)) id = randomId()
    return id
  }
}
