import t from 'tap'
import { systemClock } from '../../src/sandbox/clock.ts'
import type { ControllerContext } from '../../src/sandbox/controllers/context.ts'
import {
  MAX_ENDPOINTS_IN_OBJECT,
  writeEndpoints,
} from '../../src/sandbox/controllers/endpointsobject.ts'
import { createCluster } from '../../src/sandbox/index.ts'
import type { Json } from '../../src/sandbox/types.ts'
import { aliveCluster, change, endpoints, pods, readyPods, slices, until } from './alive.ts'
import { deployment, service } from './api.ts'

const TRIGGER = 'endpoints.kubernetes.io/last-change-trigger-time'
const readinessTime = (pod: Json) =>
  pod.status.conditions.find((one: Json) => one.type === 'Ready').lastTransitionTime

const web = (extra = {}) =>
  service('web', {
    selector: { app: 'web' },
    ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    ...extra,
  })

t.test(
  'a slice has the labels, owner, ports and endpoints that the real controller gives it',
  async (t) => {
    const cluster = await aliveCluster()
    t.teardown(() => cluster.close())
    cluster.create(web({ labels: { team: 'a' }, clusterIP: 'None' }))
    cluster.create(deployment('web'))
    await until(
      cluster,
      () => endpoints(cluster, 'web').filter((one) => one.conditions.ready).length === 2,
    )
    const [slice] = slices(cluster, 'web')
    t.match(slice.metadata.name, /^web-[a-z0-9]{5}$/)
    t.same(slice.metadata.labels, {
      team: 'a',
      'service.kubernetes.io/headless': '',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
    })
    const ready = pods(cluster).map(readinessTime)
    const created = cluster.list('v1', 'Service')[0]?.metadata.creationTimestamp
    t.ok([...ready, created].includes(slice.metadata.annotations[TRIGGER]))
    t.equal(slice.metadata.ownerReferences[0].kind, 'Service')
    t.same(slice.ports, [{ name: 'http', port: 8080, protocol: 'TCP' }])
    const [pod] = pods(cluster)
    const endpoint = slice.endpoints.find(
      (one: { targetRef: { name: string } }) => one.targetRef.name === pod.metadata.name,
    )
    t.same(endpoint, {
      addresses: [pod.status.podIP],
      conditions: { ready: true, serving: true, terminating: false },
      targetRef: {
        kind: 'Pod',
        namespace: 'default',
        name: pod.metadata.name,
        uid: pod.metadata.uid,
      },
      nodeName: pod.spec.nodeName,
      zone: `zone-${pod.spec.nodeName.at(-1)}`,
    })
    const [object] = cluster.list('v1', 'Endpoints')
    t.equal(object?.subsets[0].addresses.length, 2)
  },
)

t.test('the trigger time is that of what changed, and goes with other changes', async (t) => {
  const clock = { ...systemClock, now: () => now }
  let now = Date.parse('2026-01-01T00:00:00.700Z')
  const cluster = await aliveCluster({ clock })
  t.teardown(() => cluster.close())
  const trigger = () => slices(cluster, 'web')[0]?.metadata.annotations?.[TRIGGER]
  cluster.create(web())
  await until(cluster, () => slices(cluster, 'web').length === 1)
  t.equal(trigger(), '2026-01-01T00:00:00Z', 'the creation of the Service')
  now += 5_000
  cluster.create(deployment('web', { replicas: 1 }))
  await until(cluster, () => endpoints(cluster, 'web').some((one) => one.conditions.ready))
  t.equal(trigger(), '2026-01-01T00:00:05Z', 'the readiness of a Pod')
  now += 5_000
  change(cluster, 'Service', 'web', { metadata: { labels: { team: 'b' } } })
  await until(cluster, () => slices(cluster, 'web')[0]?.metadata.labels.team === 'b')
  t.equal(trigger(), undefined, 'a label of the Service is nothing that a Pod did')
})

t.test('an Endpoints object holds 1,000 addresses and says that there are more', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const made = cluster.create(web())
  const endpointsOf = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      addresses: [`10.1.${i >> 8}.${i & 255}`],
      conditions: { ready: i % 2 === 0, terminating: false },
    }))
  const write = (count: number) => {
    const groups = [{ addressType: 'IPv4' as const, ports: [], endpoints: endpointsOf(count) }]
    writeEndpoints({ registry: cluster.registry } as ControllerContext, made, groups, undefined)
    const [object] = cluster.list('v1', 'Endpoints') as [Json]
    const [{ addresses, notReadyAddresses }] = object.subsets
    const said = object.metadata.annotations?.['endpoints.kubernetes.io/over-capacity']
    return [addresses.length + notReadyAddresses.length, said]
  }
  t.same(write(MAX_ENDPOINTS_IN_OBJECT), [1_000, undefined])
  t.same(write(MAX_ENDPOINTS_IN_OBJECT + 1), [1_000, 'truncated'])
  t.same(write(2), [2, undefined])
})

t.test('slices hold 100 endpoints at most, and changes are made in place', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(web())
  cluster.create(deployment('web', { replicas: 230 }))
  await until(
    cluster,
    () => endpoints(cluster, 'web').filter((one) => one.conditions.ready).length === 230,
  )
  t.same(
    slices(cluster, 'web')
      .map((slice) => slice.endpoints.length)
      .sort(),
    [100, 100, 30],
  )
  const place = () =>
    slices(cluster, 'web').map((slice) =>
      slice.endpoints.map((one: { targetRef: { name: string } }) => one.targetRef.name),
    )
  const before = place()
  const name = before.find((one) => one.length === 100)?.[50]
  change(cluster, 'Pod', name, { metadata: { annotations: { 'sandbox.muster/ready': 'false' } } })
  await until(cluster, () => endpoints(cluster, 'web').some((one) => !one.conditions.ready))
  t.same(place(), before)
})

t.test('publishNotReadyAddresses says ready of Pods that are not serving', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(web())
  cluster.create({
    ...web({ publishNotReadyAddresses: true }),
    metadata: { name: 'all', namespace: 'default' },
  })
  const template = { annotations: { 'sandbox.muster/ready': 'false' } }
  cluster.create(deployment('web', { replicas: 1, template }))
  await until(
    cluster,
    () => endpoints(cluster, 'all').length + endpoints(cluster, 'web').length === 2,
  )
  t.same(endpoints(cluster, 'web')[0].conditions, {
    ready: false,
    serving: false,
    terminating: false,
  })
  t.same(endpoints(cluster, 'all')[0].conditions, {
    ready: true,
    serving: false,
    terminating: false,
  })
})

t.test('a Pod that stops is terminating and serving until it is gone', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(web())
  cluster.create(
    deployment('web', {
      replicas: 1,
      template: { annotations: { 'sandbox.muster/stop-delay': '25s' } },
    }),
  )
  await until(cluster, () => endpoints(cluster, 'web').some((one) => one.conditions.ready))
  const [old] = readyPods(cluster)
  const [before] = slices(cluster, 'web')
  change(cluster, 'Deployment', 'web', { spec: { replicas: 0 } })
  await until(cluster, () => endpoints(cluster, 'web').some((one) => one.conditions.terminating))
  t.same(endpoints(cluster, 'web')[0].conditions, {
    ready: false,
    serving: true,
    terminating: true,
  })
  const path = `/api/v1/namespaces/default/pods/${old.metadata.name}?gracePeriodSeconds=0`
  await fetch(cluster.url + path, { method: 'DELETE', headers: { connection: 'close' } })
  await until(cluster, () => endpoints(cluster, 'web').length === 0)
  const left = slices(cluster, 'web')
  t.same(
    left.map((slice) => [slice.metadata.uid, slice.ports]),
    [[before?.metadata.uid, []]],
    'the last slice stays, without endpoints and ports',
  )
})

t.test('each family of a dual-stack Service has slices of its own', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(web({ ipFamilyPolicy: 'RequireDualStack', clusterIP: 'None' }))
  cluster.create(deployment('web', { replicas: 2 }))
  await until(
    cluster,
    () => endpoints(cluster, 'web').filter((one) => one.conditions.ready).length === 4,
  )
  t.same(
    slices(cluster, 'web')
      .map((slice) => slice.addressType)
      .sort(),
    ['IPv4', 'IPv6'],
  )
})

t.test('Endpoints written by hand for a Service without selector are mirrored', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(service('manual', { clusterIP: 'None' }))
  cluster.create({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'manual', namespace: 'default' },
    subsets: [
      {
        addresses: [{ ip: '192.0.2.1', hostname: 'a' }],
        notReadyAddresses: [{ ip: '192.0.2.2' }],
        ports: [{ port: 80 }],
      },
    ],
  })
  await until(cluster, () => endpoints(cluster, 'manual').length === 2)
  t.same(endpoints(cluster, 'manual'), [
    { addresses: ['192.0.2.1'], conditions: { ready: true }, hostname: 'a' },
    { addresses: ['192.0.2.2'], conditions: { ready: false } },
  ])
  cluster.delete({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'manual', namespace: 'default' },
  })
  await until(cluster, () => slices(cluster, 'manual').length === 0)
})

t.test('a deleted Service takes its slices and Endpoints along', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  cluster.create(web())
  await until(cluster, () => slices(cluster, 'web').length === 1)
  cluster.delete({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
  })
  await until(cluster, () => slices(cluster, 'web').length === 0)
  await until(cluster, () => cluster.list('v1', 'Endpoints').length === 0)
})
