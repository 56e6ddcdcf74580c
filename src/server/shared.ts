import type { Shared } from '../plugin/setup.ts'

interface Held {
  readonly value: Shared
  users: number
}

/**
 * What outlives a reload: sockets and watches by a key made from their configuration. Each configuration holds what it asked for; what nobody holds
 * any more is closed.
 */
export class SharedPool {
  private readonly held = new Map<string, Held>()

  /** A view of the pool for one configuration, which lets go of all at once. */
  holder(): SharedHolder {
    return new SharedHolder(this)
  }

  acquire<T extends Shared>(key: string, create: () => T): T {
    let held = this.held.get(key)
    if (held === undefined) {
      held = { value: create(), users: 0 }
      this.held.set(key, held)
    }
    held.users++
    return held.value as T
  }

  async release(key: string): Promise<void> {
    const held = this.held.get(key)
    if (held === undefined || --held.users > 0) return
    this.held.delete(key)
    await held.value.close()
  }
}

/** What one configuration holds of a {@link SharedPool}. */
export class SharedHolder {
  private readonly keys = new Set<string>()
  private readonly pool: SharedPool
  private readonly mine = new Map<string, Shared>()

  constructor(pool: SharedPool) {
    this.pool = pool
  }

  get<T extends Shared>(key: string, create: () => T): T {
    const known = this.mine.get(key)
    if (known !== undefined) return known as T
    const value = this.pool.acquire(key, create)
    this.keys.add(key)
    this.mine.set(key, value)
    return value
  }

  async release(): Promise<void> {
    for (const key of this.keys) await this.pool.release(key)
    this.keys.clear()
    this.mine.clear()
  }
}
