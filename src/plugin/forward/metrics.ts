import type { Counter, Family, Histogram, Registry } from '../../admin/metrics.ts'
import { rcodeToText } from '../../wire/codes.ts'

/** From 0.25 ms, doubling: the reference's buckets of times, in seconds. */
const TIME_BUCKETS = Array.from({ length: 16 }, (_, n) => 0.00025 * 2 ** n)
/** Value of the label `proxy_name`. */
const PROXY = 'forward'

/** What all forwards of the process count. */
export class ForwardMetrics {
  readonly healthcheckBroken: Counter
  readonly concurrentRejects: Counter
  private readonly durations: Family<Histogram>
  private readonly failures: Family<Counter>
  private readonly hits: Family<Counter>
  private readonly misses: Family<Counter>

  constructor(registry: Registry) {
    this.healthcheckBroken = registry
      .counter('coredns_forward_healthcheck_broken_total', 'Queries that found all upstreams down.')
      .labels()
    this.concurrentRejects = registry
      .counter(
        'coredns_forward_max_concurrent_rejects_total',
        'Queries refused because max_concurrent others were in flight.',
      )
      .labels()
    this.durations = registry.histogram(
      'coredns_proxy_request_duration_seconds',
      'Time from sending a query upstream to its reply.',
      ['proxy_name', 'to', 'rcode'],
      TIME_BUCKETS,
    )
    this.failures = registry.counter(
      'coredns_proxy_healthcheck_failures_total',
      'Health checks that failed.',
      ['proxy_name', 'to'],
    )
    this.hits = registry.counter(
      'coredns_proxy_conn_cache_hits_total',
      'Queries sent on a connection that was open already.',
      ['proxy_name', 'to', 'proto'],
    )
    this.misses = registry.counter(
      'coredns_proxy_conn_cache_misses_total',
      'Queries that a connection was opened for.',
      ['proxy_name', 'to', 'proto'],
    )
  }

  /** The series of one upstream. */
  to(address: string): UpstreamMetrics {
    const byRcode = new Map<number, Histogram>()
    const all = { replies: 0, seconds: 0 }
    return {
      all,
      duration: (rcode, seconds) => {
        all.replies++
        all.seconds += seconds
        let histogram = byRcode.get(rcode)
        if (histogram === undefined) {
          const label = rcodeToText(rcode).replace(/^RCODE/, '')
          histogram = this.durations.labels(PROXY, address, label)
          byRcode.set(rcode, histogram)
        }
        histogram.observe(seconds)
      },
      healthcheckFailed: () => this.failures.labels(PROXY, address).inc(),
      connection: (proto, reused) =>
        (reused ? this.hits : this.misses).labels(PROXY, address, proto).inc(),
    }
  }
}

export interface UpstreamMetrics {
  /** Replies of all rcodes, and the seconds that they took together. */
  readonly all: { readonly replies: number; readonly seconds: number }
  duration(rcode: number, seconds: number): void
  healthcheckFailed(): void
  connection(proto: string, reused: boolean): void
}
