import type { Store } from '../../src/kube/store.ts'
import type { Server } from '../../src/server.ts'
import type { Known } from './universe.ts'

/** Milliseconds of a clock that all threads share. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6

/** Answers that were right, each until the time that stands with the next one. */
interface Moment {
  readonly from: number
  readonly key: string
}

/** What the store said to each question, and from when on. */
export class Timeline {
  readonly #store: Store
  readonly #questions: readonly Known[]
  readonly #moments: Moment[][]
  readonly #forget: () => void
  changes = 0

  constructor(store: Store, questions: readonly Known[]) {
    this.#store = store
    this.#questions = questions
    this.#moments = questions.map((question) => [{ from: 0, key: question.expected(store) }])
    this.#forget = store.onChange(() => this.#note())
  }

  /** Whether the store said this at some moment of the time. */
  was(question: number, key: string, from: number, to: number): boolean {
    const moments = this.#moments[question] as Moment[]
    for (let i = moments.length - 1; i >= 0; i--) {
      const moment = moments[i] as Moment
      if (moment.from <= to && moment.key === key) return true
      if (moment.from < from) return false
    }
    return false
  }

  /** What the store said lately, for messages. */
  lately(question: number): string {
    const last = (this.#moments[question] as Moment[]).slice(-4)
    return last.map(({ from, key }) => `${from.toFixed(2)}: ${key}`).join(', ')
  }

  /** Forgets what was before a time. */
  trim(before: number): void {
    for (const moments of this.#moments) {
      while (moments.length > 1 && (moments[1] as Moment).from < before) moments.shift()
    }
  }

  close(): void {
    this.#forget()
  }

  /** The server listens since before this did: from now on data threads must not say what was. */
  #note(): void {
    const from = clock()
    this.changes++
    this.#questions.forEach((question, i) => {
      const moments = this.#moments[i] as Moment[]
      const key = question.expected(this.#store)
      if (key !== moments.at(-1)?.key) moments.push({ from, key })
    })
  }
}

/** The store of the server's only cluster. */
export async function storeOf(server: Server): Promise<Store> {
  const { shared } = server as unknown as {
    shared: { held: Map<string, { value: { store?(): Promise<Store> } }> }
  }
  for (const { value } of shared.held.values()) {
    const store = await value.store?.()
    if (store !== undefined) return store
  }
  throw new Error('no store')
}
