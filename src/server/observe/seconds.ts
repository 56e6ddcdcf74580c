import { type Latency, MAX_SECONDS, type Snapshot } from '../../plugin/observe.ts'
import { outcomeToText } from './outcome.ts'

/** Two buckets to each doubling, from a microsecond to 47 seconds. */
export const BUCKETS = 52

/** What is counted between two ticks. */
class Second {
  hits = 0
  misses = 0
  udp = 0
  tcp = 0
  /** Queries that were looked at for the tables. */
  looked = 0
  /** How long it was. */
  seconds = 0
  readonly outcomes = new Map<number, number>()
  readonly hitTimes = new Float64Array(BUCKETS)
  readonly missTimes = new Float64Array(BUCKETS)
}

type Counts = Pick<
  Snapshot,
  | 'interval'
  | 'sampledOneIn'
  | 'queries'
  | 'outcomes'
  | 'transports'
  | 'hits'
  | 'misses'
  | 'latency'
>

/** Queries counted second by second, {@link MAX_SECONDS} of them at most. */
export class Seconds {
  private now = new Second()
  /** The latest first. */
  private readonly past: Second[] = []
  private tickedAt: number

  /** @param at milliseconds of the monotonic clock */
  constructor(at: number) {
    this.tickedAt = at
  }

  count(kind: 'hits' | 'misses', outcome: number, proto: 'udp' | 'tcp', times: number): void {
    const { now } = this
    now[kind] += times
    now[proto] += times
    now.outcomes.set(outcome, (now.outcomes.get(outcome) ?? 0) + times)
  }

  time(kind: 'hits' | 'misses', seconds: number, times: number): void {
    const buckets = kind === 'hits' ? this.now.hitTimes : this.now.missTimes
    const bucket = bucketOf(seconds)
    buckets[bucket] = (buckets[bucket] as number) + times
  }

  /** One more was looked at for the tables. */
  looked(): void {
    this.now.looked++
  }

  /** The second that is being counted has passed. */
  tick(at: number): void {
    this.now.seconds = (at - this.tickedAt) / 1000
    this.tickedAt = at
    this.past.unshift(this.now)
    this.now = new Second()
    if (this.past.length > MAX_SECONDS) this.past.pop()
  }

  /** The latest of them together. */
  sum(seconds: number): Counts {
    const latest = this.past.slice(0, Math.max(1, seconds))
    const sum = (of: 'hits' | 'misses' | 'udp' | 'tcp' | 'looked' | 'seconds') =>
      latest.reduce((total, second) => total + second[of], 0)
    const hits = buckets(latest.map(({ hitTimes }) => hitTimes))
    const misses = buckets(latest.map(({ missTimes }) => missTimes))
    const queries = sum('hits') + sum('misses')
    return {
      interval: sum('seconds'),
      sampledOneIn: Math.max(1, Math.round(queries / Math.max(1, sum('looked')))),
      queries,
      outcomes: outcomesOf(latest),
      transports: { udp: sum('udp'), tcp: sum('tcp') },
      hits: sum('hits'),
      misses: sum('misses'),
      latency: {
        all: latencyOf(buckets([hits, misses])),
        hits: latencyOf(hits),
        misses: latencyOf(misses),
      },
    }
  }
}

function outcomesOf(seconds: readonly Second[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const { outcomes } of seconds) {
    for (const [outcome, times] of outcomes) {
      const word = outcomeToText(outcome)
      sums[word] = (sums[word] ?? 0) + times
    }
  }
  return sums
}

function bucketOf(seconds: number): number {
  const bucket = Math.ceil(2 * Math.log2(seconds * 1e6))
  return bucket > 0 ? Math.min(bucket, BUCKETS - 1) : 0
}

const bound = (bucket: number): number => 2 ** (bucket / 2) / 1e6

function buckets(several: readonly Float64Array[]): Float64Array {
  const sums = new Float64Array(BUCKETS)
  for (const one of several)
    for (let i = 0; i < BUCKETS; i++) sums[i] = (sums[i] as number) + (one[i] as number)
  return sums
}

function latencyOf(counts: Float64Array): Latency {
  const count = counts.reduce((sum, one) => sum + one, 0)
  const found = Array.from(counts, (times, bucket) => ({ le: bound(bucket), count: times }))
  return {
    count,
    p50: quantile(counts, count * 0.5),
    p99: quantile(counts, count * 0.99),
    buckets: found.filter((bucket) => bucket.count > 0),
  }
}

function quantile(counts: Float64Array, rank: number): number {
  if (rank === 0) return 0
  let below = 0
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    below += counts[bucket] as number
    if (below >= rank) return bound(bucket)
  }
  return bound(BUCKETS - 1)
}
