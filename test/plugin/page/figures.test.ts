import t from 'tap'
import type { Snapshot } from '../../../src/plugin/observe.ts'
import {
  clustersOf,
  HISTORY_SECONDS,
  History,
  LATE_SECONDS,
  MAX_ROWS,
  sampleOf,
  topsOf,
  UpstreamRates,
} from '../../../src/plugin/page/figures.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import type { Standing, UpstreamStanding } from '../../../src/plugin/standing.ts'
import { replying } from '../harness.ts'

const latency = { count: 0, p50: 0, p99: 0, buckets: [] }
const QUIET: Snapshot = {
  at: 0,
  interval: 1,
  queries: 0,
  outcomes: {},
  transports: { udp: 0, tcp: 0 },
  hits: 0,
  misses: 0,
  latency: { all: latency, hits: latency, misses: latency },
  topSeconds: 1,
  sampledOneIn: 1,
  topClients: [],
  topNames: [],
  topFailing: [],
}

const standing = (told: Standing): Plugin => ({ ...replying({}), standing: () => told })

t.test('a second in which nothing was asked has no latency and no hit share', async (t) => {
  t.match(sampleOf(QUIET, 0), { noerror: 0, other: 0, half: null, most: null, hits: null, busy: 0 })
})

t.test('answers are told by kind, and what is none of them together', async (t) => {
  const outcomes = { NOERROR: 5, NODATA: 4, NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 1, DROPPED: 1 }
  const all = { count: 16, p50: 0.000_123_4, p99: 0.02, buckets: [] }
  const busy = { ...QUIET, outcomes, queries: 16, hits: 4, latency: { ...QUIET.latency, all } }
  t.strictSame(sampleOf({ ...busy, interval: 1.0008 }, 0.5), {
    noerror: 5,
    nodata: 4,
    nxdomain: 3,
    servfail: 2,
    other: 2,
    half: 0.000123,
    most: 0.02,
    hits: 0.25,
    busy: 0.5,
  })
})

t.test('the history keeps so many seconds, each once', async (t) => {
  const history = new History()
  for (let second = 1; second <= HISTORY_SECONDS + 5; second++) {
    const sample = { ...sampleOf(QUIET, 0), noerror: second }
    history.add(sample, second * 1000)
    history.add(sample, second * 1000 + 3)
  }
  t.equal(history.samples.length, HISTORY_SECONDS)
  t.equal(history.samples.at(0)?.noerror, 6)
  t.equal(history.samples.at(-1)?.noerror, HISTORY_SECONDS + 5)
})

t.test('a watch that has been silent for too long is late; one store is told once', async (t) => {
  const watches = [LATE_SECONDS, LATE_SECONDS + 1, undefined].map((silentSeconds, i) => ({
    resource: `r${i}`,
    objects: 1,
    silentSeconds,
  }))
  const cluster = { id: 'a', synced: true, source: 'api', watches } as const
  const told = clustersOf([standing({ cluster }), standing({ cluster }), replying({})])
  t.equal(told.length, 1)
  t.strictSame(
    told[0]?.watches.map(({ state }) => state),
    ['fresh', 'late', 'waiting'],
  )
})

t.test(
  'an upstream of several blocks is one row in its worst state, with the rate of all',
  async (t) => {
    const upstream = (state: UpstreamStanding['state'], replies: number, seconds: number) =>
      standing({
        upstreams: [{ address: '192.0.2.1:53', state, failedChecks: 0, replies, seconds }],
      })
    const rates = new UpstreamRates()
    t.match(rates.take([upstream('up', 100, 1), upstream('up', 0, 0)], 0), [
      { rate: 0, mean: null },
    ])
    const [row, ...others] = rates.take([upstream('up', 103, 1.3), upstream('down', 3, 0.3)], 2000)
    t.match(row, { address: '192.0.2.1:53', state: 'down', rate: 3 })
    t.ok(Math.abs((row?.mean ?? 0) - 0.1) < 1e-9)
    t.strictSame(others, [])
    t.match(rates.take([upstream('up', 0, 0)], 3000), [{ rate: 0, mean: null }], 'counted anew')
  },
)

t.test('top tables are cut', async (t) => {
  const client = { address: '192.0.2.1', count: 1, error: 0 }
  const { topClients } = topsOf({ ...QUIET, topClients: Array(MAX_ROWS + 1).fill(client) })
  t.equal(topClients.length, MAX_ROWS)
})
