import { type OpenStore, openStore, type StoreConfig, type StoreDeps } from './open.ts'

/**
 * Stores by what they watch: several server blocks over the same API, and the old and the new configuration of a reload,
 * share one store and its watches.
 */
export class SharedStores {
  readonly #open = new Map<string, { users: number; store: Promise<OpenStore> }>()

  /**
   * Like {@link openStore}. The store stops when everybody who opened it has stopped it; the logger and the observer
   * are those of whoever was first.
   */
  async open(config: StoreConfig, deps: StoreDeps): Promise<OpenStore> {
    const key = keyOf(config)
    const shared = this.#open.get(key) ?? { users: 0, store: openStore(config, deps) }
    this.#open.set(key, shared)
    shared.users++
    let left = false
    const leave = (): boolean => {
      if (left) return false
      left = true
      if (--shared.users > 0) return false
      // Whoever opens it from now on gets a new one.
      if (this.#open.get(key) === shared) this.#open.delete(key)
      return true
    }
    try {
      const store = await shared.store
      return { ...store, stop: async () => (leave() ? store.stop() : undefined) }
    } catch (error) {
      leave()
      throw error
    }
  }
}

/** The same for configurations that watch the same things in the same place, however their fields are ordered. */
function keyOf(config: StoreConfig): string {
  const { environment: _environment, ...rest } = config
  const entries = Object.entries(rest).filter(([, value]) => value !== undefined)
  return JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
