import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Cluster, createCluster } from '../../src/sandbox/index.ts'
import { RESOURCES } from '../../src/sandbox/resources.ts'
import { until } from '../until.ts'
import { deploy, type KubeObject, kustomize, lacksKustomize, only, root } from './rendered.ts'

const page = readFileSync(join(root, 'docs/migration.md'), 'utf8')

/** The commands of the page's section with a title. */
function commandsOf(title: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? ''
  return [...section.matchAll(/^\$ (.*)$/gm)].map((match) => match[1] as string)
}

t.test('two commands lead there, and two back', async (t) => {
  t.strictSame(commandsOf('There'), [
    'kubectl apply -k deploy/overlays/kubeadm && kubectl -n kube-system rollout status deployment/muster',
    'kubectl -n kube-system scale deployment/coredns --replicas=0',
  ])
  t.strictSame(commandsOf('Back'), [
    'kubectl -n kube-system scale deployment/coredns --replicas=2 && kubectl -n kube-system rollout status deployment/coredns',
    'kubectl delete -k deploy/overlays/kubeadm',
  ])
})

const skip = lacksKustomize() ?? false

t.test('the page and the overlays are of one mind about the image', { skip }, async (t) => {
  const kustomization = readFileSync(join(deploy, 'base/kustomization.yaml'), 'utf8')
  t.match(page, /sed -i 's\|newName: muster\|/)
  t.match(kustomization, /newName: muster\n/)
})

t.test('the kube-dns Service always has servers behind it, there and back', { skip }, async (t) => {
  const cluster = await createCluster({
    controllers: { times: { startMs: 0, readyMs: 20, stopMs: 20 } },
  })
  t.teardown(() => cluster.close())
  cluster.apply(clusterOfKubeadm())
  const serve = (...servers: string[]) => until(() => behind(cluster).join() === servers.join())
  await serve('coredns', 'coredns')
  const muster = known(kustomize('overlays/kubeadm'))

  for (const object of muster) cluster.create(object)
  await serve('coredns', 'coredns', 'muster', 'muster')
  scale(cluster, 0)
  await serve('muster', 'muster')

  scale(cluster, 2)
  await serve('coredns', 'coredns', 'muster', 'muster')
  for (const object of muster) cluster.delete(object)
  await serve('coredns', 'coredns')
  t.ok(cluster.get(only(clusterOfKubeadm(), 'Service')), 'the Service is as it was')
  t.ok(cluster.get(only(clusterOfKubeadm(), 'ConfigMap')), 'the Corefile is where it was')
})

/** The objects of kinds that the embedded cluster has. */
function known(objects: KubeObject[]): KubeObject[] {
  return objects.filter(({ apiVersion, kind }) =>
    RESOURCES.some((resource) => resource.apiVersion === apiVersion && resource.kind === kind),
  )
}

function scale(cluster: Cluster, replicas: number): void {
  const deployment = only(clusterOfKubeadm(), 'Deployment')
  const patch = { spec: { replicas } }
  cluster.patch(deployment, { type: 'merge', body: patch })
}

/** Which servers are ready behind kube-dns: the name of each one's Deployment, sorted. */
function behind(cluster: Cluster): string[] {
  const slices = cluster.list('discovery.k8s.io/v1', 'EndpointSlice', 'kube-system') as KubeObject[]
  return slices
    .filter(({ metadata }) => metadata.labels['kubernetes.io/service-name'] === 'kube-dns')
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions.ready)
    .map(({ targetRef }) => targetRef.name.split('-')[0])
    .sort()
}

/** What kubeadm installs, as far as it matters here. */
function clusterOfKubeadm(): KubeObject[] {
  const labels = { 'k8s-app': 'kube-dns' }
  const namespace = 'kube-system'
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'coredns', namespace },
      data: { Corefile: '.:53 {\n}\n' },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace, labels },
      spec: {
        clusterIP: '10.96.0.10',
        selector: labels,
        ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'coredns', namespace, labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'coredns', image: 'coredns/coredns' }] },
        },
      },
    },
  ]
}
