import { setTimeout as sleep } from 'node:timers/promises'
import type { Rig } from './rig.ts'

/** Families that are of the process, or of time. */
const OTHER =
  /^(process_|nodejs_|go_|muster_|coredns_build|coredns_reload|coredns_kubernetes_|coredns_forward_|coredns_proxy_|coredns_health)/
/** Times; only how many there were is the same. */
const TIMES = /_seconds_(bucket|sum)|_timestamp_/
/** Sizes that are told many at a time, of names of several lengths: their sum is exact. */
const MIXED_SIZES = /_bytes_bucket/

/**
 * Counters of a server, by name and labels: those that must not depend on whether it has a table.
 *
 * @param buckets whether what shared an answer had one size
 */
export async function countsOf(rig: Rig, buckets = false): Promise<Map<string, string>> {
  const counts = new Map<string, string>()
  for (const line of (await rig.metrics()).split('\n')) {
    if (line === '' || line.startsWith('#') || OTHER.test(line) || TIMES.test(line)) continue
    if (!buckets && MIXED_SIZES.test(line)) continue
    const space = line.lastIndexOf(' ')
    counts.set(line.slice(0, space), line.slice(space + 1))
  }
  return counts
}

/** What clients were told, whoever said it: the same even where an answer that was kept was over for one server, and not yet for the other. */
export function toldOf(counts: ReadonlyMap<string, string>): Map<string, string> {
  const told = new Map<string, string>()
  for (const [key, count] of counts) {
    if (!key.startsWith('coredns_dns_')) continue
    const plain = key.replace(/,plugin="[^"]*"/, '')
    told.set(plain, String(Number(told.get(plain) ?? 0) + Number(count)))
  }
  return told
}

/** Said by a server whose start took long. */
const SLOW_START = /waiting for Kubernetes API before starting server/

/** Lines of the log, each with how often it came: without ids, clients' ports and durations. */
export function linesOf(rig: Rig): (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const line of rig.log) {
    if (SLOW_START.test(line)) continue
    const plain = rig
      .placed(line)
      .replace(/^(\[\w+\] \S+?):\d+ - \d+ /, '$1:PORT - ID ')
      .replace(/ [\d.e-]+s\n$/, ' TIME')
    counts.set(plain, (counts.get(plain) ?? 0) + 1)
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Waits until the log has as many lines, or for twenty seconds. */
export async function logged(rig: Rig, lines: number): Promise<void> {
  for (let i = 0; i < 2000 && rig.log.length < lines; i++) await sleep(10)
}
