import type { Family, Gauge, Registry } from '../../admin/metrics.ts'
import type { Shared } from '../setup.ts'

/** The metric that tells which plugins there are: a configuration that takes over from another keeps the series that both have. */
export class EnabledPlugins implements Shared {
  private readonly family: Family<Gauge>
  private readonly users = new Map<string, number>()

  constructor(metrics: Registry) {
    this.family = metrics.gauge(
      'coredns_plugin_enabled',
      'Always 1; the labels tell which plugins a server block has.',
      ['server', 'zone', 'view', 'name'],
    )
  }

  /** Shows these series, each a list of label values; returns what takes them away. */
  add(series: readonly (readonly string[])[]): () => void {
    for (const labels of series) {
      this.family.labels(...labels).set(1)
      this.users.set(key(labels), (this.users.get(key(labels)) ?? 0) + 1)
    }
    return () => {
      for (const labels of series) this.release(labels)
    }
  }

  close(): void {
    this.users.clear()
  }

  private release(labels: readonly string[]): void {
    const left = (this.users.get(key(labels)) ?? 1) - 1
    this.users.set(key(labels), left)
    if (left > 0) return
    this.users.delete(key(labels))
    this.family.remove(...labels)
  }
}

const key = (labels: readonly string[]): string => labels.join('\0')
