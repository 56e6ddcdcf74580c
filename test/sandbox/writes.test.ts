import t from 'tap'
import { createCluster } from '../../src/sandbox/index.ts'
import { ask, deployment, service } from './api.ts'

const SERVICES = '/api/v1/namespaces/default/services'
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'

t.test('a created object has its identity, defaults and an address', async (t) => {
  const cluster = await createCluster({ serviceCidrs: ['10.96.0.0/12', 'fd00::/112'] })
  t.teardown(() => cluster.close())
  const { code, body } = await ask(cluster, 'POST', SERVICES, service('web'))
  t.equal(code, 201)
  t.match(body.metadata.uid, /^[0-9a-f-]{36}$/)
  t.match(body.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  t.match(body.spec.clusterIP, /^10\.\d+\.\d+\.\d+$/)
  t.same(body.spec.clusterIPs, [body.spec.clusterIP])
  t.same(body.spec.ports, [{ port: 80, protocol: 'TCP', targetPort: 80 }])
  t.equal(body.spec.type, 'ClusterIP')
  t.same(body.spec.ipFamilies, ['IPv4'])
})

t.test('dual stack, headless, ExternalName and NodePort get what is theirs', async (t) => {
  const cluster = await createCluster({ serviceCidrs: ['10.96.0.0/12', 'fd00::/112'] })
  t.teardown(() => cluster.close())
  const dual = cluster.create(service('dual', { ipFamilyPolicy: 'PreferDualStack' }))
  t.same(dual.spec.ipFamilies, ['IPv4', 'IPv6'])
  t.match(dual.spec.clusterIPs[1], /^fd00::/)
  const six = cluster.create(service('six', { ipFamilies: ['IPv6'] }))
  t.match(six.spec.clusterIP, /^fd00::/)
  const headless = cluster.create(service('headless', { clusterIP: 'None', selector: { a: 'b' } }))
  t.same(headless.spec.clusterIPs, ['None'])
  t.equal(headless.spec.ipFamilyPolicy, 'SingleStack')
  const alias = cluster.create(
    service('alias', { type: 'ExternalName', externalName: 'example.com', ports: [] }),
  )
  t.equal(alias.spec.clusterIP, undefined)
  const node = cluster.create(service('node', { type: 'NodePort' }))
  t.ok(node.spec.ports[0].nodePort >= 30_000 && node.spec.ports[0].nodePort <= 32_767)
})

t.test('every refusal is a Status with the text of the API', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  cluster.create(service('taken', { clusterIP: '10.96.0.7' }))
  const refusal = async (path: string, object: unknown) => {
    const { code, body } = await ask(cluster, 'POST', path, object)
    return [code, body.reason, body.message]
  }
  t.same(await refusal(SERVICES, service('taken')), [
    409,
    'AlreadyExists',
    'services "taken" already exists',
  ])
  t.same(await refusal(SERVICES, service('other', { clusterIP: '10.96.0.7' })), [
    422,
    'Invalid',
    'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.7"]: failed to allocate IP 10.96.0.7: provided IP is already allocated',
  ])
  t.same(await refusal(SERVICES, service('a', { ports: [{ port: 70_000 }] })), [
    422,
    'Invalid',
    'Service "a" is invalid: [spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive]',
  ])
  t.same(
    await refusal('/api/v1/namespaces/nowhere/services', service('a', { namespace: 'nowhere' })),
    [404, 'NotFound', 'namespaces "nowhere" not found'],
  )
  const [, , name] = await refusal(SERVICES, service('1web'))
  t.match(
    name,
    /^Service "1web" is invalid: metadata.name: Invalid value: "1web": a DNS-1035 label/,
  )
  const missed = deployment('web', { labels: { app: 'other' } })
  t.same(await refusal(DEPLOYMENTS, missed), [
    422,
    'Invalid',
    'Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"other"}: `selector` does not match template `labels`',
  ])
  t.equal((await ask(cluster, 'GET', '/apis/nothing/v1/things')).code, 404)
})

t.test('a write over a stale resourceVersion is a conflict', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const { body: first } = await ask(cluster, 'POST', SERVICES, service('web'))
  await ask(cluster, 'PUT', `${SERVICES}/web`, {
    ...first,
    spec: { ...first.spec, selector: { a: 'b' } },
  })
  const stale = await ask(cluster, 'PUT', `${SERVICES}/web`, first)
  t.equal(stale.code, 409)
  t.equal(
    stale.body.message,
    'Operation cannot be fulfilled on services "web": the object has been modified; please apply your changes to the latest version and try again',
  )
})

t.test('a write that changes nothing is no change', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const { body } = await ask(cluster, 'POST', SERVICES, service('web'))
  const again = await ask(cluster, 'PUT', `${SERVICES}/web`, body)
  t.equal(again.body.metadata.resourceVersion, body.metadata.resourceVersion)
})

t.test('the address of a Service stays, and may not be changed', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const made = cluster.create(service('web'))
  const updated = cluster.update(service('web', { selector: { a: 'b' } }))
  t.equal(updated.spec.clusterIP, made.spec.clusterIP)
  t.throws(() => cluster.update(service('web', { clusterIP: '10.96.0.9' })), {
    message: /may not change once set/,
  })
})

t.test('unknown fields are refused, told or dropped as fieldValidation says', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const wrong = service('web', { selektor: { a: 'b' } })
  const strict = await ask(cluster, 'POST', `${SERVICES}?fieldValidation=Strict`, wrong)
  t.equal(strict.code, 400)
  t.equal(
    strict.body.message,
    'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.selektor"',
  )
  const warned = await ask(cluster, 'POST', SERVICES, wrong)
  t.equal(warned.headers.get('warning'), '299 - "unknown field \\"spec.selektor\\""')
  t.equal(warned.body.spec.selektor, undefined)
  const typed = await ask(cluster, 'POST', SERVICES, service('b', { ports: 'x' }))
  t.match(
    typed.body.message,
    /json: cannot unmarshal string into Go struct field ServiceSpec.spec.ports/,
  )
})

t.test('generateName, dry runs and deletion with finalizers', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'x-' } }
  const path = '/api/v1/namespaces/default/configmaps'
  const dry = await ask(cluster, 'POST', `${path}?dryRun=All`, map)
  t.match(dry.body.metadata.name, /^x-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  t.equal(cluster.list('v1', 'ConfigMap').length, 0)
  const kept = { ...map, metadata: { name: 'kept', finalizers: ['example.com/wait'] } }
  await ask(cluster, 'POST', path, kept)
  const { body } = await ask(cluster, 'DELETE', `${path}/kept`)
  t.ok(body.metadata.deletionTimestamp)
  const patch = { metadata: { finalizers: null } }
  const type = { 'content-type': 'application/merge-patch+json' }
  await ask(cluster, 'PATCH', `${path}/kept`, patch, type)
  t.equal((await ask(cluster, 'GET', `${path}/kept`)).code, 404)
})

t.test('a generated name that is taken is made anew', async (t) => {
  // Each name twice: five letters, and the same five again.
  let thrown = 0
  const random = () => (Math.floor(thrown++ / 10) % 27) / 27
  const cluster = await createCluster({ random })
  t.teardown(() => cluster.close())
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'x-' } }
  const names = Array.from({ length: 10 }, () => cluster.create(map).metadata.name)
  t.equal(new Set(names).size, 10)
  const always = await createCluster({ random: () => 0 })
  t.teardown(() => always.close())
  always.create(map)
  t.throws(
    () => always.create(map),
    { message: /"x-bbbbb" already exists/ },
    'in the end it is told',
  )
})

t.test('scale reads and sets the replicas, status only the status', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  await ask(cluster, 'POST', DEPLOYMENTS, deployment('web'))
  const scale = await ask(cluster, 'GET', `${DEPLOYMENTS}/web/scale`)
  t.same(
    [scale.body.kind, scale.body.spec.replicas, scale.body.status.selector],
    ['Scale', 2, 'app=web'],
  )
  scale.body.spec.replicas = 5
  const scaled = await ask(cluster, 'PUT', `${DEPLOYMENTS}/web/scale`, scale.body)
  t.equal(scaled.body.spec.replicas, 5)
  const { body } = await ask(cluster, 'GET', `${DEPLOYMENTS}/web`)
  t.equal(body.metadata.generation, 2)
  body.spec.replicas = 1
  body.status = { replicas: 4 }
  const status = await ask(cluster, 'PUT', `${DEPLOYMENTS}/web/status`, body)
  t.same([status.body.spec.replicas, status.body.status.replicas], [5, 4])
})

t.test('a deleted namespace takes everything in it along', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } })
  cluster.create(service('web', { namespace: 'shop' }))
  await ask(cluster, 'DELETE', '/api/v1/namespaces/shop')
  t.equal((await ask(cluster, 'GET', '/api/v1/namespaces/shop')).code, 404)
  t.equal(cluster.list('v1', 'Service', 'shop').length, 0)
  t.equal((await ask(cluster, 'DELETE', '/api/v1/namespaces/default')).code, 403)
})

t.test('server-side apply owns, drops and fights over fields', async (t) => {
  const cluster = await createCluster()
  t.teardown(() => cluster.close())
  const type = { 'content-type': 'application/apply-patch+yaml' }
  const apply = (manager: string, body: unknown, more = '') =>
    ask(
      cluster,
      'PATCH',
      `${SERVICES}/web?fieldManager=${manager}${more}`,
      JSON.stringify(body),
      type,
    )
  const mine = service('web', { selector: { app: 'web' }, labels: { a: '1', b: '1' } })
  t.equal((await apply('one', mine)).code, 201)
  const fewer = service('web', { selector: { app: 'web' }, labels: { a: '1' } })
  t.same((await apply('one', fewer)).body.metadata.labels, { a: '1' })
  const theirs = { ...service('web'), spec: {}, metadata: { labels: { a: '2' } } }
  const fight = await apply('two', theirs)
  t.equal(fight.code, 409)
  t.equal(
    fight.body.message,
    'Apply failed with 1 conflict: conflict with "one": .metadata.labels.a',
  )
  const forced = await apply('two', theirs, '&force=true')
  t.same(forced.body.metadata.labels, { a: '2' })
  t.same(forced.body.spec.selector, { app: 'web' })
  const managers = forced.body.metadata.managedFields.map((one: { manager: string }) => one.manager)
  t.same(managers.sort(), ['one', 'two'])
})
