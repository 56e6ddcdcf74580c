import type { Counter, Family, Gauge, Registry } from '../../admin/metrics.ts'

/** There with 0 even when the plugin is not used. */
export function failedReloads(metrics: Registry): Counter {
  return metrics
    .counter('coredns_reload_failed_total', 'Changed Corefiles that were refused.')
    .labels()
}

export function versionInfo(metrics: Registry): Family<Gauge> {
  const help = 'Always 1; the labels tell the hash of the configuration that was last taken over.'
  return metrics.gauge('coredns_reload_version_info', help, ['hash', 'value'])
}
