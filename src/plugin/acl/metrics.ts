import type { Counter, Family, Registry } from '../../admin/metrics.ts'

/** Counters of plugin acl: by action, with the zone of the rule that decided; queries let through without one. */
export interface AclMetrics {
  readonly block: Family<Counter>
  readonly filter: Family<Counter>
  readonly drop: Family<Counter>
  readonly allowed: Family<Counter>
}

export function aclMetrics(metrics: Registry): AclMetrics {
  const counter = (word: string, help: string, labels: readonly string[]) =>
    metrics.counter(`coredns_acl_${word}_requests_total`, help, labels)
  const zone = ['server', 'zone', 'view']
  return {
    block: counter('blocked', 'Queries refused.', zone),
    filter: counter('filtered', 'Queries answered with nothing.', zone),
    drop: counter('dropped', 'Queries not answered.', zone),
    allowed: counter('allowed', 'Queries let through.', ['server', 'view']),
  }
}
