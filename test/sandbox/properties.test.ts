import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import type { Cluster } from '../../src/sandbox/index.ts'
import type { Json } from '../../src/sandbox/types.ts'
import fc from '../fast-check.ts'
import { aliveCluster, change, pods, readyPods, slices } from './alive.ts'
import { deployment, service } from './api.ts'

/** One thing that somebody does to the cluster; numbers choose among what there is. */
type Deed =
  | { do: 'scale' | 'roll' | 'select' | 'publish' | 'remake'; which: number; to: number }
  | { do: 'delete' | 'ready' | 'crash' | 'fail' | 'relabel'; which: number; to: number }

const RUNS = 40
const SERVICES = ['web', 'db', 'both']
const SELECTORS = [{ app: 'web' }, { app: 'db' }, { tier: 'all' }, { app: 'nobody' }]
const PORTS = [{ name: 'http', port: 80, targetPort: 'http' }]

const deeds = fc.array(
  fc.record({
    do: fc.constantFrom(
      ...(['scale', 'roll', 'select', 'publish', 'remake'] as const),
      ...(['delete', 'ready', 'crash', 'fail', 'relabel'] as const),
    ),
    which: fc.nat(1_000),
    to: fc.nat(6),
  }),
  { minLength: 1, maxLength: 15 },
)

t.test(
  'whatever is done, slices say of the Pods and Services what a plain reading says',
  async (t) => {
    const check = async (list: Deed[], pauses: boolean[]) => {
      const cluster = await aliveCluster()
      try {
        begin(cluster)
        await quiet(cluster)
        for (const [index, deed] of list.entries()) {
          act(cluster, deed)
          if (pauses[index % pauses.length]) await quiet(cluster)
        }
        await quiet(cluster)
        for (const name of SERVICES) compare(cluster, name)
        workloadsAreThere(cluster)
      } finally {
        await cluster.close()
      }
    }
    const property = fc.asyncProperty(deeds, fc.array(fc.boolean(), { minLength: 1 }), check)
    await fc.assert(property, { numRuns: RUNS })
    t.pass(`${RUNS} sequences`)
  },
)

function begin(cluster: Cluster): void {
  for (const [index, name] of SERVICES.entries()) cluster.create(serviceOf(name, index))
  const labels = (app: string) => ({ app, tier: 'all' })
  cluster.create(deployment('web', { labels: labels('web') }))
  const extra = { kind: 'StatefulSet', serviceName: 'db', labels: labels('db') }
  cluster.create(deployment('db', extra))
}

function serviceOf(name: string, index: number): Json {
  const dual = index === 2 ? { ipFamilyPolicy: 'RequireDualStack' } : {}
  const headless = index === 1 ? { clusterIP: 'None' } : {}
  return service(name, { selector: SELECTORS[index], ports: PORTS, ...dual, ...headless })
}

function act(cluster: Cluster, deed: Deed): void {
  const { which, to } = deed
  const [kind, workload] = which % 2 === 0 ? ['Deployment', 'web'] : ['StatefulSet', 'db']
  const named = SERVICES[which % SERVICES.length] as string
  const there = pods(cluster)
  const pod = there[which % Math.max(1, there.length)]?.metadata.name
  const annotate = (name: string, value: string | null) =>
    pod && change(cluster, 'Pod', pod, { metadata: { annotations: { [name]: value } } })
  switch (deed.do) {
    case 'scale':
      change(cluster, kind as string, workload as string, { spec: { replicas: to } })
      break
    case 'roll': {
      const containers = [{ name: 'main', image: `x:${to}`, ports: portsOf(to) }]
      const spec = { template: { spec: { containers } } }
      change(cluster, kind as string, workload as string, { spec })
      break
    }
    case 'select': {
      const next = { app: null, tier: null, ...SELECTORS[to % SELECTORS.length] }
      change(cluster, 'Service', named, { spec: { selector: next } })
      break
    }
    case 'publish':
      change(cluster, 'Service', named, { spec: { publishNotReadyAddresses: to % 2 === 0 } })
      break
    case 'remake':
      cluster.delete({ apiVersion: 'v1', kind: 'Service', metadata: { name: named } })
      cluster.create(serviceOf(named, SERVICES.indexOf(named)))
      break
    case 'delete':
      if (pod) cluster.delete({ apiVersion: 'v1', kind: 'Pod', metadata: { name: pod } })
      break
    case 'ready':
      annotate('sandbox.muster/ready', to % 2 === 0 ? 'false' : null)
      break
    case 'crash':
      annotate('sandbox.muster/crash', String(which))
      break
    case 'fail':
      annotate('sandbox.muster/fail', 'yes')
      break
    case 'relabel':
      if (pod)
        change(cluster, 'Pod', pod, { metadata: { labels: { tier: to % 2 ? 'all' : 'none' } } })
      break
  }
}

function portsOf(to: number): Json[] {
  return to === 0 ? [] : [{ name: 'http', containerPort: 8_080 + (to % 2) }]
}

/** Waits until nothing changes any more. */
async function quiet(cluster: Cluster): Promise<void> {
  for (let still = 0, revision = -1; still < 3; ) {
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    await sleep(1)
    still = cluster.storage.revision === revision ? still + 1 : 0
    revision = cluster.storage.revision
  }
}

/** The endpoints of a Service as its Pods give them: one line each. */
function expected(cluster: Cluster, made: Json): string[] {
  const { selector, ipFamilies, ports, publishNotReadyAddresses } = made.spec
  const chosen = cluster.list('v1', 'Pod').filter((pod) => {
    const matches = Object.entries(selector).every(
      ([key, value]) => pod.metadata.labels?.[key] === value,
    )
    return matches && !['Failed', 'Succeeded'].includes(pod.status.phase)
  })
  return chosen.flatMap((pod) => {
    const serving = readyPods(cluster).some((one) => one.metadata.uid === pod.metadata.uid)
    const ready = publishNotReadyAddresses === true || serving
    const [container] = pod.spec.containers
    const target = (container.ports ?? []).find((one: Json) => one.name === ports[0].targetPort)
    const ip = (family: string) =>
      (pod.status.podIPs ?? []).find((one: Json) => one.ip.includes(':') === (family === 'IPv6'))
        ?.ip
    const hostname = pod.spec.subdomain === made.metadata.name ? pod.spec.hostname : undefined
    return ipFamilies
      .filter((family: string) => ip(family) !== undefined)
      .map((family: string) =>
        line(family, ip(family), target?.containerPort, ready, serving, hostname, pod.metadata.uid),
      )
  })
}

function line(...facts: unknown[]): string {
  return facts.map(String).join(' ')
}

function compare(cluster: Cluster, name: string): void {
  const made = cluster.get({ apiVersion: 'v1', kind: 'Service', metadata: { name } }) as Json
  const found = slices(cluster, name)
  const lines = found.flatMap(({ addressType, endpoints, ports }) =>
    endpoints.map(({ addresses, conditions, hostname, targetRef }: Json) =>
      line(
        addressType,
        addresses[0],
        ports[0]?.port,
        conditions.ready,
        conditions.serving,
        hostname,
        targetRef.uid,
      ),
    ),
  )
  same(lines.sort(), expected(cluster, made).sort(), `${name}: endpoints`)
  const families = new Set(found.map((slice) => slice.addressType))
  same([...families].sort(), [...made.spec.ipFamilies].sort(), `${name}: families`)
  const owners = found.map((slice) => slice.metadata.ownerReferences[0].uid)
  same([...new Set(owners)], [made.metadata.uid], `${name}: owner`)
}

/** With every Pod ready, workloads have what they ask for, of their present template. */
function workloadsAreThere(cluster: Cluster): void {
  const there = pods(cluster)
  if (readyPods(cluster).length < there.length) return
  for (const kind of ['Deployment', 'StatefulSet']) {
    const [workload] = cluster.list('apps/v1', kind) as [Json]
    const app = workload.metadata.name
    const own = there.filter((pod) => pod.metadata.labels.app === app)
    const image = workload.spec.template.spec.containers[0].image
    same(
      own.map((pod) => pod.spec.containers[0].image),
      Array(workload.spec.replicas).fill(image),
      `${app}: Pods of the present template`,
    )
    if (kind === 'Deployment') continue
    const names = Array.from({ length: workload.spec.replicas }, (_, i) => `${app}-${i}`)
    same(
      own.map((pod) => pod.metadata.name),
      names,
      'ordinals',
    )
  }
}

function same(found: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found, null, 1), JSON.stringify(wanted, null, 1)]
  if (a !== b) throw new Error(`${what}\nfound ${a}\nwanted ${b}`)
}
