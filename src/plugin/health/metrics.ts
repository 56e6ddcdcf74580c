import type { Counter, Histogram, Registry } from '../../admin/metrics.ts'

/** Seconds: whether the answer was quick, slow or very slow is all that is of interest. */
export const SLIM_TIME_BUCKETS = [0.00025, 0.0025, 0.025, 0.25, 2.5] as const

/** The metrics of plugin health; they are there with 0 even when the plugin is not used. */
export function healthMetrics(metrics: Registry): { duration: Histogram; failures: Counter } {
  const duration = metrics.histogram(
    'coredns_health_request_duration_seconds',
    'Time that the health page took to answer its own requests, in seconds.',
    [],
    SLIM_TIME_BUCKETS,
  )
  const failures = metrics.counter(
    'coredns_health_request_failures_total',
    'Requests of the health page to itself that failed.',
  )
  return { duration: duration.labels(), failures: failures.labels() }
}
