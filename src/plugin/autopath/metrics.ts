import type { Counter, Family, Registry } from '../../admin/metrics.ts'

/** Queries that a search path was walked for with success. */
export function successCounter(metrics: Registry): Family<Counter> {
  return metrics.counter(
    'coredns_autopath_success_total',
    'Counter of requests that did autopath.',
    ['server'],
  )
}
