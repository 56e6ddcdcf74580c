import { endpoint } from './address.ts'
import {
  type DatagramOptions,
  type Handle,
  type ListenerStats,
  noStats,
  type OpenListener,
} from './listener.ts'
import type { Listening, Misses } from './misses.ts'
import type { Observations } from './observations.ts'
import { Locals } from './peers.ts'
import { CONTROL, LISTENER, MAX_LISTENERS, type PlaneMemory, STATE } from './shared.ts'
import { bindSockets, kernelDrops, queuedOctets, retire, type SocketGroup } from './sockets.ts'
import type { Syscalls } from './syscalls.ts'
import type { Workers } from './workers.ts'

/** How long the threads have to empty a socket that is closed before it is emptied for them. */
const THREADS_MS = 2000
/** How long a socket that closes waits for answers that are not there yet, unless said otherwise. */
export const DRAIN_MS = 5000
const LOOK_MS = 5

/** One address: a socket for each data thread. */
export interface Group {
  readonly number: number
  readonly sockets: SocketGroup
  readonly listening: Listening
  /** Its end, once it has been asked for. */
  closed: Promise<void> | undefined
}

interface Parts {
  readonly memory: PlaneMemory
  readonly threads: number
  readonly syscalls: Syscalls
  readonly workers: Workers
  /** Told of a handler that threw. */
  readonly onFailure: (error: unknown) => void
}

/** What takes the queries that data threads hand over. */
interface Takers {
  readonly misses: Misses
  readonly observations: Observations
}

/** The addresses that data threads listen on: opened, and closed without losing what the kernel holds. */
export class Groups {
  private readonly parts: Parts
  private readonly groups = new Map<number, Group>()
  private takers: Takers | undefined
  private goneDrops = 0

  constructor(parts: Parts) {
    this.parts = parts
  }

  /** To be called before the first is opened. */
  takenBy(takers: Takers): void {
    this.takers = takers
  }

  listening(number: number): Listening | undefined {
    return this.groups.get(number)?.listening
  }

  /** @throws Error when the address cannot be bound, or there are {@link MAX_LISTENERS} already */
  open(options: DatagramOptions, handle: Handle): OpenListener {
    const number = this.freeNumber()
    const sockets = bindSockets(this.parts.syscalls, { ...options, count: this.parts.threads })
    const group = this.add(number, sockets, options, handle)
    return new DatagramGroup(group, (drainMs) => this.close(group, drainMs), this.parts.memory)
  }

  async closeAll(drainMs: number): Promise<void> {
    await Promise.all([...this.groups.values()].map((group) => this.close(group, drainMs)))
  }

  /** Threads look at the listeners again: those without any at once, the others at their next batch. */
  wake(): void {
    const { control } = this.parts.memory
    Atomics.add(control, CONTROL.GENERATION, 1)
    Atomics.notify(control, CONTROL.GENERATION)
  }

  /** Datagrams that the kernel threw away, those of addresses that are closed included. */
  kernelDrops(): number {
    return this.goneDrops + this.drops([...this.groups.values()])
  }

  /** What waits in the kernel for a thread, at all addresses together. */
  queuedOctets(thread: number): number {
    let octets = 0
    for (const { sockets } of this.groups.values()) {
      octets += queuedOctets(this.parts.syscalls, sockets.descriptors[thread] as number)
    }
    return octets
  }

  private freeNumber(): number {
    for (let number = 0; number < MAX_LISTENERS; number++) {
      if (!this.groups.has(number)) return number
    }
    throw new Error(`more than ${MAX_LISTENERS} addresses to listen on`)
  }

  private add(
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
      onFailure: options.onFailure ?? this.parts.onFailure,
      scope: options.scope ?? 0,
      waiting: 0,
      idle: undefined,
    }
    const group = { number, sockets, listening, closed: undefined }
    this.groups.set(number, group)
    const { listeners } = this.parts.memory
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

  private close(group: Group, drainMs: number): Promise<void> {
    group.closed ??= this.emptyAndClose(group, drainMs)
    return group.closed
  }

  private async emptyAndClose(group: Group, drainMs: number): Promise<void> {
    const { number, sockets, listening } = group
    const { syscalls, workers, memory } = this.parts
    const at = number * LISTENER.WORDS
    for (const descriptor of sockets.descriptors) retire(syscalls, descriptor, sockets)
    Atomics.store(memory.listeners, at + LISTENER.DRAINED, 0)
    Atomics.store(memory.listeners, at + LISTENER.STATE, STATE.DRAINING)
    this.wake()
    workers.startWaiting()
    await this.emptied(number, drainMs)
    await answered(listening, drainMs)
    listening.stats.dropped += listening.waiting
    this.takers?.misses.flush()
    this.goneDrops += this.drops([group])
    Atomics.store(memory.listeners, at + LISTENER.STATE, STATE.FREE)
    this.groups.delete(number)
    for (const descriptor of sockets.descriptors) syscalls.close(descriptor)
  }

  /** Waits until every thread has emptied its socket, and what it queued has been taken. One that does not come is helped: it may not be up yet. */
  private async emptied(number: number, drainMs: number): Promise<void> {
    const at = number * LISTENER.WORDS
    const missing = await this.drained(at, Math.min(THREADS_MS, drainMs))
    if (missing === 0) return
    for (let thread = 0; thread < this.parts.threads; thread++) {
      if ((missing & (1 << thread)) !== 0) this.takers?.misses.takeLeft(number, thread)
    }
    // It may have come meanwhile, and hold the rest.
    await this.drained(at, drainMs)
  }

  /** Waits so long at most; returns a bit for each thread that has not come. */
  private async drained(at: number, milliseconds: number): Promise<number> {
    for (const ends = performance.now() + milliseconds; ; ) {
      this.takers?.observations.take()
      const missing = this.notDrained(at)
      if (missing === 0 && this.takers?.misses.isEmpty() !== false) return 0
      if (performance.now() >= ends) return missing
      await new Promise((later) => setTimeout(later, LOOK_MS))
    }
  }

  private notDrained(at: number): number {
    const { threads, memory } = this.parts
    return (2 ** threads - 1) & ~Atomics.load(memory.listeners, at + LISTENER.DRAINED)
  }

  private drops(groups: readonly Group[]): number {
    return groups
      .flatMap(({ sockets }) => sockets.descriptors)
      .reduce((sum, descriptor) => sum + kernelDrops(this.parts.syscalls, descriptor), 0)
  }
}

/** Waits until what waits for its answer has got it, or for so many milliseconds. */
async function answered(listening: Listening, drainMs: number): Promise<void> {
  if (listening.waiting === 0) return
  let timer: NodeJS.Timeout | undefined
  await new Promise<void>((done) => {
    listening.idle = done
    timer = setTimeout(done, drainMs)
  })
  clearTimeout(timer)
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
