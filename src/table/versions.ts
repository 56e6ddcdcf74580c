/** Slots of the version counters; a power of two. Keys that share a slot make a reply die once too often, never too late. */
export const VERSION_SLOTS = 1 << 16

/** Version counters in shared memory, one a slot of a hash over the keys. What a reply was made from is dead as soon as a counter moves, for all readers. */
export class TableVersions {
  readonly counters: Int32Array<SharedArrayBuffer>

  constructor(slots = VERSION_SLOTS) {
    this.counters = new Int32Array(new SharedArrayBuffer(slots * Int32Array.BYTES_PER_ELEMENT))
  }

  slot(key: string): number {
    let hash = 0x811c9dc5 | 0
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
    hash ^= hash >>> 15
    return hash & (this.counters.length - 1)
  }

  read(slot: number): number {
    return Atomics.load(this.counters, slot)
  }

  bump(keys: Iterable<string>): void {
    for (const key of keys) Atomics.add(this.counters, this.slot(key), 1)
  }

  whole(store: string): number {
    return this.slot(`whole:${store}`)
  }
}
