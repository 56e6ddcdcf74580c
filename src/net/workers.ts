import { Worker } from 'node:worker_threads'
import { type Logger, stackOf } from '../log.ts'
import type { ThreadData } from './shared.ts'

/** A thread that ends by itself is replaced at once; one that does so again and again waits twice as long each time, up to a bound. */
const RESTART_MS = 10
const MAX_RESTART_MS = 5000
/** After so long without an end, the waiting begins anew with {@link RESTART_MS}. */
const SETTLED_MS = 10_000
/** A thread allocates next to nothing. */
const LIMITS = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 32, stackSizeMb: 1 }

export interface WorkersOptions {
  readonly count: number
  readonly log: Pick<Logger, 'error'>
  /** What a thread with this number is started with. */
  readonly data: (number: number) => ThreadData
  /** Told when a thread has ended, whatever the reason, before another takes its place. */
  readonly onEnd: (number: number) => void
}

/** The data threads as workers: started, and replaced when they throw. The sockets are not theirs, so that a successor goes on with what has come since. */
export class Workers {
  /** Threads that ended by themselves and were replaced. */
  replaced = 0

  private readonly options: WorkersOptions
  private readonly running = new Map<number, Worker>()
  private readonly ends = new Map<number, Promise<void>>()
  /** Those that wait to be started again. */
  private readonly restarts = new Map<number, NodeJS.Timeout>()
  private started = false
  private ending = false
  private lastEnd = Number.NEGATIVE_INFINITY
  private restartMs = RESTART_MS

  constructor(options: WorkersOptions) {
    this.options = options
  }

  start(): void {
    if (this.started) return
    this.started = true
    for (let number = 0; number < this.options.count; number++) this.startOne(number)
  }

  /** Has those that wait to be started again started at once: a socket is to be emptied before it closes. */
  startWaiting(): void {
    for (const number of [...this.restarts.keys()]) this.startAgain(number)
  }

  /** Threads that end from now on are not replaced; to be called before they are told to. */
  letEnd(): void {
    this.ending = true
    for (const timer of this.restarts.values()) clearTimeout(timer)
    this.restarts.clear()
  }

  /** Waits until all have ended; those that have not when the time is over are ended. */
  async ended(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((late) => {
      timer = setTimeout(late, timeoutMs)
    })
    await Promise.race([Promise.all(this.ends.values()), timeout])
    clearTimeout(timer)
    await Promise.all([...this.running.values()].map((worker) => worker.terminate()))
  }

  private startOne(number: number): void {
    const script = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js'
    const worker = new Worker(new URL(script, import.meta.url), {
      workerData: this.options.data(number),
      execArgv: [],
      env: {},
      resourceLimits: LIMITS,
    })
    this.running.set(number, worker)
    let failure: unknown
    worker.on('error', (error) => {
      failure = error
    })
    const end = new Promise<void>((done) => {
      worker.once('exit', () => {
        this.running.delete(number)
        this.afterEnd(number, failure)
        done()
      })
    })
    this.ends.set(number, end)
  }

  private afterEnd(number: number, failure: unknown): void {
    this.options.onEnd(number)
    if (this.ending) return
    this.replaced++
    this.options.log.error(`data thread ${number} ended and is replaced: ${stackOf(failure)}`)
    const timer = setTimeout(() => this.startAgain(number), this.restartDelay())
    this.restarts.set(number, timer)
  }

  private startAgain(number: number): void {
    clearTimeout(this.restarts.get(number))
    this.restarts.delete(number)
    this.startOne(number)
  }

  private restartDelay(): number {
    const now = performance.now()
    const settled = now - this.lastEnd > SETTLED_MS
    this.lastEnd = now
    this.restartMs = settled ? RESTART_MS : Math.min(2 * this.restartMs, MAX_RESTART_MS)
    return this.restartMs
  }
}
