import { loadRelease } from '../net/release.ts'
import { loadTrim } from '../net/trim.ts'

/** How often memory that is free is given back. */
export const TRIM_MS = 10_000
/** How often pages of Node's file that are not used are: a little after the start, and then again. */
export const RELEASE_MS = 600_000

/** Gives memory that is free, and what the start needed, back to the machine from now on, where that can be done. Keeps no process alive. */
export function giveMemoryBack(): void {
  const trim = loadTrim()
  if (trim !== undefined) setInterval(trim, TRIM_MS).unref()
  const release = loadRelease()
  if (release === undefined) return
  setTimeout(release, TRIM_MS).unref()
  setInterval(release, RELEASE_MS).unref()
}
