import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { module as kubernetes } from '../../../src/plugin/kubernetes/setup.ts'
import { module as ready } from '../../../src/plugin/ready/setup.ts'
import type { Shared } from '../../../src/plugin/setup.ts'
import { FakeApi } from '../../kube/fake-api.ts'
import { namespace, service, slice } from '../../kube/objects.ts'
import { until } from '../../kube/scene.ts'
import { arrangeAll, type Chain, mistake } from '../harness.ts'

const READY = '127.0.0.1:0'
const WEB = 'NOERROR qr aa rd\nweb.shop.svc.cluster.local. 5 IN A 10.0.0.1'

async function api(t: Test): Promise<FakeApi> {
  const api = new FakeApi()
  api.put('namespaces', namespace('shop'))
  api.put('services', service('web', 'shop', { clusterIP: '10.0.0.1' }))
  api.put('endpointslices', slice('web-1', 'shop', 'web', ['10.1.0.1']))
  await api.listen()
  t.teardown(() => api.close())
  return api
}

/** The API is away: connections are cut before they are answered. */
function takeAway(api: FakeApi): void {
  api.fault = (request) => {
    request.socket.destroy()
    return true
  }
  api.dropWatches()
}

interface Running {
  readonly chain: Chain
  stop(): Promise<void>
}

async function start(t: Test, api: FakeApi, lines: string, timeout = '1m'): Promise<Running> {
  const shared = new Map<string, Shared>()
  const block = `endpoint http://127.0.0.1:${api.port}\nstartup_timeout ${timeout}\n${lines}`
  const text = `. {\nready ${READY}\nkubernetes cluster.local {\n${block}\n}\n}\n`
  const chain = await arrangeAll(text, [ready, kubernetes], { shared })
  await chain.start()
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    await chain.stop(true)
    for (const one of shared.values()) await one.close()
  }
  t.teardown(stop)
  return { chain, stop }
}

async function probe(chain: Chain): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${chain.http.port(READY)}/ready`)
  return `${answer.status} ${await answer.text()}`
}

t.test('a start while the API is away answers from the snapshot, and tells so', async (t) => {
  const file = join(t.testdir(), 'snapshot')
  const server = await api(t)
  const first = await start(t, server, `snapshot ${file}`)
  t.equal(await first.chain.ask('web.shop.svc.cluster.local. A'), WEB)
  t.equal(await probe(first.chain), '200 OK')
  await until(() => existsSync(file))
  t.match(await first.chain.samples('muster_kubernetes_from_snapshot'), [
    'muster_kubernetes_from_snapshot 0',
  ])
  await first.stop()

  takeAway(server)
  const { chain } = await start(t, server, `snapshot ${file}`, '200ms')
  t.equal(await chain.ask('web.shop.svc.cluster.local. A'), WEB)
  t.match(await chain.ask('none.shop.svc.cluster.local. A'), /^NXDOMAIN/)
  const time = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z'
  const words = 'the API server is away, answers are from a snapshot of'
  t.match(await probe(chain), new RegExp(`^200 OK\nkubernetes: ${words} ${time}$`))
  t.match(chain.log.join('\n'), new RegExp(`answering from a snapshot of ${time}`))
  t.notMatch(chain.log.join('\n'), /unsynced/)
  t.match(await chain.samples('muster_kubernetes_from_snapshot'), [
    'muster_kubernetes_from_snapshot 1',
  ])
  const [written = ''] = await chain.samples('muster_kubernetes_snapshot_timestamp_seconds')
  t.ok(Math.abs(Number(written.split(' ')[1]) - Date.now() / 1000) < 3600, written)

  server.removeSilently('services', 'web', 'shop')
  server.fault = undefined
  await until(() => chain.log.some((line) => line.includes('no more answers from a snapshot')))
  t.match(await chain.ask('web.shop.svc.cluster.local. A'), /^NXDOMAIN/, 'what went is gone')
  t.equal(await probe(chain), '200 OK')
  t.match(await chain.samples('muster_kubernetes_from_snapshot'), [
    'muster_kubernetes_from_snapshot 0',
  ])
})

t.test('a damaged snapshot is refused, and the start goes on as without it', async (t) => {
  const file = join(t.testdir(), 'snapshot')
  const server = await api(t)
  await (await start(t, server, `snapshot ${file}`)).stop()
  writeFileSync(file, readFileSync(file, 'utf8').replace('10.0.0.1', '10.0.0.2'))
  takeAway(server)
  const { chain } = await start(t, server, `snapshot ${file}`, '200ms')
  t.match(chain.log.join('\n'), /Not starting from snapshot .*: it is damaged/)
  t.match(await chain.ask('web.shop.svc.cluster.local. A'), /^SERVFAIL/)
  t.equal(await probe(chain), '503 kubernetes')
  t.match(await chain.samples('muster_kubernetes_from_snapshot'), [
    'muster_kubernetes_from_snapshot 0',
  ])
})

t.test('a snapshot of another server is refused', async (t) => {
  const file = join(t.testdir(), 'snapshot')
  const [server, other] = [await api(t), await api(t)]
  await (await start(t, server, `snapshot ${file}`)).stop()
  takeAway(other)
  const { chain } = await start(t, other, `snapshot ${file}`, '200ms')
  t.match(chain.log.join('\n'), /Not starting from snapshot .*: it is of another cluster/)
  t.match(await chain.ask('web.shop.svc.cluster.local. A'), /^SERVFAIL/)
})

t.test('without the word nothing is written, loaded or told', async (t) => {
  const server = await api(t)
  takeAway(server)
  const { chain } = await start(t, server, '', '200ms')
  t.equal(await probe(chain), '503 kubernetes')
  t.match(chain.log.join('\n'), /starting server with unsynced Kubernetes API/)
  t.strictSame(await chain.samples('muster_kubernetes_snapshot_timestamp_seconds'), [])
})

t.test('the word takes one file', async (t) => {
  const wrong = (words: string) =>
    mistake(`kubernetes cluster.local {\n${words}\n}`, [kubernetes], {})
  t.match(
    await wrong('snapshot'),
    /Wrong argument count or unexpected line ending after 'snapshot'/,
  )
  t.match(await wrong('snapshot a b'), /Wrong argument count or unexpected line ending after 'b'/)
})
