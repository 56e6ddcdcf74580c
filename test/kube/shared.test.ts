import t from 'tap'
import { SharedStores } from '../../src/kube/shared.ts'
import { FakeApi } from './fake-api.ts'
import { HandClock } from './hand-clock.ts'
import { keptLog, until } from './scene.ts'

t.test(
  'configurations that watch the same share their watches, until the last one stops',
  async (t) => {
    const api = new FakeApi()
    const endpoint = await api.listen()
    const stores = new SharedStores()
    const deps = { log: keptLog(), clock: new HandClock() }
    const config = { endpoint, endpoints: true, pods: false, multicluster: false }
    const one = await stores.open(config, deps)
    const two = await stores.open({ ...config, labels: undefined }, deps)
    const other = await stores.open({ ...config, labels: 'a=b' }, deps)
    t.equal(one.store, two.store)
    t.not(one.store, other.store)
    one.start()
    two.start()
    await until(() => one.store.synced)
    t.equal(await two.whenSynced(0), true)
    t.equal(api.requests.length, 3)
    await one.stop()
    await one.stop()
    await until(() => api.watcherCount === 3)
    await two.stop()
    await until(() => api.watcherCount === 0)
    await other.stop()
    const again = await stores.open(config, deps)
    t.not(again.store, one.store)
    await again.stop()
    await api.close()
  },
)

t.test('a configuration that cannot work is refused for each who asks', async (t) => {
  const stores = new SharedStores()
  const deps = { log: keptLog() }
  const path = `${t.testdir()}/kubeconfig`
  const config = { kubeconfig: { path }, endpoints: true, pods: false, multicluster: false }
  for (let i = 0; i < 2; i++) {
    await t.rejects(stores.open(config, deps), {
      message: `stat ${path}: no such file or directory`,
    })
  }
})
