import type { Counter, Gauge, Registry } from '../../admin/metrics.ts'

/** What one cache counts for one listener. */
export interface Series {
  readonly requests: Counter
  readonly misses: Counter
  readonly prefetches: Counter
  readonly drops: Counter
  readonly servedStale: Counter
  readonly success: OfType
  readonly denial: OfType
}

export interface OfType {
  readonly entries: Gauge
  readonly hits: Counter
  readonly evictions: Counter
}

/** The series of one cache: made for each listener that its queries come from. */
export class CacheMetrics {
  private readonly byServer = new Map<string, Series>()
  private readonly registry: Registry
  private readonly zones: string
  private readonly view: () => string

  /**
   * @param zones value of the label `zones`
   * @param view value of the label `view`, known once the block is set up
   */
  constructor(registry: Registry, zones: string, view: () => string) {
    this.registry = registry
    this.zones = zones
    this.view = view
  }

  of(server: string): Series {
    let series = this.byServer.get(server)
    if (series === undefined) {
      series = this.create(server)
      this.byServer.set(server, series)
    }
    return series
  }

  private create(server: string): Series {
    const plain = (name: string, help: string) =>
      this.registry
        .counter(`coredns_cache_${name}_total`, help, ['server', 'zones', 'view'])
        .labels(server, this.zones, this.view())
    return {
      requests: plain('requests', 'Queries that came to the cache.'),
      misses: plain('misses', 'Queries that found nothing in the cache.'),
      prefetches: plain('prefetch', 'Items asked for again in the background.'),
      drops: plain('drops', 'Replies not kept because they were to another question.'),
      servedStale: plain('served_stale', 'Replies given from items that were over.'),
      success: this.ofType(server, 'success'),
      denial: this.ofType(server, 'denial'),
    }
  }

  private ofType(server: string, type: 'success' | 'denial'): OfType {
    const labels = ['server', 'type', 'zones', 'view']
    const values = [server, type, this.zones, this.view()]
    const counter = (name: string, help: string) =>
      this.registry.counter(`coredns_cache_${name}_total`, help, labels)
    const entries = this.registry.gauge('coredns_cache_entries', 'Items in the cache.', labels)
    return {
      entries: entries.labels(...values),
      hits: counter('hits', 'Queries answered from the cache.').labels(...values),
      evictions: counter('evictions', 'Items that had to go for others.').labels(...values),
    }
  }
}
