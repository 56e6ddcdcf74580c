import { get } from 'node:http'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { Registry } from '../../../src/admin/metrics.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { countDropped } from '../../../src/plugin/prometheus/prometheus.ts'
import { module as prometheus } from '../../../src/plugin/prometheus/setup.ts'
import { giveUp } from '../../../src/plugin/reply.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import {
  answering,
  arrange,
  arrangeAll,
  type Chain,
  mistake,
  queryFor,
  replying,
  rr,
} from '../harness.ts'

const ADDRESS = '127.0.0.1:0'
const A_TEST = 'x.a.test. 60 IN A 192.0.2.1'
const here = 'server="dns://:53",zone="a.test.",view=""'

/** A clock that takes a millisecond between any two looks at it. */
function clock() {
  let now = 0
  return { now: () => ++now }
}

const withoutBuckets = async (chain: Chain, prefix: string) =>
  (await chain.samples(prefix)).filter((line) => !line.includes('_bucket'))

t.test("queries are counted under the reference's names and labels", async (t) => {
  const chain = await arrange('prometheus', [prometheus], {
    keys: 'a.test',
    backend: answering(A_TEST),
    host: clock(),
  })
  // As a recording of the reference's own metrics has it: 49 octets asked, 50 given.
  await chain.ask('x.a.test A', {
    udpSize: 1232,
    options: [{ code: 10, data: '12345678' as never }],
  })
  await chain.ask('x.a.test A', { from: '::1', transport: 'tcp', dnssecOk: true, udpSize: 1232 })
  await chain.ask('x.a.test TYPE999')
  t.strictSame(await withoutBuckets(chain, 'coredns_dns_'), [
    `coredns_dns_requests_total{${here},proto="udp",family="1",type="A"} 1`,
    `coredns_dns_requests_total{${here},proto="tcp",family="2",type="A"} 1`,
    `coredns_dns_requests_total{${here},proto="udp",family="1",type="other"} 1`,
    `coredns_dns_request_duration_seconds_sum{${here}} 0.003`,
    `coredns_dns_request_duration_seconds_count{${here}} 3`,
    `coredns_dns_request_size_bytes_sum{${here},proto="udp"} 75`,
    `coredns_dns_request_size_bytes_count{${here},proto="udp"} 2`,
    `coredns_dns_request_size_bytes_sum{${here},proto="tcp"} 37`,
    `coredns_dns_request_size_bytes_count{${here},proto="tcp"} 1`,
    `coredns_dns_do_requests_total{${here}} 1`,
    `coredns_dns_response_size_bytes_sum{${here},proto="udp"} 100`,
    `coredns_dns_response_size_bytes_count{${here},proto="udp"} 2`,
    `coredns_dns_response_size_bytes_sum{${here},proto="tcp"} 50`,
    `coredns_dns_response_size_bytes_count{${here},proto="tcp"} 1`,
    `coredns_dns_responses_total{${here},rcode="NOERROR",plugin="backend"} 3`,
  ])
})

t.test("buckets are the reference's", async (t) => {
  const chain = await arrange('prometheus', [prometheus], { backend: answering(A_TEST) })
  await chain.ask('x.a.test A')
  const bounds = async (name: string) =>
    (await chain.samples(`coredns_dns_${name}_bucket`)).map(
      (line) => /le="([^"]+)"/.exec(line)?.[1],
    )
  t.equal(
    (await bounds('request_duration_seconds')).join(' '),
    '0.00025 0.0005 0.001 0.002 0.004 0.008 0.016 0.032 0.064 0.128 0.256 0.512 1.024 2.048 4.096 8.192 +Inf',
  )
  t.equal(
    (await bounds('response_size_bytes')).join(' '),
    '0 100 200 300 400 511 1023 2047 4095 8291 16000 32000 48000 64000 +Inf',
  )
})

t.test('a reply that nobody wrote has no size and no plugin', async (t) => {
  const backend: Plugin = { name: 'backend', serve: (q) => giveUp(q, 'backend', RCODE.SERVFAIL) }
  const chain = await arrange('prometheus', [prometheus], { keys: 'a.test', backend })
  await chain.ask('y.a.test A')
  t.strictSame(await chain.samples('coredns_dns_responses_total'), [
    `coredns_dns_responses_total{${here},rcode="SERVFAIL",plugin=""} 1`,
  ])
  t.strictSame(await chain.samples('coredns_dns_response_size_bytes_sum'), [
    `coredns_dns_response_size_bytes_sum{${here},proto="udp"} 0`,
  ])
})

t.test('repetitions count as the chain would have counted them', async (t) => {
  const backend = replying({ answer: [rr(A_TEST)], lifetime: ALWAYS })
  const walked = await arrange('prometheus', [prometheus], { backend, host: clock() })
  const repeated = await arrange('prometheus', [prometheus], { backend, host: clock() })
  for (let i = 0; i < 4; i++) await walked.ask('x.a.test A')
  for (let i = 0; i < 2; i++) await walked.ask('x.a.test A', { from: '::1', transport: 'tcp' })
  const { counts } = await repeated.reply('x.a.test A')
  t.equal(counts.length, 1)
  const each = { queryOctets: 26, nameOctets: 10, seconds: 0.001 }
  const told = (times: number, proto: 'udp' | 'tcp', family: 1 | 2) => ({
    times,
    proto,
    family,
    queryOctets: times * each.queryOctets,
    nameOctets: times * each.nameOctets,
    seconds: times * each.seconds,
  })
  counts[0]?.inc(3, told(3, 'udp', 1))
  counts[0]?.inc(2, told(2, 'tcp', 2))
  t.strictSame(await repeated.samples('coredns_dns_'), await walked.samples('coredns_dns_'))
})

t.test("a denial's repetitions are as long as the names that they deny", async (t) => {
  const backend = replying({ rcode: RCODE.NXDOMAIN, lifetime: ALWAYS })
  const chain = await arrange('prometheus', [prometheus], { backend })
  const { counts } = await chain.reply('a.test A')
  counts[0]?.inc(1, {
    times: 1,
    proto: 'udp',
    family: 1,
    queryOctets: 36,
    nameOctets: 20,
    seconds: 0,
  })
  t.match(await chain.samples('coredns_dns_response_size_bytes_sum'), [/ 60$/])
})

t.test('what no block took is counted under the zone dropped', async (t) => {
  const metrics = new Registry()
  const query = queryFor('y.c.test A', { udpSize: 1232 })
  countDropped(metrics)(query, giveUp(query, '', RCODE.REFUSED), 49)
  const text = await metrics.expose()
  const labels = 'server="dns://:53",zone="dropped",view=""'
  t.match(text, `coredns_dns_responses_total{${labels},rcode="REFUSED",plugin=""} 1`)
})

t.test('the page is there, in gzip for those who take it; blocks share it', async (t) => {
  const blocks = `a.test:54 tls://b.test {\nprometheus ${ADDRESS}\n}\nc.test {\nprometheus ${ADDRESS}\n}\n`
  const chain = await arrangeAll(blocks, [prometheus], { backend: answering(A_TEST) })
  await chain.start()
  const plain = await fetchPage(chain, {})
  t.match(plain.headers, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  t.match(plain.text, 'coredns_build_info{version="0.1.0",revision="",goversion="node')
  const packed = await fetchPage(chain, { 'accept-encoding': 'br;q=1, gzip;q=0.5' })
  t.match(packed.headers, { 'content-encoding': 'gzip' })
  t.match(gunzipSync(packed.octets).toString(), 'process_resident_memory_bytes')
  const refused = await fetchPage(chain, { 'accept-encoding': 'gzip;q=0' })
  t.equal(refused.headers['content-encoding'], undefined)
  t.strictSame(await chain.samples('coredns_plugin_enabled'), [
    'coredns_plugin_enabled{server="dns://:54",zone="a.test.",view="",name="prometheus"} 1',
    'coredns_plugin_enabled{server="dns://:54",zone="a.test.",view="",name="backend"} 1',
    'coredns_plugin_enabled{server="dns://:53",zone="c.test.",view="",name="prometheus"} 1',
    'coredns_plugin_enabled{server="dns://:53",zone="c.test.",view="",name="backend"} 1',
  ])
  await chain.stop(true)
  t.equal(chain.http.port(ADDRESS), undefined)
  t.strictSame(await chain.samples('coredns_plugin_enabled'), [])
})

t.test('a configuration that takes over keeps the series that both have', async (t) => {
  const old = await arrange(`prometheus ${ADDRESS}`, [prometheus])
  await old.start()
  const { http, metrics, shared } = old
  const next = await arrange(`prometheus ${ADDRESS}`, [prometheus], { http, metrics, shared })
  await next.start()
  await old.stop()
  t.equal((await next.samples('coredns_plugin_enabled')).length, 1)
  t.match((await fetchPage(next, {})).text, 'coredns_plugin_enabled')
  await next.stop()
})

t.test('metrics without labels stand at 0 from the start', async (t) => {
  const chain = await arrange('prometheus', [prometheus])
  for (const name of [
    'coredns_panics_total',
    'coredns_forward_healthcheck_broken_total',
    'coredns_forward_max_concurrent_rejects_total',
    'coredns_health_request_failures_total',
    'coredns_hosts_reload_timestamp_seconds',
    'coredns_local_localhost_requests_total',
    'coredns_reload_failed_total',
  ]) {
    t.strictSame(await chain.samples(`${name} `), [`${name} 0`])
  }
})

t.test('the process tells of itself; runtime_metrics of Node.js too', async (t) => {
  const chain = await arrange(`prometheus ${ADDRESS} {\nruntime_metrics\n}`, [prometheus])
  await chain.start()
  const names = (await chain.samples('process_')).map((line) => line.split(' ')[0])
  t.strictSame(names.sort(), [
    'process_cpu_seconds_total',
    'process_max_fds',
    'process_network_receive_bytes_total',
    'process_network_transmit_bytes_total',
    'process_open_fds',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_virtual_memory_bytes',
    'process_virtual_memory_max_bytes',
  ])
  t.ok((await chain.samples('nodejs_')).length > 0)
  await chain.stop()
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  t.equal(await mistake('prometheus bla', [prometheus]), 'address bla: missing port in address')
  t.equal(await mistake('prometheus {\nshiny\n}', [prometheus]), `${at} unknown option: shiny`)
  t.match(await mistake('prometheus {\nruntime_metrics x\n}', [prometheus]), /Wrong argument count/)
})

interface Fetched {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly octets: Buffer
  readonly text: string
}

function fetchPage(chain: Chain, headers: Record<string, string>): Promise<Fetched> {
  const port = chain.http.port(ADDRESS)
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: '/metrics', headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const octets = Buffer.concat(chunks)
        resolve({ headers: response.headers, octets, text: octets.toString() })
      })
    }).on('error', reject)
  })
}
