import type { Logger } from '../log.ts'
import type { Table } from '../table/table.ts'
import { openDatagramSockets } from './datagram.ts'
import { Front, type OnRepeat } from './front.ts'
import { DRAIN_MS, Groups } from './groups.ts'
import { type LimitedClient, readLimits } from './limits.ts'
import type { DatagramOptions, Handle, OpenListener } from './listener.ts'
import { Misses } from './misses.ts'
import { Observations } from './observations.ts'
import type { OnSample } from './sample.ts'
import {
  CONTROL,
  clockOrigin,
  MAX_THREADS,
  type PlaneMemory,
  planeMemory,
  STAT,
  type ThreadData,
} from './shared.ts'
import { loadSyscalls, type Syscalls } from './syscalls.ts'
import { Workers } from './workers.ts'

/** How long the threads have to end. */
const THREADS_MS = 2000

export interface PlaneOptions {
  /** Data threads; {@link countThreads} says how many. */
  readonly threads: number
  /** The table that they answer from; undefined: every query is the chain's. */
  readonly table: Table | undefined
  readonly log: Pick<Logger, 'info' | 'warning' | 'error'>
  /** Milliseconds of the monotonic clock: `performance.now()`. */
  readonly now?: () => number
  /** Told of repetitions whose reply asked for it. */
  readonly onRepeat?: OnRepeat
  /** Told of a sample of all answers from the table ({@link DataPlane.sample}). */
  readonly onSample?: OnSample
  /** Told of a handler that threw. */
  readonly onFailure?: (error: unknown) => void
  /** For tests: no system calls, as where koffi is not installed. */
  readonly syscalls?: Syscalls | string
}

/** What the data threads did, all together. */
export interface PlaneStats {
  readonly received: number
  /** Answered from the table by data threads. */
  readonly answered: number
  /** Handed over to the chain. */
  readonly missed: number
  /** Thrown away because the queue to the chain was full. */
  readonly overflowed: number
  readonly noPort: number
  readonly unsent: number
  /** Thrown away by the kernel, whose queue was full. */
  readonly kernelDrops: number
  /** Thrown away by the kernel, since their client sends more than its share under overload. */
  readonly limited: number
  /** Threads that threw and were replaced. */
  readonly replaced: number
}

/**
 * The data threads and their sockets, owned by the control thread: the sockets outlive any thread. Nothing is ever posted to a thread; what it has to know lies
 * in shared memory, and it looks there between batches.
 */
export class DataPlane {
  /** The table as this thread asks it, for streams too; undefined without a table. */
  readonly front: Front | undefined
  readonly threads: number

  private readonly options: PlaneOptions
  private readonly memory: PlaneMemory
  private readonly misses: Misses | undefined
  private readonly observations: Observations | undefined
  private readonly groups: Groups | undefined
  private readonly workers: Workers

  constructor(options: PlaneOptions) {
    const { table, log } = options
    this.options = options
    this.threads = Math.max(1, Math.min(options.threads, MAX_THREADS))
    this.memory = planeMemory(this.threads)
    this.workers = new Workers({
      count: this.threads,
      log,
      data: (number) => this.threadData(number),
      onEnd: (number) => table?.forgetReader(number),
    })
    const { onRepeat = () => {}, onSample = () => {} } = options
    const now = options.now ?? (() => performance.now())
    this.front = table === undefined ? undefined : new Front(table, now, onRepeat, onSample)
    const syscalls = options.syscalls ?? loadSyscalls()
    if (typeof syscalls === 'string') {
      log.warning(`data threads are off, datagrams go through node:dgram: ${syscalls}`)
      return
    }
    const { memory, threads, workers, front } = this
    const { onFailure = () => {} } = options
    const groups = new Groups({ memory, threads, syscalls, workers, onFailure })
    const listener = (number: number) => groups.listening(number)
    const observations = new Observations({
      memory,
      front,
      listener,
      onRepeat,
      onSample,
      onFailure,
    })
    const misses = new Misses({ memory, syscalls, front, listener, observations, onFailure })
    groups.takenBy({ misses, observations })
    this.groups = groups
    this.observations = observations
    this.misses = misses
    if (table !== undefined) table.beforeReuse = observations.take
  }

  /** Whether data threads answer; else everything goes through node:dgram. */
  get hasThreads(): boolean {
    return this.groups !== undefined
  }

  /** Has so many answers a second of each thread told to `onSample`, when {@link DataPlane.takeSamples} is called or before; 0 for none. */
  sample(perSecond: number): void {
    Atomics.store(this.memory.control, CONTROL.SAMPLE, perSecond)
    if (this.front !== undefined) this.front.samples = perSecond
  }

  /** Nobody is woken for a sample. */
  takeSamples(): void {
    this.observations?.take()
  }

  /** @throws Error when the address cannot be bound, or there are {@link MAX_LISTENERS} already */
  async openDatagram(options: DatagramOptions, handle: Handle): Promise<OpenListener> {
    const { groups } = this
    if (groups === undefined) return openDatagramSockets(options, handle, this.front)
    const listener = groups.open(options, handle)
    this.workers.start()
    this.misses?.start()
    this.reportBuffer(options, listener)
    return listener
  }

  stats(): PlaneStats {
    const sum = (stat: number) => {
      let total = 0
      for (let thread = 0; thread < this.threads; thread++) {
        total += this.memory.stats[thread * STAT.WORDS + stat] as number
      }
      return total
    }
    const drops = this.groups?.kernelDrops() ?? 0
    const limited = sum(STAT.LIMITED)
    return {
      received: sum(STAT.RECEIVED),
      answered: sum(STAT.ANSWERED),
      missed: sum(STAT.MISSED),
      overflowed: sum(STAT.OVERFLOWED),
      noPort: sum(STAT.NO_PORT),
      unsent: sum(STAT.UNSENT) + (this.misses?.unsent ?? 0),
      kernelDrops: Math.max(0, drops - limited),
      limited,
      replaced: this.workers.replaced,
    }
  }

  /** Clients that are held back so that others are answered. */
  limitedClients(): LimitedClient[] {
    return this.memory.limits.flatMap(readLimits)
  }

  /** What each data thread has done, and what waits for it; none where there are no data threads. */
  threadStates(): { batches: number; busyMs: number; queuedOctets: number }[] {
    const { groups, memory } = this
    if (groups === undefined) return []
    return Array.from({ length: this.threads }, (_, thread) => {
      const row = thread * STAT.WORDS
      return {
        batches: memory.stats[row + STAT.BATCHES] as number,
        busyMs: memory.stats[row + STAT.BUSY] as number,
        queuedOctets: groups.queuedOctets(thread),
      }
    })
  }

  /** Closes all sockets, with what the kernel has queued answered first, and ends the threads. */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    await this.groups?.closeAll(options.drainMs ?? DRAIN_MS)
    this.workers.letEnd()
    Atomics.store(this.memory.control, CONTROL.STOP, 1)
    this.groups?.wake()
    await this.workers.ended(THREADS_MS)
    this.misses?.stop()
  }

  /** For tests: the thread throws at the next query that it takes. */
  throwInThread(thread: number): void {
    Atomics.store(this.memory.control, CONTROL.THROW, thread + 1)
  }

  private threadData(number: number): ThreadData {
    const { memory } = this
    const table = this.options.table?.shared
    return { number, memory, table, clockOffset: -clockOrigin() }
  }

  private reportBuffer(options: DatagramOptions, listener: OpenListener): void {
    const wanted = options.receiveBufferOctets
    const { receiveBufferOctets } = listener
    if (wanted !== undefined && receiveBufferOctets !== undefined && receiveBufferOctets < wanted) {
      const text = `the kernel gives ${receiveBufferOctets} octets of receive buffer, not ${wanted}`
      this.options.log.warning(`${text}: raise net.core.rmem_max`)
    }
  }
}
