import { readlinkSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

/** madvise(2), the same number on every architecture. */
const MADV_DONTNEED = 4

/** A part of the process's memory. */
export interface Span {
  readonly from: bigint
  readonly octets: number
}

/**
 * Takes the pages of Node's own file out of the process that were needed for its start and are not any more, some 40 MiB: compiler, ICU, snapshot. They stay in the kernel's
 * cache of files, and whichever is used comes back from there in a microsecond or so.
 *
 * @returns undefined where that cannot be done: another system, or no koffi
 */
export function loadRelease(): (() => Promise<void>) | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    const koffi = createRequire(import.meta.url)('koffi')
    const madvise = koffi.load(null).func('int madvise(uintptr_t, size_t, int)') as (
      from: bigint,
      octets: number,
      advice: number,
    ) => number
    const executable = readlinkSync('/proc/self/exe')
    return async () => {
      // Not readable where the process may not be looked into.
      const smaps = await readFile('/proc/self/smaps', 'latin1').catch(() => '')
      for (const { from, octets } of releasable(smaps, executable)) {
        madvise(from, octets, MADV_DONTNEED)
      }
    }
  } catch {
    return undefined
  }
}

/**
 * The mappings whose pages are those of the file and nothing else. What was written since it was mapped, such as relocated addresses, would be lost: a mapping that
 * may be written to, or has a page of its own in memory or in swap, is none. Only of the executable, which nobody unmaps meanwhile.
 *
 * @param smaps /proc/PID/smaps (proc(5))
 */
export function releasable(smaps: string, executable: string): Span[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((mapping) => {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ \d+ +(.*)$/m.exec(mapping)
    if (head === null || head[3] !== executable) return []
    const hasNone = (field: string) => new RegExp(`^${field}: +0 kB$`, 'm').test(mapping)
    if (!hasNone('Anonymous') || !hasNone('Swap')) return []
    const [from, to] = [BigInt(`0x${head[1]}`), BigInt(`0x${head[2]}`)]
    return [{ from, octets: Number(to - from) }]
  })
}
