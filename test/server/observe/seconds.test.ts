import t from 'tap'
import { MAX_SECONDS } from '../../../src/plugin/observe.ts'
import { DROPPED, NODATA } from '../../../src/server/observe/outcome.ts'
import { BUCKETS, Seconds } from '../../../src/server/observe/seconds.ts'
import { RCODE } from '../../../src/wire/codes.ts'

t.test('queries are counted by outcome, transport and whether the table answered', async (t) => {
  const seconds = new Seconds(0)
  seconds.count('hits', RCODE.NOERROR, 'udp', 90)
  seconds.count('hits', NODATA, 'tcp', 4)
  seconds.count('misses', RCODE.NXDOMAIN, 'udp', 5)
  seconds.count('misses', DROPPED, 'tcp', 1)
  t.equal(seconds.sum(1).queries, 0, 'not before the second has passed')
  seconds.tick(2000)
  t.match(seconds.sum(1), {
    interval: 2,
    queries: 100,
    hits: 94,
    misses: 6,
    outcomes: { NOERROR: 90, NODATA: 4, NXDOMAIN: 5, DROPPED: 1 },
    transports: { udp: 95, tcp: 5 },
  })
})

t.test('the latest seconds are added up, a minute of them at most', async (t) => {
  const seconds = new Seconds(0)
  for (let second = 1; second <= 100; second++) {
    seconds.count('misses', RCODE.NOERROR, 'udp', second)
    seconds.tick(second * 1000)
  }
  t.match(seconds.sum(1), { interval: 1, queries: 100 })
  t.match(seconds.sum(3), { interval: 3, queries: 297 })
  const all = 60 * ((41 + 100) / 2)
  t.match(seconds.sum(MAX_SECONDS), { interval: 60, queries: all })
  t.match(seconds.sum(10 * MAX_SECONDS), { interval: 60, queries: all })
  t.match(seconds.sum(0), { interval: 1, queries: 100 })
})

t.test('a quantile is no less than it is, and less than half as much again', async (t) => {
  const seconds = new Seconds(0)
  for (let i = 1; i <= 1000; i++) seconds.time('misses', i / 1000, 1)
  seconds.time('hits', 20e-6, 9000)
  seconds.tick(1000)
  const { all, hits, misses } = seconds.sum(1).latency
  t.strictSame([all.count, hits.count, misses.count], [10_000, 9000, 1000])
  t.ok(misses.p50 >= 0.5 && misses.p50 < 0.75, `${misses.p50}`)
  t.ok(misses.p99 >= 0.99 && misses.p99 < 1.485, `${misses.p99}`)
  t.ok(hits.p99 >= 20e-6 && hits.p99 < 30e-6)
  t.ok(all.p50 === hits.p50 && all.p99 >= 0.9 && all.p99 < 1.35)
  const bounds = misses.buckets.map(({ le }) => le)
  t.strictSame(
    bounds,
    [...bounds].sort((a, b) => a - b),
  )
})

t.test('times outside all buckets are in the first and the last, and no time is 0', async (t) => {
  const seconds = new Seconds(0)
  seconds.tick(1000)
  t.match(seconds.sum(1).latency.all, { count: 0, p50: 0, p99: 0, buckets: [] })
  seconds.time('hits', 0, 1)
  seconds.time('hits', 1e-9, 1)
  seconds.time('misses', 1e9, 1)
  seconds.tick(2000)
  const { buckets } = seconds.sum(1).latency.all
  t.same(buckets, [
    { le: 1e-6, count: 2 },
    { le: 2 ** ((BUCKETS - 1) / 2) / 1e6, count: 1 },
  ])
})

t.test('how many queries one speaks for is told by those that were looked at', async (t) => {
  const seconds = new Seconds(0)
  seconds.count('hits', RCODE.NOERROR, 'udp', 1000)
  for (let i = 0; i < 10; i++) seconds.looked()
  seconds.tick(1000)
  t.equal(seconds.sum(1).sampledOneIn, 100)
  seconds.tick(2000)
  t.equal(seconds.sum(1).sampledOneIn, 1)
})
