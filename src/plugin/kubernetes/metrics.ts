import type { Registry } from '../../admin/metrics.ts'
import type { Observer } from '../../kube/observer.ts'

/** Upper bounds in seconds: 0.001 doubled nineteen times. */
const PROGRAMMING_BUCKETS = Array.from({ length: 20 }, (_, i) => 0.001 * 2 ** i)
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** Counts what the watches tell, under the reference's names; what is ours alone begins with `muster_`. */
export function observerOf(metrics: Registry): Observer {
  const programming = metrics.histogram(
    'coredns_kubernetes_dns_programming_duration_seconds',
    'Histogram of the time (in seconds) it took to program a dns instance.',
    ['service_kind'],
    PROGRAMMING_BUCKETS,
  )
  const duration = metrics.histogram(
    'coredns_kubernetes_rest_client_request_duration_seconds',
    'Request latency in seconds. Broken down by verb and host.',
    ['verb', 'host'],
    REQUEST_BUCKETS,
  )
  const requests = metrics.counter(
    'coredns_kubernetes_rest_client_requests_total',
    'Number of HTTP requests, partitioned by status code, method, and host.',
    ['code', 'method', 'host'],
  )
  const resyncs = metrics.counter(
    'muster_kubernetes_resyncs_total',
    'Complete lists of a resource, by the reason for them.',
    ['resource', 'reason'],
  )
  const repairs = metrics.counter(
    'muster_kubernetes_repaired_records_total',
    'Records that a watch had lost and that a later list put right.',
    ['resource'],
  )
  const silences = metrics.counter(
    'muster_kubernetes_silent_connections_total',
    'Connections to the API that had gone silent and were given up.',
    ['resource'],
  )
  return {
    latency: (kind, seconds) => programming.labels(kind).observe(seconds),
    request({ method, host, code, seconds, watch }) {
      const label = validText(host)
      requests.labels(code, method, label).inc()
      if (!watch) duration.labels(method, label).observe(seconds)
    },
    resync: (resource, reason) => resyncs.labels(resource, reason).inc(),
    repaired: (resource, count) => repairs.labels(resource).inc(count),
    silence: (resource) => silences.labels(resource).inc(),
  }
}

/** Without lone surrogates, which no UTF-8 holds. */
function validText(text: string): string {
  return text.toWellFormed()
}
