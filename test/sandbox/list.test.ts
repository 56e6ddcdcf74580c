import t from 'tap'
import { startApiServer } from '../../src/sandbox/index.ts'
import { ask, service } from './api.ts'

t.test('pages of one list show one state, whatever is written between them', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  for (const name of ['a', 'b', 'c', 'd', 'e']) cluster.create(service(name))
  const path = '/api/v1/services?limit=2'
  const first = await ask(cluster, 'GET', path)
  t.equal(first.body.metadata.remainingItemCount, 3)
  cluster.delete(service('c'))
  cluster.create(service('bb'))
  const next = encodeURIComponent(first.body.metadata.continue)
  const second = await ask(cluster, 'GET', `${path}&continue=${next}`)
  t.same(
    second.body.items.map((one: { metadata: { name: string } }) => one.metadata.name),
    ['c', 'd'],
  )
  t.equal(second.body.metadata.resourceVersion, first.body.metadata.resourceVersion)
})

t.test('an expired page answers 410 with a token that goes on in the present', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  for (const name of ['a', 'b', 'c']) cluster.create(service(name))
  const first = await ask(cluster, 'GET', '/api/v1/services?limit=1')
  cluster.create(service('d'))
  cluster.compact()
  const token = encodeURIComponent(first.body.metadata.continue)
  const refused = await ask(cluster, 'GET', `/api/v1/services?limit=9&continue=${token}`)
  t.equal(refused.code, 410)
  t.equal(refused.body.reason, 'Expired')
  const again = encodeURIComponent(refused.body.metadata.continue)
  const rest = await ask(cluster, 'GET', `/api/v1/services?limit=9&continue=${again}`)
  t.same(
    rest.body.items.map((one: { metadata: { name: string } }) => one.metadata.name),
    ['b', 'c', 'd'],
  )
})

t.test('resourceVersion and resourceVersionMatch choose the state', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  const { metadata } = cluster.create(service('a'))
  cluster.create(service('b'))
  const at = (query: string) => ask(cluster, 'GET', `/api/v1/services?${query}`)
  const version = metadata.resourceVersion
  const count = async (query: string) => (await at(query)).body.items.length
  t.equal(await count(`resourceVersion=${version}&resourceVersionMatch=Exact`), 1)
  t.equal(await count(`resourceVersion=${version}&resourceVersionMatch=NotOlderThan`), 2)
  t.equal(await count(`resourceVersion=${version}&limit=5`), 1)
  t.equal(await count(`resourceVersion=${version}`), 2)
  t.equal(await count('resourceVersion=0'), 2)
  const ahead = await at('resourceVersion=999999')
  t.equal(ahead.code, 504)
  t.equal(ahead.body.details.causes[0].reason, 'ResourceVersionTooLarge')
  t.equal((await at('resourceVersionMatch=Exact')).code, 422)
  t.equal((await at('resourceVersion=x')).code, 400)
  cluster.compact()
  t.equal((await at(`resourceVersion=${version}&resourceVersionMatch=Exact`)).code, 410)
})

t.test('items of a built-in list carry no kind of their own', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  cluster.create(service('a'))
  const { body } = await ask(cluster, 'GET', '/api/v1/namespaces/default/services')
  t.equal(body.kind, 'ServiceList')
  t.same(Object.keys(body.items[0]).includes('kind'), false)
})

t.test('other forms: tables, metadata only, and 406 where JSON is not acceptable', async (t) => {
  const cluster = await startApiServer()
  t.teardown(() => cluster.close())
  cluster.create(service('a', { clusterIP: '10.0.0.1' }))
  const get = (accept: string) => ask(cluster, 'GET', '/api/v1/services', undefined, { accept })
  const table = await get('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')
  t.equal(table.body.kind, 'Table')
  t.same(table.body.rows[0].cells.slice(0, 4), ['a', 'ClusterIP', '10.0.0.1', '<none>'])
  t.equal(table.body.rows[0].object.kind, 'PartialObjectMetadata')
  const partial = await get('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')
  t.equal(partial.body.items[0].metadata.name, 'a')
  t.equal(partial.body.items[0].spec, undefined)
  t.equal((await get('application/vnd.kubernetes.protobuf')).code, 406)
  t.equal((await get('application/vnd.kubernetes.protobuf,application/json')).code, 200)
})
