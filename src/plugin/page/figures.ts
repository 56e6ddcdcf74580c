import type { Snapshot } from '../observe.ts'
import type { Plugin } from '../plugin.ts'
import type { Shared } from '../setup.ts'
import type { ClusterStanding, UpstreamStanding, WatchStanding } from '../standing.ts'

/** Seconds that the charts go back: one sample each. */
export const HISTORY_SECONDS = 300
/** Seconds of silence after which a watch is late: in health each brings a sign of life within 35. */
export const LATE_SECONDS = 45
/** Rows of each top table. */
export const MAX_ROWS = 10

/** One second: what was answered, how long that took, which share was repeated, and how busy the busiest thread is. */
export interface Sample {
  readonly noerror: number
  readonly nodata: number
  readonly nxdomain: number
  readonly servfail: number
  readonly other: number
  /** Seconds that half of the answers stay under, and 99 of 100; null where nothing was answered. */
  readonly half: number | null
  readonly most: number | null
  /** Of one; null where nothing was asked. */
  readonly hits: number | null
  readonly busy: number
}

/** A cluster, and how its watches do. */
export interface Cluster extends Omit<ClusterStanding, 'watches'> {
  readonly watches: readonly (WatchStanding & { readonly state: 'fresh' | 'late' | 'waiting' })[]
}

/** An upstream, and what it did in the last second. */
export interface UpstreamFigures extends Omit<UpstreamStanding, 'replies' | 'seconds'> {
  /** Replies a second. */
  readonly rate: number
  /** Mean time of a reply in seconds; null where there was none. */
  readonly mean: number | null
}

/** The top tables. */
export type Tops = Pick<
  Snapshot,
  'topClients' | 'topNames' | 'topFailing' | 'topSeconds' | 'sampledOneIn'
>

/** What viewers are told each second. */
export interface Figures {
  readonly sample: Sample
  readonly clusters: readonly Cluster[]
  readonly upstreams: readonly UpstreamFigures[]
  readonly tops: Tops
}

/** What a viewer is told first. */
export interface Hello {
  readonly hostname: string
  readonly version: string
  readonly seconds: number
  readonly history: readonly Sample[]
}

/** The samples of the last minutes, oldest first; a configuration hands them to the next. */
export class History implements Shared {
  readonly samples: Sample[] = []
  private second = 0

  /** @param at milliseconds since 1970; a second that is there already, from a page beside this one, is not added again */
  add(sample: Sample, at: number): void {
    const second = Math.round(at / 1000)
    if (second === this.second) return
    this.second = second
    this.samples.push(sample)
    if (this.samples.length > HISTORY_SECONDS) this.samples.shift()
  }

  close(): void {
    this.samples.length = 0
  }
}

export function sampleOf(
  { interval, outcomes, queries, hits, latency }: Snapshot,
  busy: number,
): Sample {
  // A second is never quite one.
  const seconds = Math.max(1, Math.round(interval))
  const rate = (outcome: string) => (outcomes[outcome] ?? 0) / seconds
  const [noerror, nodata] = [rate('NOERROR'), rate('NODATA')]
  const [nxdomain, servfail] = [rate('NXDOMAIN'), rate('SERVFAIL')]
  const all = Object.keys(outcomes).reduce((sum, outcome) => sum + rate(outcome), 0)
  const { count, p50, p99 } = latency.all
  return {
    noerror,
    nodata,
    nxdomain,
    servfail,
    other: Math.max(0, all - noerror - nodata - nxdomain - servfail),
    half: count === 0 ? null : rounded(p50),
    most: count === 0 ? null : rounded(p99),
    hits: queries === 0 ? null : rounded(hits / queries),
    busy: rounded(busy),
  }
}

/** Three digits: no one sees more, and each is sent to each viewer three hundred times. */
const rounded = (number: number) => Number(number.toPrecision(3))

export function topsOf(snapshot: Snapshot): Tops {
  const { topClients, topNames, topFailing, topSeconds, sampledOneIn } = snapshot
  return {
    topClients: topClients.slice(0, MAX_ROWS),
    topNames: topNames.slice(0, MAX_ROWS),
    topFailing: topFailing.slice(0, MAX_ROWS),
    topSeconds,
    sampledOneIn,
  }
}

/** Each cluster once, however many blocks share its store. */
export function clustersOf(plugins: readonly Plugin[]): Cluster[] {
  const byId = new Map<string, Cluster>()
  for (const { cluster } of standings(plugins)) {
    if (cluster === undefined) continue
    const watches = cluster.watches.map((watch) => ({ ...watch, state: stateOf(watch, cluster) }))
    byId.set(cluster.id, { ...cluster, watches })
  }
  return [...byId.values()]
}

function stateOf(
  { silentSeconds }: WatchStanding,
  { source }: ClusterStanding,
): 'fresh' | 'late' | 'waiting' {
  if (source !== 'api' || silentSeconds === undefined) return 'waiting'
  return silentSeconds > LATE_SECONDS ? 'late' : 'fresh'
}

/** Figures of all upstreams; one address is one row, in its worst state. */
export class UpstreamRates {
  private last = new Map<string, UpstreamStanding>()
  private at = Number.NaN

  /** @param now milliseconds of the monotonic clock */
  take(plugins: readonly Plugin[], now: number): UpstreamFigures[] {
    const seconds = (now - this.at) / 1000 || 1
    const current = new Map<string, UpstreamStanding>()
    for (const { upstreams = [] } of standings(plugins)) {
      for (const one of upstreams) {
        const known = current.get(one.address)
        current.set(one.address, known === undefined ? one : together(known, one))
      }
    }
    const figures = [...current.values()].map((one) => {
      const before = this.last.get(one.address)
      const replies = Math.max(0, one.replies - (before?.replies ?? one.replies))
      const { address, state, failedChecks } = one
      const mean = replies === 0 ? null : (one.seconds - (before?.seconds ?? 0)) / replies
      return { address, state, failedChecks, rate: replies / seconds, mean }
    })
    this.last = current
    this.at = now
    return figures
  }
}

const BADNESS = { up: 0, suspect: 1, down: 2 }

function together(a: UpstreamStanding, b: UpstreamStanding): UpstreamStanding {
  const worst = BADNESS[a.state] >= BADNESS[b.state] ? a : b
  return { ...worst, replies: a.replies + b.replies, seconds: a.seconds + b.seconds }
}

function standings(plugins: readonly Plugin[]) {
  return plugins.flatMap((plugin) => plugin.standing?.() ?? [])
}
