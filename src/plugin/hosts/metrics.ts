import type { Registry } from '../../admin/metrics.ts'

/** The metrics of one hosts file; what it returns is told of each reading. */
export function hostsMetrics(
  metrics: Registry,
  path: string,
  inline: number,
): (entries: number, changed: number) => void {
  const entries = metrics
    .gauge('coredns_hosts_entries', 'Entries of the hosts file and of the Corefile.', ['hostsfile'])
    .labels(path)
  const read = metrics.gauge(
    'coredns_hosts_reload_timestamp_seconds',
    'When the hosts file was last read.',
  )
  return (fromFile, changed) => {
    entries.set(fromFile + inline)
    read.labels().set(changed)
  }
}
