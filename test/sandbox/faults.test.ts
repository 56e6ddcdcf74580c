import t from 'tap'
import { createCluster, ListenError, startApiServer } from '../../src/sandbox/index.ts'
import { freePort } from '../ports.ts'
import { ask, service, WatchReader } from './api.ts'

t.test('a port in use is one clear error', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  await t.rejects(startApiServer({ port: cluster.port }), ListenError)
  await t.rejects(startApiServer({ port: cluster.port }), {
    code: 'EADDRINUSE',
    message: `embedded API server: cannot listen on 127.0.0.1:${cluster.port}: address already in use; stop the program that holds it or choose another port`,
  })
})

t.test('with a token only its bearer is served, and the kubeconfig carries it', async (t) => {
  const cluster = await createCluster({ token: 'secret' })
  t.teardown(() => cluster.close())
  t.equal((await ask(cluster, 'GET', '/api/v1/services')).code, 401)
  const authorization = 'Bearer secret'
  const served = await ask(cluster, 'GET', '/api/v1/services', undefined, { authorization })
  t.equal(served.code, 200)
  t.match(cluster.kubeconfig, /token: secret/)
})

t.test('ordered faults hit the next requests and no more', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  const { faults } = cluster
  faults.onRequest((facts) => facts.verb === 'list', { code: 429, retryAfterSeconds: 1 })
  const refused = await ask(cluster, 'GET', '/api/v1/services')
  t.equal(refused.code, 429)
  t.equal(refused.headers.get('retry-after'), '1')
  t.equal((await ask(cluster, 'GET', '/api/v1/services')).code, 200)
  faults.onRequest((facts) => facts.resource === 'services', { reset: true })
  await t.rejects(ask(cluster, 'GET', '/api/v1/services'))
  faults.onRequest((facts) => facts.verb === 'watch', { code: 410 })
  await t.rejects(WatchReader.open(cluster, '/api/v1/services?watch=1'), /410/)
})

t.test('watches can be dropped, and single events lost', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  const watch = await WatchReader.open(cluster, '/api/v1/services?watch=1')
  cluster.faults.swallowEvents('services', 'ADDED')
  cluster.create(service('lost'))
  cluster.create(service('seen'))
  t.same(await watch.take(1), ['ADDED seen'])
  t.equal(cluster.faults.watchCount('services'), 1)
  t.equal(cluster.faults.dropWatches('services'), 1)
  t.equal(await watch.next(), undefined)
  t.equal(cluster.faults.watchCount(), 0)
})

t.test('closing ends running watches and frees the port', async (t) => {
  const cluster = await startApiServer({ port: await freePort() })
  const watch = await WatchReader.open(cluster, '/api/v1/services?watch=1')
  await cluster.close()
  await watch.next().catch(() => undefined)
  const again = await startApiServer({ port: cluster.port })
  await again.close()
  t.equal(again.port, cluster.port)
})
