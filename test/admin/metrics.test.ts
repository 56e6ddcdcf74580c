import t from 'tap'
import { Registry } from '../../src/admin/metrics.ts'

t.test('a family is made once, and its series are found by their labels', async (t) => {
  const metrics = new Registry()
  const family = metrics.counter('hits_total', 'Hits.', ['server', 'zone'])
  t.equal(metrics.counter('hits_total', 'Other help.', ['server', 'zone']), family)
  family.labels('a', 'b').inc()
  family.labels('a', 'b').inc(2)
  family.labels('a', 'c').inc()
  family.remove('a', 'c')
  t.equal(
    await metrics.expose(),
    '# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{server="a",zone="b"} 3\n',
  )
})

t.test('a family without labels stands at 0 from the start', async (t) => {
  const metrics = new Registry()
  metrics.gauge('depth', 'Depth.')
  t.match(await metrics.expose(), /^depth 0$/m)
})

t.test('buckets are cumulative, bounds included; several may be counted together', async (t) => {
  const metrics = new Registry()
  const histogram = metrics.histogram('size', 'Size.', ['p'], [1, 2]).labels('u')
  histogram.observe(1)
  histogram.observe(1.5)
  histogram.observeMany(9, 3, 27)
  const lines = (await metrics.expose()).split('\n').filter((line) => line.startsWith('size'))
  t.strictSame(lines, [
    'size_bucket{le="1",p="u"} 1',
    'size_bucket{le="2",p="u"} 2',
    'size_bucket{le="+Inf",p="u"} 5',
    'size_sum{p="u"} 29.5',
    'size_count{p="u"} 5',
  ])
})

t.test('label values are escaped', async (t) => {
  const metrics = new Registry()
  metrics.gauge('odd', 'Odd.', ['v']).labels('a"b\\c\nd').set(1)
  t.match(await metrics.expose(), 'odd{v="a\\"b\\\\c\\nd"} 1')
})

t.test('what is only known then is asked at each exposition', async (t) => {
  const metrics = new Registry()
  const gauge = metrics.gauge('now', 'Now.').labels()
  const stop = metrics.onCollect(() => gauge.set(gauge.value + 1))
  t.match(await metrics.expose(), /^now 1$/m)
  t.match(await metrics.expose(), /^now 2$/m)
  stop()
  t.match(await metrics.expose(), /^now 2$/m)
})
