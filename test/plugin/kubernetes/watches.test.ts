import t, { type Test } from 'tap'
import { observerOf } from '../../../src/plugin/kubernetes/metrics.ts'
import { module as kubernetes } from '../../../src/plugin/kubernetes/setup.ts'
import type { Shared } from '../../../src/plugin/setup.ts'
import { FakeApi } from '../../kube/fake-api.ts'
import { namespace, service, slice } from '../../kube/objects.ts'
import { arrangeAll, type Chain } from '../harness.ts'

async function api(t: Test): Promise<FakeApi> {
  const api = new FakeApi()
  api.put('namespaces', namespace('shop'))
  api.put('services', service('web', 'shop', { clusterIP: '10.0.0.1' }))
  api.put('services', service('db', 'shop', { clusterIP: 'None', selector: { app: 'db' } }))
  api.put('services', service('old', 'shop', { clusterIP: 'None' }))
  await api.listen()
  t.teardown(() => api.close())
  return api
}

async function start(t: Test, text: string): Promise<Chain> {
  const shared = new Map<string, Shared>()
  const chain = await arrangeAll(text, [kubernetes], { shared })
  t.teardown(async () => {
    await chain.stop(true)
    for (const one of shared.values()) await one.close()
  })
  return chain.start()
}

t.test('blocks over one API share their watches, and objects are counted once', async (t) => {
  const server = await api(t)
  const block = (lines: string) =>
    `{\nkubernetes cluster.local in-addr.arpa {\nendpoint http://127.0.0.1:${server.port}\nstartup_timeout 1m\n${lines}\n}\n}\n`
  const chain = await start(
    t,
    `cluster.local ${block('ttl 30')}in-addr.arpa ${block('pods insecure\nfallthrough')}`,
  )
  t.equal(server.watcherCount, 3)
  t.match(await chain.ask('web.shop.svc.cluster.local. A'), / 30 IN A 10\.0\.0\.1$/)
  t.match(
    await chain.ask('1.0.0.10.in-addr.arpa. PTR'),
    / 5 IN PTR web\.shop\.svc\.cluster\.local\.$/,
  )
  t.strictSame(await chain.samples('muster_kubernetes_objects'), [
    'muster_kubernetes_objects{resource="services"} 3',
    'muster_kubernetes_objects{resource="namespaces"} 1',
    'muster_kubernetes_objects{resource="endpointslices"} 0',
  ])
})

t.test(
  'blocks that ask for different objects have watches of their own, counted together',
  async (t) => {
    const [one, other] = [await api(t), await api(t)]
    other.remove('services', 'old', 'shop')
    const block = (zone: string, { port }: FakeApi) =>
      `${zone} {\nkubernetes ${zone} {\nendpoint http://127.0.0.1:${port}\nstartup_timeout 1m\n}\n}\n`
    const chain = await start(t, block('a.test', one) + block('b.test', other))
    t.strictSame([one.watcherCount, other.watcherCount], [3, 3])
    t.match(await chain.samples('muster_kubernetes_objects{resource="services"}'), [/ 5$/])
  },
)

t.test('the metrics tell of latency, age, lists, repairs, objects and memory', async (t) => {
  const server = await api(t)
  const lines = `endpoint http://127.0.0.1:${server.port}\nstartup_timeout 1m`
  const chain = await start(t, `. {\nkubernetes cluster.local {\n${lines}\n}\n}\n`)
  for (const [i, name] of ['web', 'db', 'old'].entries()) {
    const annotations = {
      'endpoints.kubernetes.io/last-change-trigger-time': new Date().toISOString(),
    }
    const changed = slice(`${name}-1`, 'shop', name, [`10.1.0.${i}`])
    changed.metadata.annotations = annotations
    server.put('endpointslices', changed)
  }
  const shown = async (prefix: string) => (await chain.samples(prefix)).join('\n')
  for (let turn = 0; turn < 10_000; turn++) {
    if (/endpoints 3/.test(await shown('muster_kubernetes_endpoints'))) break
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const programming = await shown('coredns_kubernetes_dns_programming_duration_seconds_count')
  for (const kind of ['cluster_ip', 'headless_with_selector', 'headless_without_selector']) {
    t.match(programming, `{service_kind="${kind}"} 1`)
  }
  const resources = ['services', 'namespaces', 'endpointslices']
  const age = await shown('muster_kubernetes_last_event_age_seconds')
  const lists = await shown('muster_kubernetes_resyncs_total')
  const objects = await shown('muster_kubernetes_objects')
  for (const resource of resources) {
    t.match(age, new RegExp(`resource="${resource}"} [0-9.e-]+`))
    t.match(lists, `{resource="${resource}",reason="first"} 1`)
    t.match(objects, new RegExp(`resource="${resource}"} [13]`))
  }
  t.match(await shown('muster_kubernetes_endpoints'), 'muster_kubernetes_endpoints 3')
  t.match(await shown('muster_kubernetes_store_bytes'), /bytes [1-9]\d{3}/)
  t.match(await shown('coredns_kubernetes_rest_client_requests_total'), /code="200",method="GET"/)
  observerOf(chain.metrics).repaired('services', 2)
  t.match(
    await shown('muster_kubernetes_repaired_records_total'),
    'muster_kubernetes_repaired_records_total{resource="services"} 2',
  )
})
