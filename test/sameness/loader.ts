import { Worker } from 'node:worker_threads'
import type { LoadOptions, Told } from './load.ts'
import type { Timeline } from './timeline.ts'
import type { Known } from './universe.ts'

/** What a load found. */
export interface Found {
  asked: number
  lost: number
  /** Milliseconds that the slowest answer took. */
  slowest: number
  /** Answers that the store said at no moment between question and answer. */
  readonly wrong: string[]
}

/** A thread that asks, and whose answers are checked here. */
export class Loader {
  readonly found: Found = { asked: 0, lost: 0, slowest: 0, wrong: [] }
  readonly #worker: Worker
  readonly #ended: Promise<void>

  constructor(
    options: Omit<LoadOptions, 'packets'>,
    questions: readonly Known[],
    timeline: Timeline,
  ) {
    const packets = questions.map(({ packet }) => new Uint8Array(packet))
    const workerData: LoadOptions = { ...options, packets }
    this.#worker = new Worker(new URL('./load.ts', import.meta.url), { workerData })
    this.#worker.on('message', (all: readonly Told[]) => {
      for (const one of all) this.#check(one, questions, timeline)
    })
    this.#ended = new Promise((done, fail) => {
      this.#worker.on('exit', () => done())
      this.#worker.on('error', fail)
    })
  }

  async stop(): Promise<Found> {
    this.#worker.postMessage('stop')
    await this.#ended
    return this.found
  }

  #check(
    [question, asked, answered, key]: Told,
    known: readonly Known[],
    timeline: Timeline,
  ): void {
    const { found } = this
    found.asked++
    if (answered === undefined || key === undefined) {
      found.lost++
      return
    }
    found.slowest = Math.max(found.slowest, answered - asked)
    if (timeline.was(question, key, asked, answered)) return
    const { text } = known[question] as Known
    const when = `asked ${asked.toFixed(2)}, answered ${answered.toFixed(2)}`
    found.wrong.push(`${text}: ${key}, ${when}; the store: ${timeline.lately(question)}`)
  }
}
