import type { Counter, Registry } from '../../admin/metrics.ts'

/** The metric of plugin local; it is there with 0 even when the plugin is not used. */
export function localhostQueries(metrics: Registry): Counter {
  return metrics
    .counter(
      'coredns_local_localhost_requests_total',
      'Queries for names below localhost, or for localhost in another zone.',
    )
    .labels()
}
