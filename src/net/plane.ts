import type { Logger } from '../log.ts'
import type { Table } from '../table/table.ts'
import { endpoint } from './address.ts'
import { openDatagramSockets } from './datagram.ts'
import { Front, type OnRepeat } from './front.ts'
import { type LimitedClient, readLimits } from './limits.ts'
import {
  type DatagramOptions,
  type Handle,
  type ListenerStats,
  noStats,
  type OpenListener,
} from './listener.ts'
import { type Listening, Misses } from './misses.ts'
import { Observations } from './observations.ts'
import { Locals } from './peers.ts'
import type { OnSample } from './sample.ts'
import {
  CONTROL,
  clockOrigin,
  LISTENER,
  MAX_LISTENERS,
  MAX_THREADS,
  type PlaneMemory,
  planeMemory,
  STAT,
  STATE,
  type ThreadData,
} from './shared.ts'
import { bindSockets, kernelDrops, queuedOctets, retire, type SocketGroup } from './sockets.ts'
import { loadSyscalls, type Syscalls } from './syscalls.ts'
import { Workers } from './workers.ts'

/** How long the threads have to empty a socket that is closed, and to end. */
const THREADS_MS = 2000
const DRAIN_MS = 5000

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

interface Group {
  readonly number: number
  readonly sockets: SocketGroup
  readonly listening: Listening
  /** Its end, once it has been asked for. */
  closed: Promise<void> | undefined
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
  private readonly syscalls: Syscalls | undefined
  private readonly misses: Misses | undefined
  private readonly observations: Observations | undefined
  private readonly groups = new Map<number, Group>()
  private readonly workers: Workers
  private goneDrops = 0

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
    this.syscalls = syscalls
    const listener = (number: number) => this.groups.get(number)?.listening
    const { memory, front } = this
    const observations = new Observations({ memory, front, listener, onRepeat, onSample })
    this.observations = observations
    this.misses = new Misses({ memory, syscalls, front, listener, observations })
    if (table !== undefined) table.beforeReuse = observations.take
  }

  /** Whether data threads answer; else everything goes through node:dgram. */
  get hasThreads(): boolean {
    return this.syscalls !== undefined
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
    const { syscalls } = this
    if (syscalls === undefined) return openDatagramSockets(options, handle, this.front)
    const number = this.freeNumber()
    const count = this.threads
    const sockets = bindSockets(syscalls, { ...options, count })
    const group = this.addGroup(number, sockets, options, handle)
    this.workers.start()
    this.misses?.start()
    this.reportBuffer(options, sockets)
    return new DatagramGroup(group, (drainMs) => this.closeGroup(group, drainMs), this.memory)
  }

  stats(): PlaneStats {
    const sum = (stat: number) => {
      let total = 0
      for (let thread = 0; thread < this.threads; thread++) {
        total += this.memory.stats[thread * STAT.WORDS + stat] as number
      }
      return total
    }
    const drops = this.goneDrops + this.drops([...this.groups.values()])
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
    const { syscalls, memory } = this
    if (syscalls === undefined) return []
    return Array.from({ length: this.threads }, (_, thread) => {
      const row = thread * STAT.WORDS
      const sockets = [...this.groups.values()].flatMap(
        ({ sockets: { descriptors } }) => descriptors[thread] ?? [],
      )
      return {
        batches: memory.stats[row + STAT.BATCHES] as number,
        busyMs: memory.stats[row + STAT.BUSY] as number,
        queuedOctets: sockets.reduce((sum, socket) => sum + queuedOctets(syscalls, socket), 0),
      }
    })
  }

  /** Closes all sockets, with what the kernel has queued answered first, and ends the threads. */
  async close(options: { readonly drainMs?: number } = {}): Promise<void> {
    const drainMs = options.drainMs ?? DRAIN_MS
    await Promise.all([...this.groups.values()].map((group) => this.closeGroup(group, drainMs)))
    this.workers.letEnd()
    Atomics.store(this.memory.control, CONTROL.STOP, 1)
    this.wake()
    await this.workers.ended(THREADS_MS)
    this.misses?.stop()
  }

  /** For tests: the thread throws at the next query that it takes. */
  throwInThread(thread: number): void {
    Atomics.store(this.memory.control, CONTROL.THROW, thread + 1)
  }

  private freeNumber(): number {
    for (let number = 0; number < MAX_LISTENERS; number++) {
      if (!this.groups.has(number)) return number
    }
    throw new Error(`more than ${MAX_LISTENERS} addresses to listen on`)
  }

  private addGroup(
    number: number,
    sockets: SocketGroup,
    options: DatagramOptions,
    handle: Handle,
  ): Group {
    const { address } = endpoint(options.host || sockets.address, 0)
    const listening: Listening = {
      handle,
      locals: new Locals(address, sockets.port),
      stats: noStats(),
      descriptors: sockets.descriptors,
      onFailure: options.onFailure ?? this.options.onFailure ?? (() => {}),
      scope: options.scope ?? 0,
      waiting: 0,
      idle: undefined,
    }
    const group = { number, sockets, listening, closed: undefined }
    this.groups.set(number, group)
    const { listeners } = this.memory
    const at = number * LISTENER.WORDS
    sockets.descriptors.forEach((descriptor, thread) => {
      Atomics.store(listeners, at + LISTENER.DESCRIPTORS + thread, descriptor)
    })
    Atomics.store(listeners, at + LISTENER.SCOPE, listening.scope)
    Atomics.store(listeners, at + LISTENER.DRAINED, 0)
    Atomics.store(listeners, at + LISTENER.STATE, STATE.OPEN)
    this.wake()
    return group
  }

  /** Threads look at the listeners again: those without any at once, the others at their next batch. */
  private wake(): void {
    const { control } = this.memory
    Atomics.add(control, CONTROL.GENERATION, 1)
    Atomics.notify(control, CONTROL.GENERATION)
  }

  private threadData(number: number): ThreadData {
    const { memory } = this
    const table = this.options.table?.shared
    return { number, memory, table, clockOffset: -clockOrigin() }
  }

  private closeGroup(group: Group, drainMs: number): Promise<void> {
    group.closed ??= this.emptyAndClose(group, drainMs)
    return group.closed
  }

  private async emptyAndClose(group: Group, drainMs: number): Promise<void> {
    const { number, sockets, listening } = group
    const syscalls = this.syscalls as Syscalls
    const { listeners } = this.memory
    const at = number * LISTENER.WORDS
    for (const descriptor of sockets.descriptors) retire(syscalls, descriptor, sockets)
    Atomics.store(listeners, at + LISTENER.DRAINED, 0)
    Atomics.store(listeners, at + LISTENER.STATE, STATE.DRAINING)
    this.wake()
    this.workers.startWaiting()
    await this.emptied(group, drainMs)
    await this.answered(listening, drainMs)
    listening.stats.dropped += listening.waiting
    this.misses?.flush()
    this.goneDrops += this.drops([group])
    Atomics.store(listeners, at + LISTENER.STATE, STATE.FREE)
    this.groups.delete(number)
    for (const descriptor of sockets.descriptors) syscalls.close(descriptor)
  }

  /** Waits until every thread has emptied its socket, and what it queued has been taken. One that does not come is helped: it may not be up yet. */
  private async emptied({ number }: Group, drainMs: number): Promise<void> {
    const at = number * LISTENER.WORDS
    const missing = await this.drained(at, Math.min(THREADS_MS, drainMs))
    if (missing === 0) return
    for (let thread = 0; thread < this.threads; thread++) {
      if ((missing & (1 << thread)) !== 0) this.misses?.takeLeft(number, thread)
    }
    // It may have come meanwhile, and hold the rest.
    await this.drained(at, drainMs)
  }

  /** Waits so long at most; returns a bit for each thread that has not come. */
  private async drained(at: number, milliseconds: number): Promise<number> {
    for (const ends = performance.now() + milliseconds; ; ) {
      this.observations?.take()
      const missing = this.notDrained(at)
      if (missing === 0 && this.misses?.isEmpty() === true) return 0
      if (performance.now() >= ends) return missing
      await new Promise((later) => setTimeout(later, 5))
    }
  }

  private notDrained(at: number): number {
    const all = 2 ** this.threads - 1
    return all & ~Atomics.load(this.memory.listeners, at + LISTENER.DRAINED)
  }

  private async answered(listening: Listening, drainMs: number): Promise<void> {
    if (listening.waiting === 0) return
    const idle = new Promise<void>((done) => {
      listening.idle = done
    })
    await this.within(idle, drainMs)
  }

  private async within(done: Promise<unknown>, milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((late) => {
      timer = setTimeout(late, milliseconds)
    })
    await Promise.race([done, timeout])
    clearTimeout(timer)
  }

  private drops(groups: readonly Group[]): number {
    const { syscalls } = this
    if (syscalls === undefined) return 0
    return groups
      .flatMap(({ sockets }) => sockets.descriptors)
      .reduce((sum, descriptor) => sum + kernelDrops(syscalls, descriptor), 0)
  }

  private reportBuffer(options: DatagramOptions, sockets: SocketGroup): void {
    const wanted = options.receiveBufferOctets
    const { receiveBufferOctets } = sockets
    if (wanted !== undefined && receiveBufferOctets < wanted) {
      const text = `the kernel gives ${receiveBufferOctets} octets of receive buffer, not ${wanted}`
      this.options.log.warning(`${text}: raise net.core.rmem_max`)
    }
  }
}

/** One address, as its owner has it. */
class DatagramGroup implements OpenListener {
  readonly port: number
  readonly stats: ListenerStats
  readonly receiveBufferOctets: number
  private readonly group: Group
  private readonly memory: PlaneMemory
  private readonly closeGroup: (drainMs: number) => Promise<void>

  constructor(group: Group, close: (drainMs: number) => Promise<void>, memory: PlaneMemory) {
    this.group = group
    this.memory = memory
    this.closeGroup = close
    this.port = group.sockets.port
    this.stats = group.listening.stats
    this.receiveBufferOctets = group.sockets.receiveBufferOctets
  }

  useScope(scope: number): void {
    this.group.listening.scope = scope
    const at = this.group.number * LISTENER.WORDS + LISTENER.SCOPE
    Atomics.store(this.memory.listeners, at, scope)
  }

  renew(): void {}

  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    return this.closeGroup(options.drainMs ?? DRAIN_MS)
  }
}
