import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createCluster } from '../../src/sandbox/index.ts'
import { RESOURCES } from '../../src/sandbox/resources.ts'
import { blocksOf, words } from './corefile.ts'
import { assertHardened, COREDNS_RULES } from './hardened.ts'
import {
  called,
  deploy,
  KUSTOMIZATIONS,
  type KubeObject,
  kustomize,
  lacksKustomize,
  only,
} from './rendered.ts'
import { problemsOf } from './schemas.ts'

const lack = lacksKustomize()
if (lack !== undefined) {
  t.comment(`not rendered: ${lack}`)
  t.plan(0, lack)
  process.exit(0)
}

const rendered = new Map(KUSTOMIZATIONS.map((folder) => [folder, kustomize(folder)]))
const of = (folder: string) => rendered.get(folder) as KubeObject[]

t.test('there are overlays for each way to deploy', async (t) => {
  t.strictSame([...rendered.keys()].sort(), [
    'base',
    'overlays/autoscale-hpa',
    'overlays/autoscale-proportional',
    'overlays/eks',
    'overlays/k3s',
    'overlays/kubeadm',
    'overlays/node-local',
  ])
})

for (const [folder, objects] of rendered) {
  t.test(`${folder}: each object fits its published schema, field by field`, async (t) => {
    for (const object of objects) t.strictSame(await problemsOf(object), [], called(object))
  })

  t.test(
    `${folder}: the servers may list and watch what CoreDNS may, and nothing else`,
    async (t) => {
      const rights = objects.filter(
        ({ kind, metadata }) => /Role$/.test(kind) && !metadata.name.endsWith('-autoscaler'),
      )
      t.strictSame(rights.map(called), ['ClusterRole/system:muster'])
      t.strictSame(rights[0].rules, COREDNS_RULES)
      const { roleRef, subjects } = only(objects, 'ClusterRoleBinding', 'system:muster')
      t.match(roleRef, { kind: 'ClusterRole', name: 'system:muster' })
      t.strictSame(subjects, [{ kind: 'ServiceAccount', name: 'muster', namespace: 'kube-system' }])
      t.match(only(objects, 'ServiceAccount', 'muster'), { metadata: { namespace: 'kube-system' } })
    },
  )

  t.test(`${folder}: no Pod needs root, a capability or a file to write to`, async (t) => {
    const workloads = objects.filter(({ kind }) => /^(Deployment|DaemonSet)$/.test(kind))
    t.not(workloads.length, 0)
    for (const workload of workloads) assertHardened(t, workload)
  })

  t.test(`${folder}: selectors find the Pods, and references their objects`, async (t) => {
    const named = new Set(objects.map(called))
    for (const { kind, spec } of objects.filter((object) => object.spec?.template)) {
      const { metadata, spec: pod } = spec.template
      t.match(metadata.labels, spec.selector.matchLabels, kind)
      const { serviceAccountName, automountServiceAccountToken } = pod
      if (automountServiceAccountToken !== false)
        t.ok(named.has(`ServiceAccount/${serviceAccountName}`))
      for (const { configMap } of pod.volumes ?? []) {
        const own = named.has(`ConfigMap/${configMap.name}`)
        t.ok(own || /^coredns(-custom)?$/.test(configMap.name), configMap.name)
      }
    }
    const pods = objects.flatMap((object) => object.spec?.template?.metadata?.labels ?? [])
    for (const { spec } of objects.filter(({ kind }) => kind === 'Service')) {
      t.ok(
        pods.some((labels) => subset(spec.selector, labels)),
        'somebody is behind the Service',
      )
    }
  })

  t.test(`${folder}: each Corefile is one, of plugins that there are`, async (t) => {
    for (const { data } of objects.filter(({ kind }) => kind === 'ConfigMap')) {
      if (data.Corefile === undefined) continue
      const blocks = blocksOf(data.Corefile, { KUBE_DNS_UPSTREAM_SERVICE_HOST: '10.96.7.7' })
      t.ok(blocks.length > 0)
      t.ok(blocks.some(({ directives }) => directives.has('ready') && directives.has('health')))
    }
  })

  t.test(`${folder}: a server takes the objects of the kinds it knows`, async (t) => {
    const cluster = await createCluster()
    t.teardown(() => cluster.close())
    const taken = objects.filter(({ apiVersion, kind }) =>
      RESOURCES.some((resource) => resource.apiVersion === apiVersion && resource.kind === kind),
    )
    t.ok(taken.some(({ kind }) => kind === 'Deployment'))
    for (const object of taken) {
      t.doesNotThrow(() => cluster.create(object, { fieldValidation: 'Strict' }), called(object))
    }
  })
}

t.test('the base has the Corefile that kubeadm has now', async (t) => {
  const { data } = only(of('base'), 'ConfigMap')
  t.equal(data.Corefile, readFileSync(join(deploy, 'base/Corefile'), 'utf8'))
  const [block, ...others] = blocksOf(data.Corefile)
  t.strictSame(others, [])
  t.strictSame(
    [...(block?.directives.keys() ?? [])],
    [
      'errors',
      'health',
      'ready',
      'kubernetes',
      'prometheus',
      'forward',
      'cache',
      'loop',
      'reload',
      'loadbalance',
    ],
  )
  t.equal(words(block, 'forward')?.join(' '), 'forward . /etc/resolv.conf { max_concurrent 1000 }')
  t.equal(
    words(block, 'cache')?.join(' '),
    'cache 30 { disable success cluster.local disable denial cluster.local }',
  )
})

t.test('the base is reached at the usual address, by UDP and TCP, and is scraped', async (t) => {
  const { spec, metadata } = only(of('base'), 'Service')
  t.match(metadata, {
    name: 'kube-dns',
    namespace: 'kube-system',
    labels: { 'k8s-app': 'kube-dns' },
  })
  t.equal(metadata.annotations['prometheus.io/port'], '9153')
  t.equal(spec.clusterIP, '10.96.0.10')
  t.strictSame(
    spec.ports.map(({ name, port, protocol }: KubeObject) => `${name} ${port}/${protocol}`),
    ['dns 53/UDP', 'dns-tcp 53/TCP', 'metrics 9153/TCP'],
  )
})

t.test(
  'a roll takes no server away before the next one is ready, and there is time to drain',
  async (t) => {
    const { spec } = only(of('base'), 'Deployment')
    t.match(spec.strategy.rollingUpdate, { maxSurge: 1, maxUnavailable: 0 })
    t.ok(spec.template.spec.terminationGracePeriodSeconds > 25)
    const [container] = spec.template.spec.containers
    t.match(container.readinessProbe.httpGet, { path: '/ready', port: 'readiness-probe' })
    t.match(container.livenessProbe.httpGet, { path: '/health', port: 'liveness-probe' })
    const port = (name: string) =>
      container.ports.find((entry: KubeObject) => entry.name === name).containerPort
    t.strictSame([port('readiness-probe'), port('liveness-probe')], [8181, 8080])
    t.match(only(of('base'), 'PodDisruptionBudget').spec, { maxUnavailable: 1 })
  },
)

for (const folder of ['overlays/kubeadm', 'overlays/k3s', 'overlays/eks']) {
  t.test(
    `${folder}: stands beside CoreDNS, reads its Corefile and touches nothing of it`,
    async (t) => {
      const objects = of(folder)
      t.strictSame(objects.map(called).sort(), [
        'ClusterRole/system:muster',
        'ClusterRoleBinding/system:muster',
        'Deployment/muster',
        'PodDisruptionBudget/muster',
        'ServiceAccount/muster',
      ])
      const { metadata, spec } = only(objects, 'Deployment')
      t.equal(
        metadata.labels['k8s-app'],
        undefined,
        'kubeadm upgrades want one Deployment so labelled',
      )
      t.equal(
        spec.template.metadata.labels['k8s-app'],
        'kube-dns',
        'the kube-dns Service selects it',
      )
      const [volume] = spec.template.spec.volumes
      t.match(volume, { name: 'config-volume', configMap: { name: 'coredns' } })
    },
  )
}

t.test('in k3s the names of nodes and the custom files are there', async (t) => {
  const { spec } = only(of('overlays/k3s'), 'Deployment')
  const [config, custom] = spec.template.spec.volumes
  t.strictSame(
    config.configMap.items.map(({ path }: KubeObject) => path),
    ['Corefile', 'NodeHosts'],
  )
  t.match(custom.configMap, { name: 'coredns-custom', optional: true })
  t.match(spec.template.spec.containers[0].volumeMounts[1], { mountPath: '/etc/coredns/custom' })
})

t.test('with an autoscaler nobody else says how many there are', async (t) => {
  for (const folder of ['overlays/autoscale-hpa', 'overlays/autoscale-proportional']) {
    t.notOk('replicas' in only(of(folder), 'Deployment', 'muster').spec, folder)
  }
  const { scaleTargetRef } = only(of('overlays/autoscale-hpa'), 'HorizontalPodAutoscaler').spec
  t.strictSame(scaleTargetRef, { apiVersion: 'apps/v1', kind: 'Deployment', name: 'muster' })
  const objects = of('overlays/autoscale-proportional')
  const { command } = only(objects, 'Deployment', 'muster-autoscaler').spec.template.spec
    .containers[0]
  t.ok(command.includes('--target=deployment/muster'))
  t.ok(command.includes('--configmap=muster-autoscaler'))
  const { linear } = only(objects, 'ConfigMap', 'muster-autoscaler').data
  t.match(JSON.parse(linear), { coresPerReplica: 256, nodesPerReplica: 16, min: 2 })
})

t.test('a cache on each node takes the address, and asks the servers behind it', async (t) => {
  const objects = of('overlays/node-local')
  const { spec } = only(objects, 'Service', 'kube-dns')
  t.match(spec, { clusterIP: '10.96.0.10', trafficDistribution: 'PreferSameNode' })
  const node = only(objects, 'DaemonSet')
  t.ok(subset(spec.selector, node.spec.template.metadata.labels))
  const upstream = only(objects, 'Service', 'kube-dns-upstream')
  const servers = only(objects, 'Deployment')
  t.ok(subset(upstream.spec.selector, servers.spec.template.metadata.labels))
  t.notOk(subset(upstream.spec.selector, node.spec.template.metadata.labels), 'no loop')
  t.equal(node.spec.template.spec.automountServiceAccountToken, false)
  t.notOk(node.spec.template.spec.hostNetwork)
  const host = { KUBE_DNS_UPSTREAM_SERVICE_HOST: '10.96.7.7' }
  const [cluster] = blocksOf(only(objects, 'ConfigMap', 'muster-node').data.Corefile, host)
  t.equal(words(cluster, 'forward')?.join(' '), 'forward . 10.96.7.7 { force_tcp }')
})

/** Whether labels have all that a selector wants. */
function subset(selector: Record<string, string>, labels: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value)
}
