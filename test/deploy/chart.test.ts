import t, { type Test } from 'tap'
import { blocksOf, words } from './corefile.ts'
import { assertHardened, COREDNS_RULES } from './hardened.ts'
import { called, helm, helmTemplate, type KubeObject, only } from './rendered.ts'
import { hasSchema, problemsOf } from './schemas.ts'

if (helm() === undefined) {
  const lack = 'no helm on PATH; the suite test/clients/deploy.suite.ts installs one'
  t.comment(`not rendered: ${lack}`)
  t.plan(0, lack)
  process.exit(0)
}

/** Kinds of others' projects, whose schemas are not published as a package. */
const WITHOUT_SCHEMA = ['CiliumLocalRedirectPolicy', 'ScaledObject']

/** A values file as CoreDNS's chart documents its values, each of them set. */
const EVERYTHING = {
  nameOverride: 'dns',
  fullnameOverride: 'cluster-dns',
  k8sAppLabelOverride: 'kube-dns',
  image: {
    repository: 'registry.example/muster',
    tag: '1.2.3',
    pullSecrets: ['key', { name: 'b' }],
  },
  replicaCount: 3,
  resources: {
    limits: { cpu: '100m', memory: '128Mi' },
    requests: { cpu: '100m', memory: '128Mi' },
  },
  rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' },
  terminationGracePeriodSeconds: 60,
  preStopSleep: 5,
  podAnnotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
  podLabels: { tier: 'dns' },
  serviceType: 'NodePort',
  prometheus: {
    service: { enabled: true },
    monitor: {
      enabled: true,
      interval: '15s',
      namespace: 'monitoring',
      additionalLabels: { r: 'p' },
    },
  },
  service: {
    name: 'kube-dns',
    clusterIP: '10.43.0.10',
    clusterIPs: ['10.43.0.10', 'fd00::10'],
    ipFamilyPolicy: 'PreferDualStack',
    externalIPs: ['192.0.2.1'],
    externalTrafficPolicy: 'Local',
    trafficDistribution: 'PreferClose',
    annotations: { from: 'values' },
  },
  serviceAccount: { create: true, name: 'coredns', annotations: { a: 'b' } },
  rbac: { create: true, pspEnable: false, multiclusterEnable: true },
  clusterRole: { nameOverride: 'system:dns' },
  priorityClassName: 'system-cluster-critical',
  securityContext: { capabilities: { add: ['NET_BIND_SERVICE'] } },
  podSecurityContext: { fsGroup: 65532 },
  servers: [
    {
      zones: [{ zone: '.', use_tcp: true }],
      port: 53,
      nodePort: 30053,
      plugins: [
        { name: 'errors' },
        { name: 'health', parameters: ':8081', configBlock: 'lameduck 10s' },
        { name: 'ready', parameters: '0.0.0.0:8182' },
        {
          name: 'kubernetes',
          parameters: 'cluster.local in-addr.arpa',
          configBlock: 'pods insecure\nttl 30\n',
        },
        { name: 'prometheus', parameters: '0.0.0.0:9253' },
        { name: 'cache', parameters: 30 },
      ],
    },
    {
      zones: [
        { zone: 'hello.example.', scheme: 'dns://' },
        { zone: 'other.example.', scheme: 'dns://' },
      ],
      port: 5353,
      servicePort: 54,
      plugins: [{ name: 'whoami' }],
    },
    { zones: [{ zone: 'safe.example.', scheme: 'tls://' }], plugins: [{ name: 'whoami' }] },
  ],
  extraConfig: { import: { parameters: '/opt/coredns/*.conf' } },
  livenessProbe: { enabled: true, initialDelaySeconds: 30, periodSeconds: 20 },
  readinessProbe: { enabled: false },
  affinity: { podAntiAffinity: {} },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { 'app.kubernetes.io/instance': '{{ .Release.Name }}' } },
    },
  ],
  nodeSelector: { role: 'infra' },
  tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
  podDisruptionBudget: { minAvailable: 1 },
  zoneFiles: [
    {
      filename: 'example.db',
      domain: 'example.com',
      contents: 'example.com. IN SOA a. b. 1 2 3 4 5\n*.example.com. IN A 192.0.2.2\n',
    },
  ],
  extraContainers: [{ name: 'side', image: 'side:1' }],
  extraVolumes: [{ name: 'more', emptyDir: {} }],
  extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
  extraSecrets: [
    { name: 'etcd-client-certs', mountPath: '/etc/coredns/tls/etcd', defaultMode: 420 },
  ],
  env: [{ name: 'WHERE', value: 'here' }],
  customLabels: { team: 'net' },
  customAnnotations: { owner: 'net' },
  deployment: { annotations: { d: 'e' }, dnsPolicy: 'Default' },
  dnsConfig: { nameservers: ['192.0.2.53'] },
  configmap: { annotations: { c: 'm' } },
  cilium: { localRedirectPolicy: { enabled: true } },
}

const everything = helmTemplate(EVERYTHING)

t.test(
  'without values it renders the base: sound, hardened, and with the rights of CoreDNS',
  async (t) => {
    const objects = helmTemplate({})
    t.strictSame(objects.map(called), [
      'ServiceAccount/dns-muster',
      'ConfigMap/dns-muster',
      'ClusterRole/dns-muster',
      'ClusterRoleBinding/dns-muster',
      'Service/dns-muster',
      'Deployment/dns-muster',
    ])
    await assertSound(t, objects)
    assertHardened(t, only(objects, 'Deployment'))
    t.strictSame(only(objects, 'ClusterRole').rules, COREDNS_RULES)
  },
)

t.test('the Corefile is that of kubeadm, and a server starts with it', async (t) => {
  const { data } = only(helmTemplate({}), 'ConfigMap')
  const [block, ...others] = blocksOf(data.Corefile)
  t.strictSame(others, [])
  t.equal(block?.keys[0]?.text, '.:53')
  t.equal(words(block, 'health')?.join(' '), 'health { lameduck 10s }')
  t.match(words(block, 'kubernetes'), ['kubernetes', 'cluster.local', 'in-addr.arpa', 'ip6.arpa'])
})

t.test('every value of the CoreDNS chart is taken, and what comes out is sound', async (t) => {
  await assertSound(t, everything)
})

t.test('server blocks become a Corefile, zone files lie beside it', async (t) => {
  const { data, metadata } = only(everything, 'ConfigMap')
  t.match(metadata.annotations, { owner: 'net', c: 'm' })
  t.equal(data['example.db'], EVERYTHING.zoneFiles[0]?.contents)
  const [import_, ...lines] = data.Corefile.split('\n')
  t.equal(import_, 'import /opt/coredns/*.conf')
  const blocks = blocksOf(lines.join('\n'))
  t.strictSame(
    blocks.map(({ keys }) => keys.map(({ text }) => text)),
    [['.:53'], ['dns://hello.example.:5353', 'dns://other.example.:5353'], ['tls://safe.example.']],
  )
  t.strictSame(words(blocks[0], 'cache'), ['cache', '30'])
  t.strictSame(words(blocks[0], 'kubernetes')?.slice(3), [
    '{',
    'pods',
    'insecure',
    'ttl',
    '30',
    '}',
  ])
  const { volumes } = only(everything, 'Deployment').spec.template.spec
  t.strictSame(
    volumes[0].configMap.items.map(({ key }: KubeObject) => key),
    ['Corefile', 'example.db'],
  )
})

t.test('ports follow from the blocks: schemes, use_tcp, servicePort, nodePort', async (t) => {
  const { spec } = only(everything, 'Service', 'kube-dns')
  t.match(spec, {
    type: 'NodePort',
    clusterIP: '10.43.0.10',
    clusterIPs: ['10.43.0.10', 'fd00::10'],
  })
  t.strictSame(
    spec.ports.map((port: KubeObject) =>
      [port.name, port.port, port.targetPort, port.nodePort].join(' '),
    ),
    ['udp-53 53 53 30053', 'tcp-53 53 53 30053', 'udp-5353 54 5353 ', 'tcp-853 853 853 '],
  )
  const [container] = only(everything, 'Deployment').spec.template.spec.containers
  t.strictSame(
    container.ports.map((port: KubeObject) => port.name),
    ['udp-53', 'tcp-53', 'udp-5353', 'tcp-853', 'tcp-9253'],
  )
  t.equal(container.livenessProbe.httpGet.port, 8081, 'where the Corefile has it')
  t.notOk(container.readinessProbe)
  t.equal(only(everything, 'Service', 'cluster-dns-metrics').spec.ports[0].port, 9253)
})

t.test('Pods get what the values say, and keep the hardening that they leave alone', async (t) => {
  const { spec, metadata } = only(everything, 'Deployment')
  const { spec: pod } = spec.template
  t.match(metadata, { name: 'cluster-dns', annotations: { owner: 'net', d: 'e' } })
  t.match(spec, { replicas: 3, strategy: { rollingUpdate: { maxSurge: '25%' } } })
  t.match(spec.template.metadata.labels, { team: 'net', tier: 'dns', 'k8s-app': 'kube-dns' })
  t.match(pod, {
    serviceAccountName: 'coredns',
    dnsPolicy: 'None',
    terminationGracePeriodSeconds: 60,
    imagePullSecrets: [{ name: 'key' }, { name: 'b' }],
    topologySpreadConstraints: [
      { labelSelector: { matchLabels: { 'app.kubernetes.io/instance': 'dns' } } },
    ],
    securityContext: { fsGroup: 65532, runAsNonRoot: true },
  })
  t.match(pod.containers[0], {
    image: 'registry.example/muster:1.2.3',
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
    env: [{ name: 'WHERE', value: 'here' }],
    securityContext: { readOnlyRootFilesystem: true },
  })
  t.match(only(everything, 'ClusterRole'), { metadata: { name: 'system:dns' } })
})

t.test('it can take the place of CoreDNS at the address of the cluster', async (t) => {
  const service = { name: 'kube-dns', clusterIP: '10.96.0.10' }
  const objects = helmTemplate({ service, k8sAppLabelOverride: 'kube-dns' })
  t.match(only(objects, 'Service'), {
    metadata: { name: 'kube-dns', labels: { 'k8s-app': 'kube-dns' } },
    spec: { clusterIP: '10.96.0.10', selector: { 'k8s-app': 'kube-dns' } },
  })
})

t.test('a label k8s-app among the custom labels does not part selectors from Pods', async (t) => {
  await assertSound(t, helmTemplate({ customLabels: { 'k8s-app': 'kube-dns' } }))
})

t.test('each autoscaler targets the Deployment, which then says no number', async (t) => {
  const autoscaler = helmTemplate({ autoscaler: { enabled: true, min: 2 } })
  const hpa = helmTemplate({ hpa: { enabled: true, minReplicas: 2, maxReplicas: 9 } })
  const triggers = [{ type: 'cpu', metadata: { value: '60' } }]
  const keda = helmTemplate({ keda: { enabled: true, triggers } })
  for (const objects of [autoscaler, hpa, keda]) {
    await assertSound(t, objects)
    t.notOk('replicas' in only(objects, 'Deployment', 'dns-muster').spec)
  }
  const { linear } = only(autoscaler, 'ConfigMap', 'dns-muster-autoscaler').data
  t.match(JSON.parse(linear), { min: 2, coresPerReplica: 256, preventSinglePointFailure: true })
  t.match(only(hpa, 'HorizontalPodAutoscaler').spec, { minReplicas: 2, maxReplicas: 9 })
  t.match(only(keda, 'ScaledObject').spec, { scaleTargetRef: { name: 'dns-muster' }, triggers })
  assertHardened(t, only(autoscaler, 'Deployment', 'dns-muster-autoscaler'))
})

t.test('on each node, with nobody to deploy', async (t) => {
  const objects = helmTemplate({ daemonset: { enabled: true }, deployment: { enabled: false } })
  await assertSound(t, objects)
  assertHardened(t, only(objects, 'DaemonSet'))
  t.notOk(objects.some(({ kind }) => kind === 'Deployment'))
  t.ok(only(objects, 'ConfigMap'))
})

t.test('values that cannot be followed are refused with a sentence', async (t) => {
  t.throws(() => helmTemplate({ rbac: { pspEnable: true } }), /no PodSecurityPolicy since 1\.25/)
  const image = { repository: 'docker.io/coredns/coredns' }
  t.throws(() => helmTemplate({ image }), /docker\.io\/coredns\/coredns is CoreDNS's image/)
  const both = { autoscaler: { enabled: true }, hpa: { enabled: true } }
  t.throws(() => helmTemplate(both), /two autoscalers would fight/)
})

/** That the objects fit their schemas, selectors their Pods, and everything stands where the release is. */
async function assertSound(t: Test, objects: KubeObject[]) {
  for (const object of objects) {
    const name = called(object)
    if (await hasSchema(object)) t.strictSame(await problemsOf(object), [], name)
    else t.ok(WITHOUT_SCHEMA.includes(object.kind), name)
    const wide = /^Cluster/.test(object.kind)
    t.ok(wide || /^(kube-system|monitoring)$/.test(object.metadata.namespace), name)
    if (object.spec?.template) {
      t.match(object.spec.template.metadata.labels, object.spec.selector.matchLabels, name)
    }
  }
}
