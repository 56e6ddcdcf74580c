import t from 'tap'
import { aliveCluster, change, pods, readyPods, until } from './alive.ts'
import { deployment } from './api.ts'

t.test(
  'a Deployment becomes a ReplicaSet becomes ready Pods with addresses of both families',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    cluster.create(deployment('web', { replicas: 3 }))
    await until(cluster, () => readyPods(cluster).length === 3)
    const [set] = cluster.list('apps/v1', 'ReplicaSet')
    t.match(set?.metadata.name, /^web-[a-z0-9]+$/)
    const addresses = pods(cluster).flatMap((pod) =>
      pod.status.podIPs.map((one: { ip: string }) => one.ip),
    )
    t.equal(new Set(addresses).size, 6)
    t.equal(addresses.filter((one) => one.startsWith('10.244.')).length, 3)
    t.equal(addresses.filter((one) => one.startsWith('fd00:10:244:')).length, 3)
    t.equal(new Set(pods(cluster).map((pod) => pod.spec.nodeName)).size, 3)
    await until(
      cluster,
      () => cluster.list('apps/v1', 'Deployment')[0]?.status.availableReplicas === 3,
    )
  },
)

t.test('a rolling update never has fewer available Pods than it may, nor more Pods', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }
  cluster.create(deployment('web', { replicas: 4, strategy }))
  await until(
    cluster,
    () => cluster.list('apps/v1', 'Deployment')[0]?.status.availableReplicas === 4,
  )
  let fewest = 4
  let most = 0
  const unsubscribe = cluster.storage.subscribe(() => {
    fewest = Math.min(fewest, readyPods(cluster).length)
    most = Math.max(most, pods(cluster).length)
  })
  const containers = [{ name: 'main', image: 'nginx:1.28' }]
  change(cluster, 'Deployment', 'web', { spec: { template: { spec: { containers } } } })
  await until(cluster, () => {
    const all = readyPods(cluster)
    return all.length === 4 && all.every((pod) => pod.spec.containers[0].image === 'nginx:1.28')
  })
  unsubscribe()
  t.equal(fewest, 4)
  t.ok(most <= 5, `${most} Pods`)
  const sets = cluster.list('apps/v1', 'ReplicaSet')
  t.same(
    sets.map((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision']).sort(),
    ['1', '2'],
  )
})

t.test('Recreate stops every old Pod before the first new one', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(deployment('web', { replicas: 2, strategy: { type: 'Recreate' } }))
  await until(cluster, () => readyPods(cluster).length === 2)
  let mixed = false
  const unsubscribe = cluster.storage.subscribe(() => {
    const images = cluster.list('v1', 'Pod').map((pod) => pod.spec.containers[0].image)
    if (new Set(images).size > 1) mixed = true
  })
  const containers = [{ name: 'main', image: 'nginx:1.28' }]
  change(cluster, 'Deployment', 'web', { spec: { template: { spec: { containers } } } })
  await until(
    cluster,
    () =>
      readyPods(cluster).filter((pod) => pod.spec.containers[0].image === 'nginx:1.28').length ===
      2,
  )
  unsubscribe()
  t.equal(mixed, false)
})

t.test('scaling down takes Pods that are not ready first', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(deployment('web', { replicas: 3 }))
  await until(cluster, () => readyPods(cluster).length === 3)
  const unready = pods(cluster)[1].metadata.name
  change(cluster, 'Pod', unready, {
    metadata: { annotations: { 'sandbox.muster/ready': 'false' } },
  })
  await until(cluster, () => readyPods(cluster).length === 2)
  change(cluster, 'Deployment', 'web', { spec: { replicas: 2 } })
  await until(cluster, () => pods(cluster).length === 2)
  t.notOk(pods(cluster).some((pod) => pod.metadata.name === unready))
})

t.test(
  'Pods that are deleted or fail are replaced, crashed ones restart in their place',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    cluster.create(deployment('web', { replicas: 2 }))
    await until(cluster, () => readyPods(cluster).length === 2)
    const annotate = (name: string, key: string) =>
      change(cluster, 'Pod', name, {
        metadata: { annotations: { [`sandbox.muster/${key}`]: 'now' } },
      })
    const [first, second] = readyPods(cluster)
    const { podIP } = first.status
    annotate(first.metadata.name, 'crash')
    await until(cluster, () =>
      readyPods(cluster).some((pod) => pod.status.containerStatuses[0].restartCount === 1),
    )
    const restarted = readyPods(cluster).find((pod) => pod.metadata.name === first.metadata.name)
    t.equal(restarted?.status.podIP, podIP)
    annotate(second.metadata.name, 'delete')
    await until(
      cluster,
      () =>
        readyPods(cluster).length === 2 &&
        !readyPods(cluster).some((pod) => pod.metadata.uid === second.metadata.uid),
    )
    annotate(first.metadata.name, 'fail')
    await until(
      cluster,
      () =>
        readyPods(cluster).length === 2 &&
        !readyPods(cluster).some((pod) => pod.metadata.uid === first.metadata.uid),
    )
  },
)

t.test(
  'deletion takes everything along, in the foreground from the leaves up, or leaves orphans',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    const path = '/apis/apps/v1/namespaces/default/deployments/web'
    const remove = (propagationPolicy: string) =>
      fetch(cluster.url + path, {
        method: 'DELETE',
        headers: { connection: 'close', 'content-type': 'application/json' },
        body: JSON.stringify({ propagationPolicy }),
      })
    const nothing = () =>
      cluster.list('v1', 'Pod').length + cluster.list('apps/v1', 'ReplicaSet').length === 0
    cluster.create(deployment('web'))
    await until(cluster, () => readyPods(cluster).length === 2)
    await remove('Background')
    await until(cluster, nothing)
    cluster.create(deployment('web'))
    await until(cluster, () => readyPods(cluster).length === 2)
    await remove('Foreground')
    await until(cluster, () => cluster.list('apps/v1', 'Deployment').length === 0)
    t.ok(nothing())
    cluster.create(deployment('web'))
    await until(cluster, () => readyPods(cluster).length === 2)
    await remove('Orphan')
    await until(cluster, () => cluster.list('apps/v1', 'Deployment').length === 0)
    t.equal(cluster.list('apps/v1', 'ReplicaSet').length, 1)
    t.equal(readyPods(cluster).length, 2)
  },
)
