import t, { type Test } from 'tap'
import { type Cluster, createCluster } from '../../src/sandbox/index.ts'
import { readyPods, until } from '../sandbox/alive.ts'
import { deployment, service } from '../sandbox/api.ts'
import { Kubectl, kubectls } from './kubectl.ts'

const TIMES = { startMs: 0, readyMs: 50, stopMs: 50 }
t.setTimeout(900_000)

const found = kubectls()
if (found.length === 0) t.pass('no kubectl here (Debian: kubernetes-client)', { skip: true })

const list = (...items: unknown[]) => JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
const web = (replicas = 2) =>
  list(service('web', { selector: { app: 'web' } }), deployment('web', { replicas }))
const db = list(
  service('db', { clusterIP: 'None', selector: { app: 'db' } }),
  deployment('db', { kind: 'StatefulSet', serviceName: 'db', replicas: 3 }),
)

/** Commands, each with what it prints: a text in whole, or a pattern. */
type Steps = [words: string | string[], prints: string | RegExp][]

async function play(t: Test, kubectl: Kubectl, steps: Steps): Promise<void> {
  for (const [words, prints] of steps) {
    const [command = '', ...extra] = [words].flat()
    const printed = await kubectl.run(command, ...extra)
    if (typeof prints === 'string') t.equal(printed, prints, command)
    else t.match(printed, prints, command)
  }
}

for (const path of found) {
  t.test(`kubectl works against the embedded cluster as against any other: ${path}`, async (t) => {
    const cluster = await createCluster({ controllers: { times: TIMES } })
    const kubectl = new Kubectl(path, cluster)
    t.teardown(async () => {
      await cluster.close()
      kubectl.clean()
    })
    const minor = await kubectl.minor()
    await discovery(t, kubectl)
    await applying(t, kubectl)
    await rolling(t, kubectl)
    await changing(t, kubectl, cluster)
    await statefulSets(t, kubectl, cluster, minor)
    await creating(t, kubectl)
    await refusals(t, kubectl)
    await containers(t, kubectl)
    await deleting(t, kubectl)
  })
}

const discovery = (t: Test, kubectl: Kubectl) =>
  t.test('discovery: api-resources, api-versions, version, namespaces, nodes', (t) =>
    play(t, kubectl, [
      ['api-resources', /endpointslices +discovery\.k8s\.io\/v1 +true +EndpointSlice/],
      ['api-resources', /^services +svc +v1 +true +Service$/m],
      ['api-versions', /^apps\/v1\ndiscovery\.k8s\.io\/v1\n/],
      ['version', /v1\.35\.4\+muster/],
      ['get ns -o name', /^namespace\/default$/m],
      ['get nodes', /^node-a +Ready +<none> /m],
      ['describe node node-a', /cpu: +8\n/],
      ['get --raw /readyz', 'ok'],
    ]),
  )

const applying = (t: Test, kubectl: Kubectl) => {
  const file = kubectl.file('web.json', web())
  const three = kubectl.file('three.json', web(3))
  return t.test('apply: by the client and by the server, twice, with conflicts', (t) =>
    play(t, kubectl, [
      [`apply -f ${file}`, 'service/web created\ndeployment.apps/web created'],
      ['rollout status deploy/web --timeout=55s', /successfully rolled out$/],
      [`apply -f ${file}`, 'service/web unchanged\ndeployment.apps/web unchanged'],
      [`diff -f ${file}`, ''],
      ['get deploy web', /^web +2\/2 +2 +2 /m],
      ['get pods -o wide', /^web-\S+ +1\/1 +Running +0 +\S+ +10\.244\./m],
      ['describe service web', /Endpoints: +10\.244\.\S+,10\.244\./],
      ['describe pod -l app=web', /Successfully assigned default\/web-/],
      ['describe deploy web', /Scaled up replica set web-\S+ (from 0 )?to 2/],
      [
        `apply --server-side --field-manager=one --force-conflicts -f ${file}`,
        /serverside-applied/,
      ],
      [
        `apply --server-side --field-manager=two -f ${three}`,
        /conflicts with "one":\n *- \.spec\.replicas/,
      ],
      [
        `apply --server-side --field-manager=two --force-conflicts -f ${three}`,
        /deployment.apps\/web serverside-applied/,
      ],
      ['get deploy web -o jsonpath={.spec.replicas}', '3'],
      [`apply -f ${file} --dry-run=server`, /\(server dry run\)/],
      ['get deploy web -o jsonpath={.spec.replicas}', '3'],
      [`apply -f ${file}`, /deployment.apps\/web configured/],
    ]),
  )
}

const rolling = (t: Test, kubectl: Kubectl) =>
  t.test(
    'rollouts: set image, status, history, undo, pause, restart; scale, autoscaling not',
    (t) =>
      play(t, kubectl, [
        ['set image deploy/web main=nginx:1.28', 'deployment.apps/web image updated'],
        ['rollout status deploy/web --timeout=55s', /successfully rolled out$/],
        ['rollout history deploy/web', /^1 +<none>\n2 +<none>/m],
        ['rollout history deploy/web --revision=2', /Image:\s+nginx:1\.28/],
        ['rollout undo deploy/web', 'deployment.apps/web rolled back'],
        ['rollout status deploy/web --timeout=55s', /successfully rolled out$/],
        ['get deploy web -o jsonpath={..image}', 'nginx:1.27'],
        ['rollout history deploy/web', /^2 +<none>\n3 +<none>/m],
        ['rollout pause deploy/web', 'deployment.apps/web paused'],
        ['set image deploy/web main=nginx:1.29', 'deployment.apps/web image updated'],
        ['get pods -o jsonpath={..spec.containers[*].image}', /^(nginx:1\.27 ?)+$/],
        ['rollout resume deploy/web', 'deployment.apps/web resumed'],
        ['rollout status deploy/web --timeout=55s', /successfully rolled out$/],
        ['rollout restart deploy/web', 'deployment.apps/web restarted'],
        ['rollout status deploy/web --timeout=55s', /successfully rolled out$/],
        ['scale deploy/web --replicas=3', 'deployment.apps/web scaled'],
        [
          'scale --current-replicas=9 --replicas=1 deploy/web',
          /[Ee]xpected replicas to be 9, was 3/,
        ],
        ['wait --for=condition=Available deploy/web --timeout=55s', /condition met$/],
      ]),
  )

const changing = (t: Test, kubectl: Kubectl, cluster: Cluster) =>
  t.test('changes: patch, label, annotate, edit, expose, get -w', async (t) => {
    const follow = kubectl.follow('get svc -w -o name')
    t.teardown(() => follow.end())
    await follow.until(/^service\/web$/)
    await play(t, kubectl, [
      [
        ['patch svc web -p', '{"metadata":{"annotations":{"note":"before"}}}'],
        'service/web patched',
      ],
      [
        ['patch svc web -p', '{"spec":{"ports":[{"port":80,"name":"www"}]}}'],
        'service/web patched',
      ],
      ['get svc web -o jsonpath={.spec.ports[*].name}', 'www'],
      [
        ['patch svc web --type=merge -p', '{"spec":{"publishNotReadyAddresses":true}}'],
        'service/web patched',
      ],
      [
        [
          'patch svc web --type=json -p',
          '[{"op":"replace","path":"/spec/ports/0/port","value":81}]',
        ],
        'service/web patched',
      ],
      [
        ['patch svc web --type=json -p', '[{"op":"test","path":"/spec/ports/0/port","value":1}]'],
        /test failed|The request is invalid/,
      ],
      ['get svc web -o jsonpath={.spec.ports[*].port}', '81'],
      ['label svc web tier=front', 'service/web labeled'],
      ['label svc web tier=back', /already has a value/],
      ['get svc -l tier=front -o name', 'service/web'],
      ['annotate svc web more=words', 'service/web annotated'],
      ['edit svc web', 'service/web edited'],
      ['get svc web -o jsonpath={.metadata.annotations.note}', 'after'],
      ['edit svc web', /no changes made/],
      ['expose deploy/web --name=shown --port=81 --target-port=8080', 'service/shown exposed'],
    ])
    await follow.until(/^service\/shown$/)
    t.ok(cluster.get(service('shown')))
  })

const statefulSets = (t: Test, kubectl: Kubectl, cluster: Cluster, minor: number) =>
  t.test('StatefulSets: status, scale, restart, wait', async (t) => {
    const file = kubectl.file('db.json', db)
    const jsonpath: Steps = [
      ['wait --for=jsonpath={.status.readyReplicas}=2 sts/db --timeout=55s', /condition met$/],
    ]
    await play(t, kubectl, [
      [`create -f ${file}`, 'service/db created\nstatefulset.apps/db created'],
      ['rollout status sts/db --timeout=55s', /roll out complete: 3 new pods/],
      ['get pods -l app=db -o name', 'pod/db-0\npod/db-1\npod/db-2'],
      ['get endpointslices -l kubernetes.io/service-name=db', /^db-\S+ +IPv4 +80 +10\.244\.\S+/m],
      ['describe sts db', /create Pod db-2 in StatefulSet db successful/],
      ['rollout restart sts/db', 'statefulset.apps/db restarted'],
      ['rollout status sts/db --timeout=55s', /roll out complete: 3 new pods/],
      ['rollout history sts/db', /^1 +<none>\n2 +<none>/m],
      ['rollout undo sts/db', 'statefulset.apps/db rolled back'],
      ['rollout status sts/db --timeout=55s', /roll out complete: 3 new pods/],
      ['scale sts/db --replicas=2', 'statefulset.apps/db scaled'],
    ])
    await until(cluster, () => readyPods(cluster).every((pod) => pod.metadata.name !== 'db-2'))
    await play(t, kubectl, [
      [
        'wait --for=delete pod/db-2 --timeout=55s',
        /^$|not found|no matching resources|pod\/db-2 condition met/,
      ],
      ...(minor >= 23 ? jsonpath : []),
      ['wait --for=condition=Ready pod -l app=db --timeout=55s', /pod\/db-1 condition met/],
    ])
  })

const creating = (t: Test, kubectl: Kubectl) =>
  t.test('create: services of all types, deployments, pods', (t) =>
    play(t, kubectl, [
      ['create service clusterip c --tcp=80:8080', 'service/c created'],
      ['create service clusterip h --clusterip=None', 'service/h created'],
      ['create service nodeport n --tcp=80 --node-port=30123', 'service/n created'],
      ['create service externalname x --external-name=example.com', 'service/x created'],
      ['create service loadbalancer l --tcp=80', 'service/l created'],
      ['get svc n', /^n +NodePort +10\.\S+ +<none> +80:30123\/TCP/m],
      ['get svc x', /^x +ExternalName +<none> +example\.com +<none>/m],
      ['get svc h', /^h +ClusterIP +None +<none> +<none>/m],
      ['get svc --field-selector spec.type=NodePort -o name', 'service/n'],
      ['create namespace shop', 'namespace/shop created'],
      ['create configmap notes --from-literal=a=b', 'configmap/notes created'],
      ['create deployment made --image=nginx:1.27', 'deployment.apps/made created'],
      ['run one --image=busybox --labels=app=one --port=80', 'pod/one created'],
      ['get events -o name', /event\/one\./],
    ]),
  )

const refusals = (t: Test, kubectl: Kubectl) => {
  const missed = deployment('missed', { labels: { app: 'other' } })
  const file = kubectl.file('missed.json', JSON.stringify(missed))
  const spec = (text: string) => `{"spec":${text}}`
  return t.test('refusals are the API server’s', (t) =>
    play(t, kubectl, [
      ['create service clusterip c --tcp=80:80', /services "c" already exists/],
      [
        'create service clusterip Bad --tcp=80',
        /Service "Bad" is invalid: metadata\.name: Invalid value: "Bad": a DNS-1035 label must consist of/,
      ],
      [
        'create service nodeport m --tcp=80 --node-port=30123',
        /spec\.ports\[0\]\.nodePort: Invalid value: 30123: provided port is already allocated/,
      ],
      [`create -f ${file}`, /`selector` does not match template `labels`/],
      [
        ['patch svc c --type=merge -p', spec('{"clusterIP":"10.96.0.77"}')],
        /may not change once set/,
      ],
      [
        ['patch deploy web --type=merge -p', spec('{"selector":{"matchLabels":{"app":"x"}}}')],
        /field is immutable/,
      ],
      [
        ['patch sts db --type=merge -p', spec('{"serviceName":"x"}')],
        /updates to statefulset spec for fields other than/,
      ],
      [
        ['patch svc c --type=merge -p', '{"metadata":{"resourceVersion":"1"}}'],
        /the object has been modified; please apply your changes to the latest version/,
      ],
      ['get svc nobody', 'Error from server (NotFound): services "nobody" not found'],
      ['get nosuch', /the server doesn't have a resource type "nosuch"/],
      ['get pods -l a=b=c', /unable to parse requirement|invalid selector|couldn't parse/],
    ]),
  )
}

const containers = (t: Test, kubectl: Kubectl) =>
  t.test('what needs a container is refused in so many words', (t) =>
    play(t, kubectl, [
      ['logs db-0', /runs no containers: Pod "db-0" has no logs/],
      ['exec db-0 -- ls', /runs no containers: Pod "db-0"/],
      ['port-forward pod/db-0 18080:80', /runs no containers: Pod "db-0"/],
      ['logs nobody', /pods "nobody" not found/],
    ]),
  )

const deleting = (t: Test, kubectl: Kubectl) =>
  t.test('delete: with grace, at once, leaving orphans, in the foreground, a namespace', (t) =>
    play(t, kubectl, [
      ['delete pod one', 'pod "one" deleted'],
      ['get pod one', /not found/],
      ['delete pod db-0 --force --grace-period=0', /pod "db-0" force deleted/],
      ['delete deploy made --cascade=orphan', 'deployment.apps "made" deleted'],
      ['get rs -l app=made -o name', /^replicaset\.apps\/made-/],
      ['delete rs -l app=made', /deleted$/],
      ['delete sts db --cascade=foreground', 'statefulset.apps "db" deleted'],
      ['get pods -l app=db', 'No resources found in default namespace.'],
      ['delete namespace shop --timeout=55s', 'namespace "shop" deleted'],
      ['get ns shop', /not found/],
      ['delete svc,deploy --all', /service "web" deleted/],
    ]),
  )
