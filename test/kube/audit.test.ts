import t from 'tap'
import { MAX_SUSPECTS } from '../../src/kube/audit.ts'
import { service, slice } from './objects.ts'
import { scene, until } from './scene.ts'

t.test('the audit finds and repairs what a watch lost, and counts it', async (t) => {
  const { api, open, store, clock, told } = await scene(t, { audit: false })
  await until(() => store.synced)
  api.putSilently('services', service('lost', 'shop', { clusterIP: '10.0.0.9' }))
  api.putSilently('endpointslices', slice('db-1', 'shop', 'db', ['10.1.0.7']))
  api.removeSilently('services', 'db', 'shop')
  for (const resource of ['services', 'endpointslices', 'namespaces']) api.bookmark(resource)
  let repaired: number | undefined
  void open.audit().then((count) => {
    repaired = count
  })
  await until(() => repaired !== undefined, clock, 100)
  t.equal(repaired, 3)
  t.equal(store.servicesByAddress('10.0.0.9')[0]?.name, 'lost')
  t.equal(store.service('db', 'shop'), undefined)
  t.equal(store.slicesByAddress('10.1.0.7').length, 1)
  t.same(
    told.filter((what) => what.includes('repaired')),
    ['services repaired 2', 'endpointslices repaired 1'],
  )
})

t.test('an audit over a store that is right changes nothing and reads metadata only', async (t) => {
  const { api, open, store, clock, told } = await scene(t, { audit: false }, (api) => {
    api.pageItems = 2
    for (let i = 0; i < 5; i++) api.put('services', service(`s${i}`, 'shop'))
  })
  await until(() => store.synced)
  const before = api.headers.length
  let repaired: number | undefined
  void open.audit().then((count) => {
    repaired = count
  })
  await until(() => repaired !== undefined, clock, 100)
  t.equal(repaired, 0)
  t.same(
    told.filter((what) => what.includes('repaired')),
    [],
  )
  const audits = api.headers.slice(before).filter(({ accept }) => accept?.includes('as=Partial'))
  t.equal(audits.length, 5, 'three pages of Services, one of slices, one of Namespaces')
})

t.test('when very much is missing the audit asks for a complete list', async (t) => {
  const { api, open, store, clock, told } = await scene(t, { audit: false })
  await until(() => store.synced)
  for (let i = 0; i <= MAX_SUSPECTS; i++) api.putSilently('services', service(`s${i}`, 'shop'))
  api.bookmark('services')
  void open.audit()
  await until(() => store.service(`s${MAX_SUSPECTS}`, 'shop') !== undefined, clock, 100)
  t.ok(told.includes('services audit'))
})

t.test('audits come by themselves', async (t) => {
  const { api, store, clock } = await scene(t)
  await until(() => store.synced)
  api.removeSilently('services', 'db', 'shop')
  await until(() => store.service('db', 'shop') === undefined, clock, 1_000)
  t.equal(store.service('db', 'shop'), undefined)
})
