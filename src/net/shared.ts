import type { Shared } from '../table/layout.ts'
import { ringMemory } from './ring.ts'
import { MAX_LIMITED } from './source-filter.ts'

/** Listening addresses at a time. */
export const MAX_LISTENERS = 64
/** Data threads at most. */
export const MAX_THREADS = 32
/** Octets of the queue from one data thread to the control thread: some 1,500 queries. */
export const MISS_RING_OCTETS = 256 << 10
/** Octets of the queue of observations of one data thread. */
export const OBSERVATION_RING_OCTETS = 256 << 10

/** Words that all threads look at. */
export const CONTROL = {
  /** Not 0: threads end at the next batch. */
  STOP: 0,
  /** Moves when a listener is opened or closed. */
  GENERATION: 1,
  /** Moves when a thread has queued something. */
  BELL: 2,
  /** 1 while the control thread waits for the bell. */
  WAITING: 3,
  /** How many answers a second of each thread are told as a sample; 0 for none. */
  SAMPLE: 4,
  /** For tests: the thread whose number + 1 this is throws. */
  THROW: 5,
  WORDS: 16,
} as const

/** Words of a listener: state, the scope that it is answered from, which threads have drained it, then a descriptor for each thread. */
export const LISTENER = {
  STATE: 0,
  SCOPE: 1,
  DRAINED: 2,
  DESCRIPTORS: 4,
  WORDS: 4 + MAX_THREADS,
} as const

export const STATE = { FREE: 0, OPEN: 1, DRAINING: 2 } as const

/** Numbers of a thread, which only it writes. */
export const STAT = {
  RECEIVED: 0,
  ANSWERED: 1,
  MISSED: 2,
  /** Misses that found the queue full. */
  OVERFLOWED: 3,
  /** Datagrams from port 0. */
  NO_PORT: 4,
  UNSENT: 5,
  BATCHES: 6,
  /** Milliseconds from taking a batch to having sent its answers. */
  BUSY: 7,
  /** Datagrams of clients held back, thrown away for the sake of the others. */
  LIMITED: 8,
  WORDS: 16,
} as const

/** Rows of a thread, one for each client that it holds back: four words of the address, datagrams a second, how many of a million are let through. */
export const LIMITS = { ADDRESS: 0, PER_SECOND: 4, PASS: 5, WORDS: 6 } as const

/** Memory that the control thread shares with all data threads. */
export interface PlaneMemory {
  readonly control: Int32Array<SharedArrayBuffer>
  readonly listeners: Int32Array<SharedArrayBuffer>
  /** A row of {@link STAT} for each thread. */
  readonly stats: Float64Array<SharedArrayBuffer>
  /** {@link LIMITS} of each thread; a row whose rate is 0 is nobody's. */
  readonly limits: readonly Uint32Array<SharedArrayBuffer>[]
  readonly misses: readonly SharedArrayBuffer[]
  readonly observations: readonly SharedArrayBuffer[]
}

/** What a data thread is started with. */
export interface ThreadData {
  readonly number: number
  readonly memory: PlaneMemory
  readonly table: Shared | undefined
  /** Milliseconds of the table's clock at zero of the machine's monotonic clock: threads' own clocks begin when they do. */
  readonly clockOffset: number
}

export function planeMemory(threads: number): PlaneMemory {
  const each = (octets: number) => Array.from({ length: threads }, () => ringMemory(octets))
  return {
    control: new Int32Array(new SharedArrayBuffer(CONTROL.WORDS * 4)),
    listeners: new Int32Array(new SharedArrayBuffer(MAX_LISTENERS * LISTENER.WORDS * 4)),
    stats: new Float64Array(new SharedArrayBuffer(threads * STAT.WORDS * 8)),
    limits: Array.from(
      { length: threads },
      () => new Uint32Array(new SharedArrayBuffer(MAX_LIMITED * LIMITS.WORDS * 4)),
    ),
    misses: each(MISS_RING_OCTETS),
    observations: each(OBSERVATION_RING_OCTETS),
  }
}

/** Milliseconds of the machine's monotonic clock less those of this thread's `performance.now()`: constant, and each thread has another. */
export function clockOrigin(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6 - performance.now()
}
