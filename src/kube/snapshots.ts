import { resolve } from 'node:path'
import type { Logger } from '../log.ts'
import type { Clock } from './clock.ts'
import type { Interner } from './intern.ts'
import type { MemoryStore } from './memory.ts'
import { loadSnapshot, writeSnapshot } from './snapshot.ts'
import { reasonOf } from './transport.ts'
import { Trouble } from './trouble.ts'

/** A store that changed is written this often. */
export const SNAPSHOT_INTERVAL_MS = 30_000

/**
 * Who writes which file. A reload has the stores of both configurations for a while: the younger one writes, and if it is
 * given up, the older one again.
 */
const claims = new Map<string, Snapshots[]>()

/** Keeps a file equal to the store, more or less, and fills the store from it at the start. */
export class Snapshots {
  readonly #file: string
  readonly #source: string
  readonly #store: MemoryStore
  readonly #clock: Clock
  readonly #log: Logger
  readonly #trouble: Trouble
  #at: number | undefined
  #changed = false
  #cancel = (): void => {}
  #unlisten = (): void => {}
  #writing: Promise<void> = Promise.resolve()

  /** @param source what the records are of; a file of anything else is refused */
  constructor(
    file: string,
    source: string,
    deps: { store: MemoryStore; clock: Clock; log: Logger },
  ) {
    this.#file = resolve(file)
    this.#source = source
    this.#store = deps.store
    this.#clock = deps.clock
    this.#log = deps.log
    this.#trouble = new Trouble(`write snapshot ${this.#file}`, deps.log, deps.clock)
    claims.set(this.#file, [...(claims.get(this.#file) ?? []), this])
  }

  /** When the file was written, in milliseconds since 1970, by this process or by the one whose records were loaded; undefined without one. */
  get at(): number | undefined {
    return this.#at
  }

  /** @returns when the records in the store were written, undefined where there are none */
  async load(pool: Interner): Promise<number | undefined> {
    const loaded = await loadSnapshot(this.#store, this.#file, this.#source, pool)
    if ('missing' in loaded) return undefined
    if ('refused' in loaded) {
      this.#log.warning(`Not starting from snapshot ${this.#file}: ${loaded.refused}`)
      return undefined
    }
    this.#at = loaded.at
    return loaded.at
  }

  /** Begins to write, at once; only what the server said itself is worth keeping. */
  start(): void {
    this.#changed = true
    this.#unlisten = this.#store.onChange(() => {
      this.#changed = true
    })
    this.#writeAndAgain()
  }

  /** Writes a last time, if it ever began to. */
  async stop(): Promise<void> {
    this.#cancel()
    this.#unlisten()
    await this.#writing
    if (this.#changed && this.#claimed) await this.#write()
    this.#cancel()
    const others = claims.get(this.#file)?.filter((other) => other !== this) ?? []
    if (others.length > 0) claims.set(this.#file, others)
    else claims.delete(this.#file)
  }

  get #claimed(): boolean {
    return claims.get(this.#file)?.at(-1) === this
  }

  #writeAndAgain(): void {
    this.#writing = this.#write().then(() => {
      this.#cancel = this.#clock.after(SNAPSHOT_INTERVAL_MS, () => this.#writeAndAgain())
    })
  }

  async #write(): Promise<void> {
    if (!this.#changed) return
    if (!this.#claimed) {
      const other = 'another kubernetes block writes this file and asks for other objects'
      return this.#trouble.failed(other, SNAPSHOT_INTERVAL_MS)
    }
    this.#changed = false
    const at = this.#clock.now()
    try {
      await writeSnapshot(this.#store, this.#file, { source: this.#source, at })
    } catch (error) {
      this.#changed = true
      return this.#trouble.failed(reasonOf(error), SNAPSHOT_INTERVAL_MS)
    }
    this.#at = at
    this.#trouble.over()
  }
}
