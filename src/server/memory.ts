import { loadTrim } from '../net/trim.ts'

/** How often memory that is free is given back. */
export const TRIM_MS = 10_000

/** Gives memory that is free back to the machine from now on, where that can be done. Keeps no process alive. */
export function giveMemoryBack(): void {
  const trim = loadTrim()
  if (trim !== undefined) setInterval(trim, TRIM_MS).unref()
}
