import { readFileSync } from 'node:fs'
import { CoreV1Api, KubeConfig, makeInformer } from '@kubernetes/client-node'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/index.ts'
import { service } from './api.ts'

t.test("client-node's informers follow the embedded server", async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  cluster.create(service('a'))
  const config = new KubeConfig()
  config.loadFromString(cluster.kubeconfig)
  const api = config.makeApiClient(CoreV1Api)
  const informer = makeInformer(config, '/api/v1/services', () => api.listServiceForAllNamespaces())
  const seen: string[] = []
  let told = () => {}
  const upTo = (count: number) =>
    new Promise<void>((resolve) => {
      told = () => seen.length >= count && resolve()
      told()
    })
  for (const verb of ['add', 'update', 'delete'] as const) {
    informer.on(verb, (object) => {
      seen.push(`${verb} ${object.metadata?.name}`)
      told()
    })
  }
  await informer.start()
  await upTo(1)
  cluster.create(service('b'))
  cluster.update(service('b', { clusterIP: 'None' }))
  cluster.delete(service('a'))
  await upTo(4)
  await informer.stop()
  t.same(seen, ['add a', 'add b', 'update b', 'delete a'])
})

t.test('over TLS, with a token, by the kubeconfig alone', async (t) => {
  const fixture = (name: string) =>
    readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
  const tls = { key: fixture('loopback.key'), cert: fixture('loopback.crt') }
  const cluster = await startApiServer({ tls, token: 'secret' })
  t.teardown(() => cluster.close())
  cluster.create(service('a'))
  const config = new KubeConfig()
  config.loadFromString(cluster.kubeconfig)
  const { items } = await config.makeApiClient(CoreV1Api).listServiceForAllNamespaces()
  t.same(
    items.map((one) => one.metadata?.name),
    ['a'],
  )
  t.match(cluster.url, /^https:/)
})
