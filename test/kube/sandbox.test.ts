import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openStore } from '../../src/kube/open.ts'
import { type Cluster, startApiServer } from '../../src/sandbox/index.ts'
import { namespace, pod, service, serviceImport, slice } from './objects.ts'
import { keptLog, until } from './scene.ts'

/** The store over the embedded API server, which speaks the protocol by itself. */
async function scene(
  test: { testdir(): string; teardown(end: () => Promise<void>): void },
  watchList = true,
) {
  const cluster: Cluster = await startApiServer({ token: 'secret' })
  cluster.apply([
    namespace('shop'),
    service('db', 'shop', { clusterIP: 'None' }),
    slice('db-1', 'shop', 'db', ['10.1.0.1']),
    pod('p', 'shop', '10.1.0.1'),
    { ...pod('done', 'shop', '10.1.0.2'), status: { phase: 'Succeeded', podIP: '10.1.0.2' } },
    serviceImport('db', 'shop', { type: 'Headless' }),
  ] as never[])
  const path = join(test.testdir(), 'kubeconfig')
  writeFileSync(path, cluster.kubeconfig)
  const config = {
    kubeconfig: { path },
    endpoints: true,
    pods: true,
    multicluster: true,
    watchList,
  }
  const open = await openStore(config, { log: keptLog() })
  test.teardown(async () => {
    await open.stop()
    await cluster.close()
  })
  open.start()
  return { cluster, open, store: open.store }
}

for (const watchList of [true, false]) {
  t.test(
    `over the embedded server the store fills and follows, ${watchList ? 'streamed' : 'paged'}`,
    async (t) => {
      const { cluster, open, store } = await scene(t, watchList)
      t.equal(await open.whenSynced(60_000), true)
      t.ok(store.namespace('shop'))
      t.equal(store.slices('db', 'shop').length, 1)
      t.equal(store.podByAddress('10.1.0.1')?.name, 'p')
      t.equal(store.podByAddress('10.1.0.2'), undefined, 'a Pod that is done is not watched')
      t.equal(store.serviceImport('db', 'shop')?.headless, true)

      cluster.apply([slice('db-1', 'shop', 'db', ['10.1.0.9'])] as never[])
      await until(() => store.slicesByAddress('10.1.0.9').length === 1)
      t.same(store.slicesByAddress('10.1.0.1'), [])
      cluster.apply([
        { ...pod('p', 'shop', '10.1.0.1'), status: { phase: 'Failed', podIP: '10.1.0.1' } },
      ] as never[])
      await until(() => store.podByAddress('10.1.0.1') === undefined)
      cluster.delete({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'db', namespace: 'shop' },
      })
      await until(() => store.service('db', 'shop') === undefined)
    },
  )
}

t.test('an audit over the embedded server agrees with the watch', async (t) => {
  const { open } = await scene(t)
  t.equal(await open.whenSynced(60_000), true)
  t.equal(await open.audit(), 0)
})
