import t from 'tap'
import { Health } from '../../../src/plugin/health/health.ts'
import { healthMetrics } from '../../../src/plugin/health/metrics.ts'
import { module as health } from '../../../src/plugin/health/setup.ts'
import { arrange, type Chain, mistake } from '../harness.ts'

const ADDRESS = '127.0.0.1:0'
const get = (chain: Chain, path: string) =>
  fetch(`http://127.0.0.1:${chain.http.port(ADDRESS)}${path}`)

t.test(
  'the page says OK, also while a lameduck goes on, and goes with its configuration',
  async (t) => {
    const chain = await arrange(`health ${ADDRESS} {\nlameduck 3s\n}`, [health])
    await chain.start()
    const answer = await get(chain, '/health')
    t.equal(answer.status, 200)
    t.equal(await answer.text(), 'OK')
    t.equal((await get(chain, '/other')).status, 404)
    const stopped = chain.stop(true)
    t.equal((await get(chain, '/health')).status, 200)
    await stopped
    t.strictSame(chain.log, ['[INFO] plugin/health: Going into lameduck mode for 3s'])
    t.equal(chain.http.port(ADDRESS), undefined)
  },
)

t.test(
  'the page fails with the reason when something is the matter with the process',
  async (t) => {
    let ailment: string | undefined
    const host = { ailment: () => ailment }
    const chain = await arrange(`health ${ADDRESS}`, [health], { host })
    await chain.start()
    t.equal((await get(chain, '/health')).status, 200)
    ailment = 'data thread 0 has stood still'
    const answer = await get(chain, '/health')
    t.strictSame([answer.status, await answer.text()], [503, ailment])
    await chain.stop()
  },
)

t.test('a configuration that takes over keeps the address open', async (t) => {
  const first = await arrange(`health ${ADDRESS}`, [health])
  await first.start()
  const port = first.http.port(ADDRESS)
  const second = await arrange(`health ${ADDRESS}`, [health], { http: first.http })
  await second.start()
  await first.stop()
  t.equal(second.http.port(ADDRESS), port)
  t.equal((await get(second, '/health')).status, 200)
  await second.stop()
})

t.test('it asks itself and counts how long that took', async (t) => {
  // By itself it asks each second: once more here, if the machine holds this up for so long.
  const { setInterval } = globalThis
  globalThis.setInterval = ((run: () => void) => setInterval(run, 3_600_000)) as typeof setInterval
  t.teardown(() => {
    globalThis.setInterval = setInterval
  })
  const chain = await arrange('', [])
  let now = 0
  const page = new Health(ADDRESS, 0, {
    http: chain.http,
    log: chain.logger.plugin('health'),
    now: () => (now += 1500),
    ...healthMetrics(chain.metrics),
  })
  await page.start()
  await page.poll()
  t.strictSame(chain.log, [
    '[WARNING] plugin/health: Local health request to "http://127.0.0.1:0/health" took more than 1s: 1.5s',
  ])
  t.strictSame(await chain.samples('coredns_health'), [
    'coredns_health_request_duration_seconds_bucket{le="0.00025"} 0',
    'coredns_health_request_duration_seconds_bucket{le="0.0025"} 0',
    'coredns_health_request_duration_seconds_bucket{le="0.025"} 0',
    'coredns_health_request_duration_seconds_bucket{le="0.25"} 0',
    'coredns_health_request_duration_seconds_bucket{le="2.5"} 1',
    'coredns_health_request_duration_seconds_bucket{le="+Inf"} 1',
    'coredns_health_request_duration_seconds_sum 1.5',
    'coredns_health_request_duration_seconds_count 1',
    'coredns_health_request_failures_total 0',
  ])
  await page.stop()
})

t.test('an address in use is an error at the start', async (t) => {
  const chain = await arrange(`health ${ADDRESS}`, [health])
  await chain.start()
  const taken = `127.0.0.1:${chain.http.port(ADDRESS)}`
  const other = await arrange(`health ${taken}`, [health])
  await t.rejects(other.start(), {
    message: `listen tcp ${taken}: bind: address already in use`,
  })
  await chain.stop()
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  t.equal(await mistake('health bla', [health]), 'address bla: missing port in address')
  t.equal(await mistake('health ::1:80', [health]), 'address ::1:80: too many colons in address')
  t.match(await mistake('health :80 :81', [health]), /Wrong argument count/)
  t.equal(await mistake('health {\nducks 1s\n}', [health]), `${at} unknown property 'ducks'`)
  t.equal(
    await mistake('health {\nlameduck 5\n}', [health]),
    'unable to parse lameduck duration value: \'5\' : time: missing unit in duration "5"',
  )
})
