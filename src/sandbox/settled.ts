import type { Cluster } from './cluster.ts'

/** Turns of the event loop without a change: a controller works on a change in the turn after it. */
const QUIET_TURNS = 3

/** Resolves when the cluster's controllers have nothing left to do but wait for time to pass. */
export async function settled({ storage }: Cluster): Promise<void> {
  let before = -1
  for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (storage.revision !== before) quiet = 0
    before = storage.revision
  }
}
