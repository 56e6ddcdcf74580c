import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Cluster } from '../../src/sandbox/index.ts'
import type { Json } from '../../src/sandbox/types.ts'
import { aliveCluster, until } from './alive.ts'
import { asWorkloads, keyOf, slicesOf } from './as-workloads.ts'

const objects: Json[] = JSON.parse(
  readFileSync(new URL('../parity/kubernetes/cluster.json', import.meta.url), 'utf8'),
)

/** Services whose hand-written slices no controller would write, each with the reason. */
const LEFT: Record<string, string> = {
  'default/kubernetes': 'the API server itself: no Pods behind it',
  'zoo/head-emptyslice': 'a slice without endpoints has no ports when the controller writes it',
  'zoo/head-pnr-raw': 'not ready in spite of publishNotReadyAddresses',
  'zoo/head-dup': 'one address in two slices',
  'zoo/head-multiaddr': 'two addresses of one family on one endpoint',
  'zoo/head-selectorless': 'endpoints by hand: these come from an Endpoints object below',
  'ghost/noname': 'its namespace does not exist',
}
/** Hand-written targets in another namespace than their slice: a Pod has its Service's. */
const FOREIGN_TARGETS = ['zoo/head', 'zoo/head-hostnames']

t.test('recorded objects as workloads have the slices that were written by hand', async (t) => {
  const cluster = await aliveCluster({ serviceCidrs: ['10.0.0.0/8', 'fd00:10:96::/112'] })
  t.teardown(() => cluster.close())
  const translated = asWorkloads(objects, Object.keys(LEFT))
  t.equal(translated.services.length, 36, 'so many Services are compared')
  cluster.apply(translated.objects)
  const written = handWritten(translated.services)
  await until(cluster, () => count(cluster) === written.length && allThere(cluster))
  for (const { namespace, name } of translated.terminating) {
    cluster.delete({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name } })
  }
  const leaving = () => endpointsOf(all(cluster)).filter((one) => one.conditions.terminating)
  await until(cluster, () => leaving().length === translated.terminating.length)
  for (const key of translated.services) {
    const service = objects.find((one) => one.kind === 'Service' && keyOf(one) === key)
    compare(t, key, slicesOf(objects, service), slicesOf(all(cluster), service), cluster)
  }
})

t.test('endpoints by hand come from an Endpoints object, mirrored', async (t) => {
  const cluster = await aliveCluster()
  t.teardown(() => cluster.close())
  const of = (kind: string) =>
    objects.find((one) => one.kind === kind && one.metadata.name.startsWith('head-selectorless'))
  const hand = of('EndpointSlice')
  const [{ addresses, hostname }] = hand.endpoints
  cluster.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'zoo' } },
    of('Service'),
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'head-selectorless', namespace: 'zoo' },
      subsets: [{ addresses: [{ ip: addresses[0], hostname }], ports: hand.ports }],
    },
  ])
  await until(cluster, () => all(cluster).length === 1)
  const [slice] = all(cluster)
  t.same(slice.ports, hand.ports)
  t.same(slice.endpoints, hand.endpoints)
  t.equal(slice.addressType, hand.addressType)
  t.match(slice.metadata.labels, hand.metadata.labels)
})

t.test('Services without endpoints have no slices while they select nothing', async (t) => {
  const cluster = await aliveCluster({ serviceCidrs: ['10.0.0.0/8', 'fd00:10:96::/112'] })
  t.teardown(() => cluster.close())
  cluster.apply(objects.filter((one) => one.kind === 'Namespace'))
  const bare = objects.filter(
    (one) =>
      one.kind === 'Service' &&
      slicesOf(objects, one).length === 0 &&
      one.metadata.namespace !== 'ghost',
  )
  t.equal(bare.length, 17)
  cluster.apply(bare)
  cluster.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'selecting', namespace: 'zoo' },
    spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] },
  })
  await until(cluster, () => all(cluster).length > 0)
  t.same(
    all(cluster).map((slice) => slice.metadata.labels['kubernetes.io/service-name']),
    ['selecting'],
  )
})

function compare(t: Test, key: string, hand: Json[], made: Json[], cluster: Cluster): void {
  t.same(shapes(made), shapes(hand), `${key}: families, ports and sizes of slices`)
  for (const slice of made) {
    t.match(slice.metadata.labels, hand[0].metadata.labels, `${key}: labels`)
  }
  for (const one of endpointsOf(hand)) {
    const found = endpointsOf(made).filter((other) => other.addresses[0] === one.addresses[0])
    t.equal(found.length, 1, `${key}: ${one.addresses} is there once`)
    if (found.length === 1) compareEndpoint(t, key, one, found[0], cluster)
  }
}

function compareEndpoint(t: Test, key: string, hand: Json, made: Json, cluster: Cluster): void {
  const [address] = hand.addresses
  t.same(made.addresses, hand.addresses)
  t.match(made.conditions, hand.conditions, `${key}: conditions of ${address}`)
  t.equal(made.hostname, hand.hostname, `${key}: hostname of ${address}`)
  const namespace = key.split('/')[0] ?? ''
  const metadata = { name: made.targetRef.name, namespace }
  const pod = cluster.get({ apiVersion: 'v1', kind: 'Pod', metadata })
  t.equal(made.targetRef.kind, 'Pod')
  t.equal(made.targetRef.uid, pod?.metadata.uid, `${key}: target of ${address}`)
  t.equal(made.nodeName, pod?.spec.nodeName, `${key}: node of ${address}`)
  if (hand.targetRef === undefined) return
  t.equal(made.targetRef.name, hand.targetRef.name)
  const foreign = FOREIGN_TARGETS.includes(key)
  t.equal(made.targetRef.namespace, foreign ? namespace : hand.targetRef.namespace)
}

/** Family, ports and number of endpoints of each slice. */
function shapes(slices: Json[]): string[] {
  return slices
    .map(({ addressType, ports, endpoints }) =>
      JSON.stringify([addressType, (ports ?? []).map(portText), endpoints.length]),
    )
    .sort()
}

function portText({ name, port, protocol }: Json): string {
  return `${name} ${port}/${protocol}`
}

function handWritten(keys: string[]): Json[] {
  const services = objects.filter((one) => one.kind === 'Service' && keys.includes(keyOf(one)))
  return endpointsOf(services.flatMap((service) => slicesOf(objects, service)))
}

function all(cluster: Cluster): Json[] {
  return [...cluster.list('discovery.k8s.io/v1', 'EndpointSlice')]
}

function endpointsOf(slices: Json[]): Json[] {
  return slices.flatMap((slice) => slice.endpoints)
}

function count(cluster: Cluster): number {
  return endpointsOf(all(cluster)).length
}

/** Every Pod that is to become ready is. */
function allThere(cluster: Cluster): boolean {
  return cluster.list('v1', 'Pod').every((pod) => {
    const wanted = pod.metadata.annotations?.['sandbox.muster/ready'] !== 'false'
    const uid = pod.metadata.uid
    const known = endpointsOf(all(cluster)).filter((one) => one.targetRef.uid === uid)
    return known.length > 0 && known.every((one) => one.conditions.serving === wanted)
  })
}
