import { collectDefaultMetrics, type Metric, Registry as PromRegistry } from 'prom-client'
import { collectProcessMetrics } from './process.ts'

/** A number that only grows. */
export class Counter {
  value = 0
  inc(by = 1): void {
    this.value += by
  }
}

/** A number that goes up and down. */
export class Gauge {
  value = 0
  set(value: number): void {
    this.value = value
  }
}

/** Observations counted in buckets. */
export class Histogram {
  /** How many fell into each bucket, not cumulative; the last is for those above all bounds. */
  readonly counts: Float64Array
  sum = 0
  private readonly bounds: readonly number[]

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    this.observeMany(value, 1, value)
  }

  /** Counts several observations in the bucket of one value; `sum` is of all together. */
  observeMany(value: number, times: number, sum: number): void {
    const { bounds, counts } = this
    let bucket = 0
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket++
    counts[bucket] = (counts[bucket] as number) + times
    this.sum += sum
  }
}

/** One name with its series, told apart by the values of its labels. */
export class Family<S> {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly series = new Map<string, { readonly labels: readonly string[]; readonly value: S }>()
  private readonly create: () => S

  constructor(name: string, help: string, labelNames: readonly string[], create: () => S) {
    this.name = name
    this.help = help
    this.labelNames = labelNames
    this.create = create
    if (labelNames.length === 0) this.labels()
  }

  /** The series with these label values, in the order of the label names; made when asked for the first time. Keep it where it is used often. */
  labels(...values: readonly string[]): S {
    const key = values.join('\0')
    let series = this.series.get(key)
    if (series === undefined) {
      series = { labels: values, value: this.create() }
      this.series.set(key, series)
    }
    return series.value
  }

  /** Takes a series away; what holds it counts on unseen. */
  remove(...values: readonly string[]): void {
    this.series.delete(values.join('\0'))
  }
}

/** All metrics of the process. Families are asked for by name and made once, so that they outlive reloads. Exposed by prom-client. */
export class Registry {
  private readonly prom = new PromRegistry()
  private readonly families = new Map<string, Family<unknown>>()
  private readonly collectors = new Set<() => void>()
  private withProcess: (() => void) | undefined
  private withRuntime = false

  /** Adds the `process_*` metrics; a second time does nothing. */
  withProcessMetrics(): this {
    this.withProcess ??= collectProcessMetrics(this)
    return this
  }

  /** Adds what prom-client tells of the runtime, `nodejs_*`: event loop, heap, collector. A second time does nothing. */
  withRuntimeMetrics(): this {
    if (this.withRuntime) return this
    this.withRuntime = true
    const all = new PromRegistry()
    collectDefaultMetrics({ register: all })
    for (const { name } of all.getMetricsAsArray()) {
      if (name.startsWith('nodejs_')) this.prom.registerMetric(all.getSingleMetric(name) as Metric)
    }
    return this
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Family<Counter> {
    return this.family(name, help, labelNames, () => new Counter(), 'counter', plainValues)
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Family<Gauge> {
    return this.family(name, help, labelNames, () => new Gauge(), 'gauge', plainValues)
  }

  /** @param bounds upper bounds of the buckets, ascending, without the infinite one */
  histogram(
    name: string,
    help: string,
    labelNames: readonly string[],
    bounds: readonly number[],
  ): Family<Histogram> {
    const values = (family: Family<Histogram>) => histogramValues(family, bounds)
    return this.family(name, help, labelNames, () => new Histogram(bounds), 'histogram', values)
  }

  /** Runs before each exposition: for gauges that are only read then, and for counters kept elsewhere. Returns what takes it away. */
  onCollect(collect: () => void): () => void {
    this.collectors.add(collect)
    return () => void this.collectors.delete(collect)
  }

  /** The text exposition format (version 0.0.4). */
  async expose(): Promise<string> {
    for (const collect of this.collectors) collect()
    return this.prom.metrics()
  }

  /** Media type of {@link expose}. */
  get contentType(): string {
    return this.prom.contentType
  }

  private family<S>(
    name: string,
    help: string,
    labelNames: readonly string[],
    create: () => S,
    type: string,
    values: (family: Family<S>) => unknown[],
  ): Family<S> {
    const known = this.families.get(name)
    if (known !== undefined) return known as Family<S>
    const family = new Family(name, help, labelNames, create)
    this.families.set(name, family as Family<unknown>)
    const get = async () => ({ name, help, type, aggregator: 'sum', values: values(family) })
    this.prom.registerMetric({ name, get } as unknown as Metric)
    return family
  }
}

function labelsOf(family: Family<unknown>, values: readonly string[]): Record<string, string> {
  const labels: Record<string, string> = {}
  family.labelNames.forEach((label, i) => {
    labels[label] = values[i] ?? ''
  })
  return labels
}

function plainValues(family: Family<Counter | Gauge>): unknown[] {
  return [...family.series.values()].map(({ labels, value }) => ({
    labels: labelsOf(family, labels),
    value: value.value,
  }))
}

function histogramValues(family: Family<Histogram>, bounds: readonly number[]): unknown[] {
  const values: unknown[] = []
  for (const { labels, value } of family.series.values()) {
    const named = labelsOf(family, labels)
    let total = 0
    value.counts.forEach((count, i) => {
      total += count
      const le = i < bounds.length ? String(bounds[i]) : '+Inf'
      values.push({ metricName: `${family.name}_bucket`, labels: { le, ...named }, value: total })
    })
    values.push({ metricName: `${family.name}_sum`, labels: named, value: value.sum })
    values.push({ metricName: `${family.name}_count`, labels: named, value: total })
  }
  return values
}
