import { createRequire } from 'node:module'

/**
 * glibc's malloc_trim(3): gives the kernel back what malloc holds and nobody uses, in less than a millisecond. What a list of all
 * Services leaves behind, such as buffers of sockets, would otherwise stay for as long as something lies above it.
 *
 * @returns undefined where there is no such call: another C library, or no koffi
 */
export function loadTrim(): (() => void) | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi')
    const trim = koffi.load(null).func('int malloc_trim(size_t)') as (keep: number) => number
    return () => void trim(0)
  } catch {
    return undefined
  }
}
