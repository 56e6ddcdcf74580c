import type { Registry } from '../../admin/metrics.ts'
import { type Name, nameToText, ROOT } from '../../wire/name.ts'
import { queryOctets, replyOctets, whenWritten } from '../measure.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import { DROPPED, QueryMetrics, type Report, type SeriesOfZone } from './metrics.ts'

/** Counts every query of its block and what became of it. */
export class Prometheus implements Plugin {
  readonly name = 'prometheus'
  readonly keepsLifetimes = true
  private readonly metrics: QueryMetrics
  private readonly now: () => number
  private readonly series = new Map<string, Map<Name, SeriesOfZone>>()

  /** @param now milliseconds of the monotonic clock */
  constructor(metrics: QueryMetrics, now: () => number) {
    this.metrics = metrics
    this.now = now
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const started = this.now()
    const octets = queryOctets(query)
    return whenDone(next(query), (reply) => this.count(query, octets, started, reply))
  }

  /** What it counts of a denial does not depend on which name of the branch was asked for. */
  clearOf(): boolean {
    return true
  }

  private count(query: Query, octets: number, started: number, reply: Reply): Reply {
    const series = this.seriesOf(query)
    const seconds = () => (this.now() - started) / 1000
    if (reply.stream !== undefined) {
      return whenWritten(reply, (written) => {
        series.count(reportOf(query, reply, octets, written, seconds()))
      })
    }
    const report = reportOf(query, reply, octets, replyOctets(reply), seconds())
    series.count(report)
    if (!reply.lifetime.repeatable) return reply
    return { ...reply, counts: [...reply.counts, series.repeated(report)] }
  }

  /** A query builds no string: the texts of the labels are made with the series. */
  private seriesOf(query: Query): SeriesOfZone {
    const { label } = query.exchange.listener
    const zone = query.zone ?? ROOT
    let zones = this.series.get(label)
    if (zones === undefined) {
      zones = new Map()
      this.series.set(label, zones)
    }
    let series = zones.get(zone)
    if (series === undefined) {
      series = this.metrics.of(label, nameToText(zone), query.view)
      zones.set(zone, series)
    }
    return series
  }
}

function reportOf(
  query: Query,
  reply: Reply,
  octets: number,
  written: number,
  seconds: number,
): Report {
  return {
    proto: query.proto,
    family: query.exchange.client.address.includes(':') ? 2 : 1,
    qtype: (reply.askedAs ?? query).qtype,
    dnssecOk: query.dnssecOk,
    nameOctets: query.qname.length,
    queryOctets: octets,
    replyOctets: written,
    rcode: reply.rcode,
    by: reply.kind === 'message' ? reply.by : '',
    seconds,
  }
}

/** Counts queries that no block took: what the core answers by itself, under the zone `dropped`. `written` are the octets of the message sent. */
export function countDropped(
  metrics: Registry,
): (query: Query, reply: Reply, written: number) => void {
  const all = new QueryMetrics(metrics)
  return (query, reply, written) => {
    const report = reportOf(query, reply, queryOctets(query), written, 0)
    all.of(query.exchange.listener.label, DROPPED, '').count(report)
  }
}
