import { type Connection, MAX_IN_FLIGHT } from './connection.ts'
import { type Failed, failed, type Outcome } from './outcome.ts'

/** Connections to one server that may be open at a time; beyond it, messages share them. */
export const MAX_CONNECTIONS = 256
/** Messages that may wait for a connection that is being opened; those beyond fail. */
export const MAX_WAITING = 4096
/** How often idle connections are looked through, in milliseconds. */
export const SWEEP_MS = 10_000

/** How connections are kept. */
export interface PoolOptions {
  /** Idle longer than this, a connection is closed; milliseconds. */
  readonly expireMs: number
  /** Older than this, a connection takes no more messages; milliseconds, 0 for no limit. */
  readonly maxAgeMs: number
  /** Idle connections kept; 0 for no limit but {@link MAX_CONNECTIONS}. */
  readonly maxIdle: number
  /** The monotonic clock in milliseconds. */
  readonly now: () => number
}

/**
 * Connections to one server over one transport. A message takes the connection that has been idle for longest, so that source ports vary, else a new one; at
 * the bound it goes along with others. Each is closed when it has been idle for too long, is too old, or a message on it timed out.
 */
export class Pool {
  /** Messages that found an idle connection, and that did not. */
  onHit: () => void = () => {}
  onMiss: () => void = () => {}

  private readonly open: (dialMs: number) => Promise<Connection | Failed>
  private readonly options: PoolOptions
  private readonly limit: number
  private readonly all = new Set<Connection>()
  /** The longest idle one first. */
  private idle: Connection[] = []
  private opening = 0
  private waiting: (() => void)[] = []
  private stopped = false
  private sweeper: NodeJS.Timeout | undefined

  constructor(
    open: (dialMs: number) => Promise<Connection | Failed>,
    options: PoolOptions,
    limit = MAX_CONNECTIONS,
  ) {
    this.open = open
    this.options = options
    this.limit = limit
  }

  /** How many connections are open. */
  get size(): number {
    return this.all.size
  }

  /** Sends a message, whose id is overwritten, and waits for its reply. Opening a connection may take `dialMs`, the reply `readMs`. */
  async exchange(message: Buffer, dialMs: number, readMs: number): Promise<Outcome> {
    const found = await this.acquire(dialMs)
    return 'kind' in found ? found : this.run(found, message, readMs)
  }

  /** Closes what is idle, and the rest as soon as it has nothing in flight: queries under way when the configuration changes are not lost. */
  stop(): void {
    this.stopped = true
    clearInterval(this.sweeper)
    for (const connection of [...this.idle]) connection.close()
  }

  /** At the bound with nothing to share yet, it waits for what is being opened. */
  private async acquire(dialMs: number): Promise<Connection | Failed> {
    const deadline = this.options.now() + dialMs
    for (;;) {
      const found = this.takeIdle() ?? this.share()
      if (found !== undefined) {
        this.onHit()
        return found
      }
      if (this.all.size + this.opening < this.limit) {
        this.onMiss()
        return this.dial(Math.max(1, deadline - this.options.now()))
      }
      const late = this.options.now() > deadline
      if (late || this.opening === 0 || this.waiting.length >= MAX_WAITING) {
        return failed('too many queries in flight to this server')
      }
      await new Promise<void>((done) => this.waiting.push(done))
    }
  }

  private async run(connection: Connection, message: Buffer, readMs: number): Promise<Outcome> {
    const outcome = await connection.exchange(message, readMs)
    if (connection.inFlight === 0) this.release(connection)
    return outcome
  }

  private async dial(dialMs: number): Promise<Connection | Failed> {
    this.opening++
    const opened = await this.open(dialMs)
    this.opening--
    if (!('kind' in opened)) {
      this.all.add(opened)
      opened.onEnd = () => this.forget(opened)
    }
    for (const wake of this.waiting.splice(0)) wake()
    return opened
  }

  private takeIdle(): Connection | undefined {
    for (;;) {
      const connection = this.idle.shift()
      if (connection === undefined || this.isFresh(connection)) return connection
      connection.close()
    }
  }

  /** At the bound: the connection with the fewest messages in flight. */
  private share(): Connection | undefined {
    if (this.all.size + this.opening < this.limit) return undefined
    let least: Connection | undefined
    for (const connection of this.all) {
      if (connection.retired || connection.inFlight >= MAX_IN_FLIGHT) continue
      if (least === undefined || connection.inFlight < least.inFlight) least = connection
    }
    return least
  }

  /** A connection that has nothing in flight any more becomes idle, or is closed where it has done its duty. */
  private release(connection: Connection): void {
    if (!connection.open || this.idle.includes(connection)) return
    const { maxIdle } = this.options
    const full = maxIdle > 0 && this.idle.length >= maxIdle
    if (connection.retired || full || this.stopped) {
      connection.close()
      return
    }
    this.idle.push(connection)
    this.startSweeping()
  }

  private forget(connection: Connection): void {
    this.all.delete(connection)
    const at = this.idle.indexOf(connection)
    if (at >= 0) this.idle.splice(at, 1)
  }

  private isFresh(connection: Connection): boolean {
    const { expireMs, maxAgeMs, now } = this.options
    const moment = now()
    if (!connection.open || moment - connection.used > expireMs) return false
    return maxAgeMs === 0 || moment - connection.created <= maxAgeMs
  }

  private startSweeping(): void {
    if (this.sweeper !== undefined) return
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS)
    this.sweeper.unref()
  }

  private sweep(): void {
    for (const connection of [...this.idle]) if (!this.isFresh(connection)) connection.close()
    if (this.idle.length > 0) return
    clearInterval(this.sweeper)
    this.sweeper = undefined
  }
}
