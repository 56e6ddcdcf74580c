import { Reader } from '../table/reader.ts'
import { Batch, PACKET_OCTETS } from './batch.ts'
import { ring } from './bell.ts'
import type { Limiter } from './limiter.ts'
import { Limits } from './limits.ts'
import { writeMiss, writeObservation } from './records.ts'
import { RingWriter } from './ring.ts'
import { Sampler } from './sampler.ts'
import {
  CONTROL,
  clockOrigin,
  LISTENER,
  MAX_LISTENERS,
  STAT,
  STATE,
  type ThreadData,
} from './shared.ts'
import { C, type Syscalls, systemError } from './syscalls.ts'

/** How long a thread waits in the kernel before it looks at the stop word again. */
export const WAIT_MS = 250

interface Socket {
  readonly listener: number
  readonly descriptor: number
  readonly limiter: Limiter
}

/**
 * What a data thread does: takes a batch of datagrams, answers from the table what it can, queues the rest for the control thread. It allocates next to
 * nothing, awaits nothing, and has no event loop: it waits only in the kernel.
 */
export class DataLoop {
  private readonly data: ThreadData
  private readonly syscalls: Syscalls
  private readonly batch: Batch
  private readonly reader: Reader | undefined
  private readonly misses: RingWriter
  private readonly observations: RingWriter
  private readonly offset: number
  private readonly stat: number
  private readonly sampler: Sampler
  private readonly timeout = new Uint8Array(16)
  private sockets: Socket[] = []
  private readonly limits: Limits
  private pollfds: Uint8Array = new Uint8Array(0)
  private generation = 0
  /** Whether someone waits for what was queued. */
  private urgent = false
  private failure: unknown

  constructor(data: ThreadData, syscalls: Syscalls) {
    const { number, memory, table } = data
    this.data = data
    this.syscalls = syscalls
    this.batch = new Batch(syscalls)
    this.reader = table === undefined ? undefined : new Reader(table, number)
    this.misses = new RingWriter(memory.misses[number] as SharedArrayBuffer)
    this.observations = new RingWriter(memory.observations[number] as SharedArrayBuffer)
    this.offset = data.clockOffset + clockOrigin()
    this.sampler = new Sampler(number + 1)
    this.stat = number * STAT.WORDS
    this.limits = new Limits(syscalls, memory.limits[number] as Uint32Array)
    new DataView(this.timeout.buffer).setBigInt64(8, BigInt(WAIT_MS * 1_000_000), true)
  }

  /** Returns when the stop word is set. @throws whatever went wrong, after the batch at hand has been dealt with */
  run(): void {
    const { control } = this.data.memory
    this.findSockets()
    while (Atomics.load(control, CONTROL.STOP) === 0) {
      if (Atomics.load(control, CONTROL.GENERATION) !== this.generation) this.findSockets()
      const { sockets } = this
      if (sockets.length === 1) this.serve(sockets[0] as Socket, C.MSG_WAITFORONE)
      else if (sockets.length === 0) {
        Atomics.wait(control, CONTROL.GENERATION, this.generation, WAIT_MS)
      } else this.pollAll()
      this.lookAtLimits()
      if (this.failure !== undefined) throw this.failure
    }
  }

  /** The sockets that are this thread's. One that is being closed is emptied first; nothing new comes to it. */
  private findSockets(): void {
    const { memory, number } = this.data
    const { listeners } = memory
    this.generation = Atomics.load(memory.control, CONTROL.GENERATION)
    this.sockets = []
    for (let listener = 0; listener < MAX_LISTENERS; listener++) {
      const at = listener * LISTENER.WORDS
      const state = Atomics.load(listeners, at + LISTENER.STATE)
      if (state === STATE.FREE) continue
      const descriptor = Atomics.load(listeners, at + LISTENER.DESCRIPTORS + number)
      const socket = { listener, descriptor, limiter: this.limits.of(descriptor) }
      if (state === STATE.OPEN) this.sockets.push(socket)
      else this.drain(socket)
    }
    this.limits.keep(this.sockets.map(({ descriptor }) => descriptor))
    this.pollfds = pollfds(this.sockets)
  }

  private drain(socket: Socket): void {
    const { memory, number } = this.data
    const at = socket.listener * LISTENER.WORDS + LISTENER.DRAINED
    if ((Atomics.load(memory.listeners, at) & (1 << number)) !== 0) return
    // An error that waits at the socket comes once, in place of what is there.
    for (let nothing = 0; nothing < 2; ) {
      nothing = this.serve(socket, C.MSG_DONTWAIT) > 0 ? 0 : nothing + 1
    }
    Atomics.or(memory.listeners, at, 1 << number)
    this.ring()
  }

  private lookAtLimits(): void {
    const now = performance.now()
    for (const { limiter } of this.sockets) {
      const dropped = this.limits.look(limiter, now)
      if (dropped > 0) this.add(STAT.LIMITED, dropped)
    }
  }

  private pollAll(): void {
    const { sockets, pollfds } = this
    if (this.syscalls.ppoll(pollfds, sockets.length, this.timeout) <= 0) return
    for (let i = 0; i < sockets.length; i++) {
      // An error that waits at the socket is taken away by receiving.
      if (pollfds[8 * i + 6] !== 0) this.serve(sockets[i] as Socket, C.MSG_DONTWAIT)
    }
  }

  /** One batch. Returns how many datagrams it had. */
  private serve(socket: Socket, flags: number): number {
    const { batch } = this
    const received = batch.receive(socket.descriptor, flags)
    if (received <= 0) {
      if (received < 0) this.checkError()
      return 0
    }
    const started = performance.now()
    socket.limiter.take(batch, received)
    const answered = this.answerAll(socket, received, started + this.offset)
    batch.send(socket.descriptor)
    batch.reset(received)
    this.ring()
    this.account(received, answered, performance.now() - started)
    return received
  }

  private answerAll(socket: Socket, received: number, now: number): number {
    const { reader } = this
    const { control, listeners } = this.data.memory
    this.sampler.turn(control[CONTROL.SAMPLE] as number, now)
    reader?.enter()
    reader?.useScope(Atomics.load(listeners, socket.listener * LISTENER.WORDS + LISTENER.SCOPE))
    let answered = 0
    for (let slot = 0; slot < received; slot++) {
      try {
        if (this.answer(socket, slot, now)) answered++
      } catch (error) {
        // The thread ends over it, but not before the batch has been dealt with; the chain answers this one.
        this.failure = error
        this.miss(socket, slot, now)
      }
    }
    reader?.leave()
    return answered
  }

  private answer(socket: Socket, slot: number, now: number): boolean {
    const { batch, reader } = this
    if (!batch.hasPort(slot)) {
      this.add(STAT.NO_PORT, 1)
      return false
    }
    if (this.mayThrow()) throw new Error('thrown on purpose')
    const column = batch.isIpv6(slot) ? 1 : 0
    const at = batch.packetAt(slot)
    const octets =
      reader === undefined
        ? 0
        : reader.answer(batch.bytes, at, batch.octets(slot), PACKET_OCTETS, column, now)
    if (octets === 0) {
      this.miss(socket, slot, now)
      return false
    }
    const weight = this.sampler.weigh()
    if ((reader as Reader).lastObserved || weight > 0) {
      this.observe(socket, slot, octets, weight, now)
    }
    batch.queue(slot, octets)
    return true
  }

  private miss(socket: Socket, slot: number, now: number): void {
    const queued = writeMiss(this.misses, socket.listener, this.batch, slot, now)
    socket.limiter.miss(this.batch, slot, !queued)
    this.urgent = true
    this.add(queued ? STAT.MISSED : STAT.OVERFLOWED, 1)
  }

  /** One that must be told waits for room: then the kernel's queue is what grows. */
  private observe(socket: Socket, slot: number, octets: number, weight: number, now: number): void {
    const { batch, observations } = this
    const { question, lastId, lastObserved } = this.reader as Reader
    const microseconds = (performance.now() + this.offset - now) * 1000
    if (lastObserved) this.urgent = true
    const write = () =>
      writeObservation(
        observations,
        socket.listener,
        batch,
        slot,
        question,
        lastId,
        lastObserved,
        weight,
        octets,
        microseconds,
      )
    while (!write() && lastObserved && !this.isStopping()) {
      this.ring()
      observations.waitForRoom(WAIT_MS)
    }
  }

  private isStopping(): boolean {
    return Atomics.load(this.data.memory.control, CONTROL.STOP) !== 0
  }

  private mayThrow(): boolean {
    const { control } = this.data.memory
    if (control[CONTROL.THROW] !== this.data.number + 1) return false
    Atomics.store(control, CONTROL.THROW, 0)
    return true
  }

  /** Shows the control thread what was queued, and wakes it if it waits; a sample waits until it comes by. */
  private ring(): void {
    const { control } = this.data.memory
    this.misses.commit()
    this.observations.commit()
    if (!this.urgent) return
    this.urgent = false
    ring(control)
  }

  /** Nothing to read, or a signal: ordinary. An error of an earlier answer, reported here, is no concern of the next query. */
  private checkError(): void {
    const errno = this.syscalls.errno()
    if (errno === C.ENOSYS || errno === C.EPERM || errno === EBADF) {
      throw systemError('recvmmsg', errno)
    }
  }

  private account(received: number, answered: number, milliseconds: number): void {
    const { memory, table, number } = this.data
    const { stats } = memory
    this.add(STAT.RECEIVED, received)
    this.add(STAT.ANSWERED, answered)
    this.add(STAT.BATCHES, 1)
    this.add(STAT.BUSY, milliseconds)
    stats[this.stat + STAT.UNSENT] = this.batch.unsent
    if (table === undefined || answered === 0) return
    const { busy } = table
    const share = (milliseconds * answered) / received
    busy[2 * number] = (busy[2 * number] as number) + share
    busy[2 * number + 1] = (busy[2 * number + 1] as number) + answered
  }

  private add(stat: number, count: number): void {
    const { stats } = this.data.memory
    stats[this.stat + stat] = (stats[this.stat + stat] as number) + count
  }
}

const EBADF = 9

/** struct pollfd: descriptor, events, what happened. */
function pollfds(sockets: readonly Socket[]): Uint8Array {
  const memory = new Uint8Array(8 * sockets.length)
  const view = new DataView(memory.buffer)
  sockets.forEach(({ descriptor }, i) => {
    view.setInt32(8 * i, descriptor, true)
    view.setInt16(8 * i + 4, C.POLLIN, true)
  })
  return memory
}
