import t from 'tap'
import type { Cluster } from '../../src/sandbox/index.ts'
import { aliveCluster, change, endpoints, podNames, readyPods, until } from './alive.ts'
import { ask, deployment, service } from './api.ts'

const set = (extra = {}) =>
  deployment('db', { kind: 'StatefulSet', serviceName: 'db', replicas: 3, ...extra })
const observed = (cluster: Cluster) =>
  cluster.list('apps/v1', 'StatefulSet')[0]?.status.observedGeneration
const headless = service('db', {
  clusterIP: 'None',
  selector: { app: 'db' },
  ports: [{ name: 'mysql', port: 3306 }],
})

t.test(
  'Pods start in order, each after the one before is ready, and have names under the Service',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    const started: string[] = []
    cluster.storage.subscribe(({ type, object }) => {
      if (object.kind !== 'Pod' || type !== 'ADDED') return
      started.push(`${object.metadata.name} after ${readyPods(cluster).length}`)
    })
    cluster.create(headless)
    cluster.create(set())
    await until(cluster, () => readyPods(cluster).length === 3)
    t.same(started, ['db-0 after 0', 'db-1 after 1', 'db-2 after 2'])
    await until(
      cluster,
      () => endpoints(cluster, 'db').filter((one) => one.conditions.ready).length === 3,
    )
    t.same(
      endpoints(cluster, 'db').map((one) => one.hostname),
      ['db-0', 'db-1', 'db-2'],
    )
    const [pod] = readyPods(cluster)
    t.equal(pod.spec.subdomain, 'db')
    t.equal(pod.metadata.labels['statefulset.kubernetes.io/pod-name'], 'db-0')
    t.equal(pod.metadata.labels['apps.kubernetes.io/pod-index'], '0')
  },
)

t.test('an unready Pod holds up the next one; Parallel does not wait', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const template = { annotations: { 'sandbox.muster/ready': 'false' } }
  cluster.create(set({ template }))
  await until(cluster, () => cluster.list('apps/v1', 'StatefulSet')[0]?.status.replicas === 1)
  t.same(podNames(cluster), ['db-0'])
  cluster.create(
    deployment('all', {
      kind: 'StatefulSet',
      serviceName: 'x',
      replicas: 3,
      podManagementPolicy: 'Parallel',
      template,
    }),
  )
  await until(cluster, () => podNames(cluster).length === 4)
  t.same(podNames(cluster), ['all-0', 'all-1', 'all-2', 'db-0'])
})

t.test('scaling down stops the highest first, one at a time', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(set())
  await until(cluster, () => readyPods(cluster).length === 3)
  const gone: string[] = []
  cluster.storage.subscribe(({ type, object }) => {
    if (object.kind === 'Pod' && type === 'DELETED') gone.push(object.metadata.name)
  })
  change(cluster, 'StatefulSet', 'db', { spec: { replicas: 1 } })
  await until(cluster, () => cluster.list('v1', 'Pod').length === 1)
  t.same(gone, ['db-2', 'db-1'])
})

t.test(
  'scaling down in order waits for Pods that are not ready, the lowest of them apart',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    cluster.create(set({ replicas: 4 }))
    await until(cluster, () => readyPods(cluster).length === 4)
    const unready = (name: string, value: string | null) =>
      change(cluster, 'Pod', name, { metadata: { annotations: { 'sandbox.muster/ready': value } } })
    unready('db-2', 'false')
    unready('db-3', 'false')
    await until(cluster, () => readyPods(cluster).length === 2)
    change(cluster, 'StatefulSet', 'db', { spec: { replicas: 2 } })
    await until(cluster, () => observed(cluster) === 2)
    t.same(podNames(cluster), ['db-0', 'db-1', 'db-2', 'db-3'], 'db-3 waits for db-2')
    unready('db-3', null)
    await until(cluster, () => podNames(cluster).length === 2)
    t.same(podNames(cluster), ['db-0', 'db-1'])
  },
)

t.test('a Parallel update does not wait for Pods below that are not ready', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(set({ podManagementPolicy: 'Parallel' }))
  await until(cluster, () => readyPods(cluster).length === 3)
  const annotations = { 'sandbox.muster/ready': 'false' }
  change(cluster, 'Pod', 'db-0', { metadata: { annotations } })
  await until(cluster, () => readyPods(cluster).length === 2)
  const containers = [{ name: 'main', image: 'nginx:1.28' }]
  change(cluster, 'StatefulSet', 'db', { spec: { template: { spec: { containers } } } })
  const images = () => readyPods(cluster).map((pod) => pod.spec.containers[0].image)
  await until(cluster, () => images().filter((image) => image === 'nginx:1.28').length === 3)
  t.equal(images().length, 3)
})

t.test('a rolling update goes from the highest down to the partition', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 1 } }
  cluster.create(set({ updateStrategy }))
  await until(cluster, () => readyPods(cluster).length === 3)
  const gone: string[] = []
  cluster.storage.subscribe(({ type, object }) => {
    if (object.kind === 'Pod' && type === 'DELETED') gone.push(object.metadata.name)
  })
  const containers = [{ name: 'main', image: 'nginx:1.28' }]
  change(cluster, 'StatefulSet', 'db', { spec: { template: { spec: { containers } } } })
  const images = () => readyPods(cluster).map((pod) => pod.spec.containers[0].image)
  await until(cluster, () => images().length === 3 && images()[1] === 'nginx:1.28')
  t.same(gone, ['db-2', 'db-1'])
  t.same(images(), ['nginx:1.27', 'nginx:1.28', 'nginx:1.28'])
})

t.test(
  'a restarted Pod keeps its name and gets another address, which the name follows',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    cluster.create(headless)
    cluster.create(set())
    await until(
      cluster,
      () => endpoints(cluster, 'db').filter((one) => one.conditions.ready).length === 3,
    )
    const before = endpoints(cluster, 'db').find((one) => one.hostname === 'db-1')
    cluster.delete({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'db-1', namespace: 'default' },
    })
    await until(cluster, () => {
      const now = endpoints(cluster, 'db').find((one) => one.hostname === 'db-1')
      return now?.conditions.ready === true && now.targetRef.uid !== before?.targetRef.uid
    })
    const after = endpoints(cluster, 'db').find((one) => one.hostname === 'db-1')
    t.not(after?.addresses[0], before?.addresses[0])
  },
)

t.test('a StatefulSet whose serviceName names no Service is told so by an Event', async (t) => {
  let now = Date.parse('2026-01-01T00:00:00Z')
  const tasks: { at: number; task: () => void }[] = []
  const clock = {
    now: () => now,
    after(delay: number, task: () => void) {
      const entry = { at: now + delay, task }
      tasks.push(entry)
      return () => {
        entry.at = Number.POSITIVE_INFINITY
      }
    },
  }
  const cluster = await aliveCluster({ clock })
  t.teardown(() => cluster.close())
  cluster.create(set({ replicas: 1 }))
  await until(cluster, () => readyPods(cluster).length === 1)
  const events = () =>
    cluster.list('v1', 'Event').filter((one) => one.reason === 'GoverningServiceNotFound')
  t.equal(events().length, 0)
  now += 3_000
  for (const one of tasks.filter((entry) => entry.at <= now)) one.task()
  await until(cluster, () => events().length === 1)
  t.equal(events()[0]?.type, 'Warning')
  t.match(events()[0]?.message, /names the Service "db", which is not in namespace "default"/)
})

t.test('who writes a StatefulSet whose governing Service is missing is warned', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const path = '/apis/apps/v1/namespaces/default/statefulsets'
  const before = await ask(cluster, 'POST', path, set())
  t.equal(
    before.headers.get('warning'),
    '299 - "spec.serviceName: there is no Service \\"db\\" in namespace \\"default\\" yet; without it the Pods have no names of their own"',
  )
  const nameless = deployment('none', { kind: 'StatefulSet' })
  const without = await ask(cluster, 'POST', path, nameless)
  t.match(without.headers.get('warning'), 'no Service is named')
  cluster.create(headless)
  const after = await ask(cluster, 'PUT', `${path}/db`, set())
  t.equal(after.headers.get('warning'), null)
})
