import type { Counter, Family, Histogram, Registry } from '../../admin/metrics.ts'
import { rcodeToText, TYPE, typeToText } from '../../wire/codes.ts'
import { healthMetrics } from '../health/metrics.ts'
import { localhostQueries } from '../local/metrics.ts'
import { failedReloads } from '../reload/metrics.ts'
import type { Count, Repeats } from '../reply.ts'

/** Upper bounds in seconds: 0.00025 doubled fifteen times. */
export const TIME_BUCKETS: readonly number[] = Array.from(
  { length: 16 },
  (_, i) => 0.00025 * 2 ** i,
)
/** Upper bounds in octets. */
export const SIZE_BUCKETS = [
  0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16_000, 32_000, 48_000, 64_000,
] as const

/** Types with a series of their own, in the label `type`; all others share `other`, so that what clients invent costs nothing. */
const MONITORED: readonly number[] = [
  TYPE.A,
  TYPE.AAAA,
  TYPE.CNAME,
  TYPE.DNSKEY,
  TYPE.DS,
  TYPE.MX,
  TYPE.NSEC3,
  TYPE.NSEC,
  TYPE.NS,
  TYPE.PTR,
  TYPE.RRSIG,
  TYPE.SOA,
  TYPE.SRV,
  TYPE.TXT,
  TYPE.HTTPS,
  TYPE.SVCB,
  TYPE.IXFR,
  TYPE.AXFR,
  TYPE.ANY,
]
/** Column of a qtype, 0 for `other`. */
const COLUMNS = new Uint8Array(256)
MONITORED.forEach((type, i) => {
  COLUMNS[type] = i + 1
})
const WORDS = ['other', ...MONITORED.map(typeToText)]

/** The label `zone` of queries that no server block took. */
export const DROPPED = 'dropped'

/** What is counted of one query and its reply. */
export interface Report {
  readonly proto: 'udp' | 'tcp'
  readonly family: 1 | 2
  readonly qtype: number
  readonly dnssecOk: boolean
  readonly nameOctets: number
  readonly queryOctets: number
  readonly replyOctets: number
  readonly rcode: number
  /** The plugin that wrote the reply; '' when none did. */
  readonly by: string
  readonly seconds: number
}

/** The metrics of queries and replies: `coredns_dns_*`. */
export class QueryMetrics {
  private readonly families: Families
  private readonly series = new Map<string, SeriesOfZone>()

  constructor(metrics: Registry) {
    this.families = queryFamilies(metrics)
  }

  /** The series of a listener, zone and view, made when asked for the first time. */
  of(server: string, zone: string, view: string): SeriesOfZone {
    const key = [server, zone, view].join(' ')
    let series = this.series.get(key)
    if (series === undefined) {
      series = new SeriesOfZone(this.families, [server, zone, view])
      this.series.set(key, series)
    }
    return series
  }
}

type Families = ReturnType<typeof queryFamilies>

function queryFamilies(metrics: Registry) {
  const zone = ['server', 'zone', 'view']
  const name = (text: string) => `coredns_dns_${text}`
  return {
    requests: metrics.counter(
      name('requests_total'),
      'Queries by zone, protocol, address family and type.',
      [...zone, 'proto', 'family', 'type'],
    ),
    seconds: metrics.histogram(
      name('request_duration_seconds'),
      'Time from taking up a query to having its reply, in seconds.',
      zone,
      TIME_BUCKETS,
    ),
    querySizes: metrics.histogram(
      name('request_size_bytes'),
      'Octets of queries, their names not compressed.',
      [...zone, 'proto'],
      SIZE_BUCKETS,
    ),
    dnssecOk: metrics.counter(name('do_requests_total'), 'Queries with the DO bit.', zone),
    replySizes: metrics.histogram(
      name('response_size_bytes'),
      'Octets of replies, their names not compressed, before truncation.',
      [...zone, 'proto'],
      SIZE_BUCKETS,
    ),
    responses: metrics.counter(
      name('responses_total'),
      'Replies by rcode and by the plugin that wrote them.',
      [...zone, 'rcode', 'plugin'],
    ),
  }
}

/** The series of one listener, zone and view, found by numbers: counting a query builds no string. */
export class SeriesOfZone {
  private readonly families: Families
  private readonly labels: readonly string[]
  private readonly requests: (Counter | undefined)[] = []
  private readonly responses = new Map<string, (Counter | undefined)[]>()
  private readonly seconds: Histogram
  private readonly querySizes: readonly [Lazy<Histogram>, Lazy<Histogram>]
  private readonly replySizes: readonly [Lazy<Histogram>, Lazy<Histogram>]
  private dnssecOk: Counter | undefined

  constructor(families: Families, labels: readonly string[]) {
    this.families = families
    this.labels = labels
    this.seconds = families.seconds.labels(...labels)
    this.querySizes = byProto(families.querySizes, labels)
    this.replySizes = byProto(families.replySizes, labels)
  }

  /** Counts one query and its reply. */
  count(report: Report): void {
    this.add(report, {
      times: 1,
      proto: report.proto,
      family: report.family,
      queryOctets: report.queryOctets,
      nameOctets: report.nameOctets,
      seconds: report.seconds,
    })
  }

  /** What counts the repetitions of a reply that was reported so. */
  repeated(report: Report): Count {
    return { inc: (_times, repeats) => this.add(report, repeats) }
  }

  /** Sizes and times of several are told together, and go to the bucket of their mean. A reply grows with the name asked for. */
  private add(report: Report, repeats: Repeats): void {
    const { times, seconds, queryOctets } = repeats
    const proto = repeats.proto === 'udp' ? 0 : 1
    const written = report.replyOctets > 0
    const longer = written ? repeats.nameOctets - times * report.nameOctets : 0
    const replyOctets = times * report.replyOctets + longer
    this.request(proto, repeats.family, report.qtype).inc(times)
    if (report.dnssecOk) this.withDnssecOk().inc(times)
    this.seconds.observeMany(seconds / times, times, seconds)
    this.querySizes[proto]().observeMany(queryOctets / times, times, queryOctets)
    this.replySizes[proto]().observeMany(replyOctets / times, times, replyOctets)
    this.response(report.rcode, report.by).inc(times)
  }

  private request(proto: 0 | 1, family: 1 | 2, qtype: number): Counter {
    const column = COLUMNS[qtype] ?? 0
    const index = (column << 2) | (proto << 1) | (family - 1)
    let counter = this.requests[index]
    if (counter === undefined) {
      const word = WORDS[column] as string
      const labels = [...this.labels, proto === 0 ? 'udp' : 'tcp', String(family), word]
      counter = this.families.requests.labels(...labels)
      this.requests[index] = counter
    }
    return counter
  }

  private response(rcode: number, by: string): Counter {
    let counters = this.responses.get(by)
    if (counters === undefined) {
      counters = []
      this.responses.set(by, counters)
    }
    let counter = counters[rcode]
    if (counter === undefined) {
      counter = this.families.responses.labels(...this.labels, rcodeToText(rcode), by)
      counters[rcode] = counter
    }
    return counter
  }

  private withDnssecOk(): Counter {
    this.dnssecOk ??= this.families.dnssecOk.labels(...this.labels)
    return this.dnssecOk
  }
}

type Lazy<T> = () => T

/** A series for UDP and one for TCP, made when first used: what is never asked over TCP has none. */
function byProto<S>(family: Family<S>, labels: readonly string[]): readonly [Lazy<S>, Lazy<S>] {
  const lazy = (proto: string): Lazy<S> => {
    let series: S | undefined
    return () => {
      series ??= family.labels(...labels, proto)
      return series
    }
  }
  return [lazy('udp'), lazy('tcp')]
}

/** Makes the metrics that stand at 0 from the start whatever the Corefile holds, so that alerts on them never lack data. */
export function declareMetrics(metrics: Registry): void {
  for (const [name, help] of AT_ZERO) metrics.counter(name, help)
  metrics.gauge('coredns_hosts_reload_timestamp_seconds', 'When the hosts file was last read.')
  healthMetrics(metrics)
  localhostQueries(metrics)
  failedReloads(metrics)
}

const AT_ZERO: readonly (readonly [string, string])[] = [
  ['coredns_panics_total', 'Bugs in plugins that cost a query its answer.'],
  ['coredns_forward_healthcheck_broken_total', 'Times that all upstreams were found down.'],
  [
    'coredns_forward_max_concurrent_rejects_total',
    'Queries refused because max_concurrent others were on their way.',
  ],
]
