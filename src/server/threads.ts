import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { ServerBlock } from '../corefile/parser.ts'

export { MAX_THREADS } from '../net/shared.ts'

/** Data threads that are made without a wish: more sockets than this gain nothing for a cluster's DNS. */
const MAX_DEFAULT_THREADS = 4
/** Octets that a data thread takes. */
const THREAD_OCTETS = 15 << 20
/** Share of the memory limit that data threads may take. */
const MEMORY_SHARE = 1 / 4

/** What bounds a process. */
export interface Limits {
  /** Processors that it may run on. */
  readonly processors: number
  /** Processors' worth of time that its cgroup grants; Infinity without a quota. */
  readonly quota: number
  /** Octets of memory that its cgroup grants; Infinity without a limit. */
  readonly memoryOctets: number
}

/** How many data threads a process with these limits should have, where nobody said: at least one. */
export function countThreads({ processors, quota, memoryOctets }: Limits): number {
  const byMemory = (memoryOctets * MEMORY_SHARE) / THREAD_OCTETS
  const least = Math.min(MAX_DEFAULT_THREADS, processors, Math.ceil(quota), byMemory)
  return Math.max(1, Math.floor(least))
}

/**
 * The limits of this process: affinity, and the files of its cgroup, version 2 or 1.
 *
 * @param read a file's text; throws where there is none
 */
export function readLimits(read: (path: string) => string = readText): Limits {
  const number = (path: string): number => {
    try {
      const value = Number(read(path).trim())
      // Version 1 writes "no limit" as -1 or as a number of octets that no machine has.
      return value > 0 && value < 2 ** 60 ? value : Number.POSITIVE_INFINITY
    } catch {
      return Number.POSITIVE_INFINITY
    }
  }
  const root = '/sys/fs/cgroup'
  return {
    processors: availableParallelism(),
    quota: Math.min(
      quotaOf2(read, `${root}/cpu.max`),
      number(`${root}/cpu/cpu.cfs_quota_us`) / number(`${root}/cpu/cpu.cfs_period_us`) ||
        Number.POSITIVE_INFINITY,
    ),
    memoryOctets: Math.min(
      number(`${root}/memory.max`),
      number(`${root}/memory/memory.limit_in_bytes`),
    ),
  }
}

/** `max 100000`, or microseconds of every so many. */
function quotaOf2(read: (path: string) => string, path: string): number {
  try {
    const [quota, period] = read(path).trim().split(' ').map(Number)
    const processors = (quota ?? Number.NaN) / (period ?? Number.NaN)
    return processors > 0 ? processors : Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

const readText = (path: string) => readFileSync(path, 'utf8')

/** Sockets per address that a `multisocket` of the Corefile asks for; undefined without one, or where it names no number. */
export function socketsWanted(blocks: readonly ServerBlock[]): number | undefined {
  const wanted = blocks.map((block) => Number(block.directives.get('multisocket')?.[1]?.text))
  return wanted.find((sockets) => sockets >= 1 && Number.isInteger(sockets))
}
