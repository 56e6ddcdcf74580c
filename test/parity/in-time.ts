import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Recorded times are kept within so many milliseconds, or what came of them counts only where it agrees. */
const HELD_UP_MS = 40
/** Of the clock that measures it. */
const RESOLUTION_MS = 10
/** So often at most it is done again then. */
const ATTEMPTS = 10

/** Does what was recorded with its times, again where it disagrees and the machine has held this thread up. */
export async function inTime<T>(run: () => Promise<T>, agrees: (result: T) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    delay.enable()
    const result = await run()
    delay.disable()
    const heldUp = delay.max / 1e6 > RESOLUTION_MS + HELD_UP_MS
    if (agrees(result) || !heldUp || attempt === ATTEMPTS) return result
  }
}
