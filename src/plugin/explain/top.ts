import type { ServerResponse } from 'node:http'
import type { HttpListeners, Page } from '../../admin/http.ts'
import { guarded } from '../guard.ts'
import { type Estimate, MAX_SECONDS, type Observation, type Snapshot } from '../observe.ts'
import { formatProblem, say, sayJson, wantsJson } from './say.ts'

const PATH = '/top'
const DEFAULT_SECONDS = 10
const USAGE = `Ask with /top[?seconds=SECONDS][&format=text|json], seconds from 1 to ${MAX_SECONDS}, such as /top?seconds=60\n`

/** Puts the page /top at an address; returns what takes it away. */
export function openTopPage(
  address: string,
  observation: Observation,
  http: HttpListeners,
): Promise<() => Promise<void>> {
  return http.add(address, PATH, guarded(topPage(observation)))
}

const topPage =
  (observation: Observation): Page =>
  (request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const text = searchParams.get('seconds') || String(DEFAULT_SECONDS)
    const seconds = Number(text)
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_SECONDS) {
      return wrong(response, `${text} is no number of seconds from 1 to ${MAX_SECONDS}`)
    }
    const problem = formatProblem(searchParams)
    if (problem !== undefined) return wrong(response, problem)
    const snapshot = observation.snapshot(seconds)
    if (wantsJson(searchParams, request)) sayJson(response, snapshot)
    else say(response, 200, snapshotText(snapshot))
  }

const wrong = (response: ServerResponse, problem: string) =>
  say(response, 400, `${problem}\n${USAGE}`)

/** Who asks, for people. */
export function snapshotText(snapshot: Snapshot): string {
  const { queries, interval, hits, outcomes, transports, latency, topSeconds } = snapshot
  const perSecond = (count: number) => (interval === 0 ? 0 : count / interval).toFixed(1)
  const share = queries === 0 ? '' : `, ${((100 * hits) / queries).toFixed(1)} % from the table`
  const ended = Object.entries(outcomes).sort(([, a], [, b]) => b - a)
  const { p50, p99, count } = latency.all
  const looked =
    snapshot.sampledOneIn === 1 ? '' : `, one query in ${snapshot.sampledOneIn} looked at`
  return [
    `Queries in the last ${interval.toFixed(0)} s: ${perSecond(queries)} a second${share}`,
    ...ended.map(([outcome, times]) => `    ${perSecond(times).padStart(9)}  ${outcome}`),
    `By transport: ${perSecond(transports.udp)} a second over UDP, ${perSecond(transports.tcp)} over streams`,
    count === 0
      ? 'Latency: nothing was asked'
      : `Latency: half below ${time(p50)}, 99 % below ${time(p99)}`,
    '',
    `In the last ${topSeconds.toFixed(0)} s${looked}:`,
    ...table('Clients', snapshot.topClients, client),
    ...table('Names', snapshot.topNames, ({ name, type }) => `${name} ${type}`),
    ...table('Failing', snapshot.topFailing, ({ name, type, outcome, clients }) => {
      return `${name} ${type} ${outcome}, asked by ${clients.map(client).join(', ')}`
    }),
    '',
  ].join('\n')
}

function table<T extends Estimate>(
  title: string,
  rows: readonly T[],
  of: (row: T) => string,
): string[] {
  if (rows.length === 0) return [`${title}: none`]
  return [title, ...rows.map((row) => `    ${times(row).padStart(15)}  ${of(row)}`)]
}

/** Between what it was at least and at most. */
const times = ({ count, error }: Estimate): string =>
  error === 0 ? String(count) : `${count - error}-${count}`

const client = ({ address, pod }: { address: string; pod?: string }): string =>
  pod === undefined ? address : `${address} (${pod})`

function time(seconds: number): string {
  const [value, unit] = seconds < 0.001 ? [seconds * 1e6, 'µs'] : [seconds * 1e3, 'ms']
  return `${Number(value.toPrecision(2))} ${unit}`
}
