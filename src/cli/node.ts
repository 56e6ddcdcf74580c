/** What Muster's code is written for; bin/muster.cjs, which any Node can read, has it too. */
const LEAST_MAJOR = 24

/** What to say to whoever starts it with a Node that is too old; undefined where it is not. */
export function nodeComplaint(version: string): string | undefined {
  if (Number(version.split('.')[0]) >= LEAST_MAJOR) return undefined
  return `muster needs Node ${LEAST_MAJOR} or newer, and this is Node ${version}: run it as "npx muster" in its folder (the npm package "node" there brings the right one), or put a newer Node first in PATH.`
}
