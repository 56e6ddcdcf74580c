import t from 'tap'
import type { PodTimes } from '../../src/sandbox/controllers/pods.ts'
import { settled } from '../../src/sandbox/settled.ts'
import { aliveCluster, change, pods, readyPods } from './alive.ts'
import { deployment, service } from './api.ts'

t.test('a settled cluster has every Pod that its workloads ask for', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(service('db', { clusterIP: 'None' }))
  cluster.create(deployment('db', { kind: 'StatefulSet', serviceName: 'db', replicas: 4 }))
  cluster.create(deployment('web', { replicas: 3 }))
  await settled(cluster)
  t.equal(readyPods(cluster).length, 7)
  const { revision } = cluster.storage
  await settled(cluster)
  t.equal(cluster.storage.revision, revision, 'nothing is left to do')
})

t.test('an address that a workload pins is given to nobody else', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const pinned = ['10.244.0.2', '10.244.1.2', '10.244.2.2']
  const annotations = { 'sandbox.muster/addresses': pinned.join() }
  const web = deployment('web', { replicas: 0 })
  web.spec.template.metadata.annotations = annotations
  cluster.create(web)
  cluster.create(deployment('other', { replicas: 6 }))
  await settled(cluster)
  const addresses = () => pods(cluster).map((pod) => pod.status.podIP as string)
  t.equal(addresses().length, 6)
  t.notOk(addresses().some((address) => pinned.includes(address)))
  change(cluster, 'Deployment', 'web', { spec: { replicas: 3 } })
  await settled(cluster)
  t.same(
    addresses()
      .filter((address) => pinned.includes(address))
      .sort(),
    pinned,
  )
})

t.test('how long Pods take may be changed, for those that come later', async (t) => {
  const times: Partial<PodTimes> = { startMs: 0, readyMs: 0 }
  const cluster = await aliveCluster({ controllers: { times } })
  t.teardown(() => cluster.close())
  cluster.create(deployment('web', { replicas: 2 }))
  await settled(cluster)
  times.readyMs = 3_600_000
  change(cluster, 'Deployment', 'web', { spec: { replicas: 3 } })
  await settled(cluster)
  t.equal(pods(cluster).length, 3)
  t.equal(readyPods(cluster).length, 2)
  const [ready] = readyPods(cluster)
  change(cluster, 'Pod', ready.metadata.name, { metadata: { labels: { seen: 'yes' } } })
  await settled(cluster)
  t.equal(readyPods(cluster).length, 2, 'who was ready stays so')
})
