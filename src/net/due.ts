/**
 * Calls back when so many milliseconds have passed, and what the kernel held at that moment has been read: a process that was held up finds its timers due before
 * it reads its sockets, and what came in time must not be late for it.
 *
 * @returns calls it off
 */
export function whenDue(milliseconds: number, call: () => void): () => void {
  let off = false
  const timer = setTimeout(() => {
    afterReading(() => {
      if (!off) call()
    })
  }, milliseconds)
  return () => {
    off = true
    clearTimeout(timer)
  }
}

/** To be called by a timer: the event loop reads its sockets after its timers, and before this. */
export const afterReading = (call: () => void): void => void setImmediate(call)
