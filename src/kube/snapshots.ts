import type { Logger } from '../log.ts'
import type { Clock } from './clock.ts'
import type { Interner } from './intern.ts'
import type { MemoryStore } from './memory.ts'
import { loadSnapshot, writeSnapshot } from './snapshot.ts'
import { reasonOf } from './transport.ts'

/** A store that changed is written this often. */
export const SNAPSHOT_INTERVAL_MS = 30_000

/** Keeps a file equal to the store, more or less, and fills the store from it at the start. */
export class Snapshots {
  readonly #file: string
  readonly #source: string
  readonly #store: MemoryStore
  readonly #clock: Clock
  readonly #log: Logger
  #changed = false
  #cancel = (): void => {}
  #unlisten = (): void => {}
  #writing: Promise<void> = Promise.resolve()

  constructor(
    file: string,
    source: string,
    deps: { store: MemoryStore; clock: Clock; log: Logger },
  ) {
    this.#file = file
    this.#source = source
    this.#store = deps.store
    this.#clock = deps.clock
    this.#log = deps.log
  }

  /** @returns when the records in the store were written, undefined where there are none */
  async load(pool: Interner): Promise<number | undefined> {
    const loaded = await loadSnapshot(this.#store, this.#file, this.#source, pool)
    if ('missing' in loaded) return undefined
    if ('refused' in loaded) {
      this.#log.warning(`Not starting from snapshot ${this.#file}: ${loaded.refused}`)
      return undefined
    }
    return loaded.at
  }

  /** Begins to write; only what the server said itself is worth keeping. */
  start(): void {
    this.#changed = true
    this.#unlisten = this.#store.onChange(() => {
      this.#changed = true
    })
    this.#again()
  }

  /** Writes a last time. */
  async stop(): Promise<void> {
    this.#cancel()
    this.#unlisten()
    await this.#writing
    await this.#write()
  }

  #again(): void {
    this.#cancel = this.#clock.after(SNAPSHOT_INTERVAL_MS, () => {
      this.#writing = this.#write().then(() => this.#again())
    })
  }

  async #write(): Promise<void> {
    if (!this.#changed) return
    this.#changed = false
    try {
      const heading = { source: this.#source, at: this.#clock.now() }
      await writeSnapshot(this.#store, this.#file, heading)
    } catch (error) {
      this.#changed = true
      this.#log.error(`Cannot write snapshot ${this.#file}: ${reasonOf(error)}`)
    }
  }
}
