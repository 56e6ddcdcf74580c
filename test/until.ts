/** For a machine that has other things to do. */
const PATIENCE_MS = 120_000

/** Waits until something holds, looking every few milliseconds. @throws Error where it does not come to that */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const ends = performance.now() + PATIENCE_MS; !(await holds()); ) {
    if (performance.now() > ends) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${holds}`)
    await new Promise((later) => setTimeout(later, 5))
  }
}
