/**
 * How Node is to be started so that the server stays small. V8 takes the size of its young generation from the command
 * line only: left alone that grows to 48 MiB for a burst of garbage, such as a list of all Services, and stays so.
 * With 2 MiB a half the garbage of a list costs a few collections more, and 20 to 140 MiB less
 * (docs/performance.md).
 */
const SEMI_SPACE_MIB = 2
/** Of glibc's malloc: threads that hardly allocate need no arena each. */
const MALLOC_ARENAS = 1

export interface Launch {
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

/** Node's options and the environment of a process, as `process` has them. */
export interface Started {
  readonly execArgv: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * What to start Node with instead: its options, to stand before the script, and its environment.
 *
 * @returns undefined where Node was started so, or where somebody chose another size
 */
export function relaunch({ execArgv, environment }: Started): Launch | undefined {
  const options = [...execArgv, ...(environment.NODE_OPTIONS ?? '').split(/\s+/)]
  if (options.some((option) => /^--max[-_]semi[-_]space[-_]size/.test(option))) return undefined
  const set: Record<string, string> = { MALLOC_ARENA_MAX: String(MALLOC_ARENAS) }
  for (const [name, value] of Object.entries(environment))
    if (value !== undefined) set[name] = value
  return { args: [`--max-semi-space-size=${SEMI_SPACE_MIB}`, ...execArgv], environment: set }
}
