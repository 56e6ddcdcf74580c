import assert from 'node:assert/strict'
import t from 'tap'
import { fixedStore } from '../../src/kube/fixed.ts'
import { MOVE_MS } from '../../src/kube/moves.ts'
import type { Store } from '../../src/kube/store.ts'
import fc from '../fast-check.ts'
import type { ApiObject } from './fake-api.ts'
import { HandClock } from './hand-clock.ts'
import { service, slice } from './objects.ts'
import { scene as apiScene, until } from './scene.ts'

const SERVICE = service('a', 'x', { clusterIP: 'None' })
const one = (...endpoints: Parameters<typeof slice>[3]) => slice('s1', 'x', 'a', endpoints)
const two = (...endpoints: Parameters<typeof slice>[3]) => slice('s2', 'x', 'a', endpoints)

/** A store in which changes may wait, over two slices with an address each. */
function scene() {
  const clock = new HandClock()
  const first = [SERVICE, one('10.1.0.1'), two('10.1.0.2')].map(versioned)
  const fed = fixedStore(first, { clock })
  const apply = (object: ApiObject) => fed.apply(versioned(object))
  return { ...fed, apply, clock, published: () => published(fed.store, 'a') }
}

let version = 0

/** As an API server gives it out: with another version each time. */
function versioned<O extends object>(object: O): O {
  const { metadata } = object as { metadata?: object }
  return { ...object, metadata: { ...metadata, resourceVersion: String(++version) } }
}

/** Addresses that are answered, without repetition. */
function published(store: Store, name: string): string[] {
  const all = store.service(name, 'x')?.publishNotReadyAddresses === true
  const endpoints = store.slices(name, 'x').flatMap((slice) => slice.endpoints)
  return [
    ...new Set(endpoints.filter(({ ready }) => ready || all).map(({ address }) => address)),
  ].sort()
}

const BOTH = ['10.1.0.1', '10.1.0.2']

t.test(
  'an address that one slice loses before the other has it is answered throughout',
  async (t) => {
    const { apply, store, published } = scene()
    const seen = new Set<string>()
    store.onChange(() => void seen.add(published().join()))
    apply(one())
    t.same(published(), BOTH)
    apply(two('10.1.0.2', '10.1.0.1'))
    t.same([...seen], [BOTH.join()])
    t.same(
      store.slicesByAddress('10.1.0.1').map(({ name }) => name),
      ['s2'],
      'and nothing waits any more',
    )
  },
)

t.test('addresses that go one after the other are all gone after a moment', async (t) => {
  for (const last of [one(), undefined]) {
    const { apply, remove, clock, published } = scene()
    apply(one('10.1.0.1', '10.1.0.3', '10.1.0.4'))
    apply(one('10.1.0.3', '10.1.0.4'))
    clock.advance(MOVE_MS / 4)
    if (last === undefined) remove(one())
    else apply(last)
    t.same(published(), ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4'])
    clock.advance((MOVE_MS * 3) / 4)
    t.same(published(), ['10.1.0.2', '10.1.0.3', '10.1.0.4'])
    clock.advance(MOVE_MS / 4)
    t.same(published(), ['10.1.0.2'])
  }
})

t.test('one that turns up nowhere is gone after a moment', async (t) => {
  for (const lose of [one(), undefined]) {
    const { apply, remove, clock, published } = scene()
    if (lose === undefined) remove(one())
    else apply(lose)
    clock.advance(MOVE_MS - 1)
    t.same(published(), BOTH)
    clock.advance(1)
    t.same(published(), ['10.1.0.2'])
  }
})

t.test('what is no longer ready, or of a Service with one slice, goes at once', async (t) => {
  const { apply, remove, published } = scene()
  apply(one({ addresses: ['10.1.0.1'], conditions: { ready: false } }))
  t.same(published(), ['10.1.0.2'])
  remove(one())
  apply(two('10.1.0.3'))
  t.same(published(), ['10.1.0.3'])
})

t.test('a later change of the slice takes the place of the one that waits', async (t) => {
  const { apply, remove, clock, store, published } = scene()
  apply(one())
  apply(one('10.1.0.1', '10.1.0.4'))
  clock.advance(MOVE_MS)
  t.same(published(), ['10.1.0.1', '10.1.0.2', '10.1.0.4'])
  apply(one())
  remove(one())
  clock.advance(MOVE_MS)
  t.same(published(), ['10.1.0.2'])
  t.equal(store.slices('a', 'x').length, 1)
})

t.test('while a list comes in, an address waits for its end', async (t) => {
  const { api, clock, store, open } = await apiScene(t, {}, (api) => {
    api.put('endpointslices', slice('db-2', 'shop', 'db', ['10.1.0.7']))
  })
  await until(() => store.synced)
  const addresses = () =>
    store.slices('db', 'shop').flatMap(({ endpoints }) => endpoints.map(({ address }) => address))
  const seen = new Set<boolean>()
  store.onChange(() => void seen.add(addresses().includes('10.1.0.1')))
  api.putSilently('endpointslices', slice('db-1', 'shop', 'db', ['10.1.0.2']))
  api.putSilently('endpointslices', slice('db-2', 'shop', 'db', ['10.1.0.7', '10.1.0.1']))
  api.pageItems = 1
  api.streams = 'refused'
  let pages = 0
  api.fault = (request) => {
    if (request.url?.includes('continue=')) {
      pages++
      clock.advance(MOVE_MS)
    }
    return false
  }
  open.relist()
  await until(() => store.slicesByAddress('10.1.0.1')[0]?.name === 'db-2', clock, 10)
  t.ok(pages > 0)
  t.same([...seen], [true])
})

const NAMES = ['a', 'b']
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3']

const change = fc
  .record({
    name: fc.constantFrom('s1', 's2', 's3'),
    service: fc.constantFrom(...NAMES),
    endpoints: fc.array(
      fc.record({
        addresses: fc.array(fc.constantFrom(...ADDRESSES), { minLength: 1, maxLength: 2 }),
        conditions: fc.record({ ready: fc.boolean() }),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ name, service, endpoints }) => slice(name, 'x', service, endpoints))

const steps = fc.array(
  fc.tuple(fc.constantFrom('apply', 'apply', 'remove'), change, fc.constantFrom(0, 0, 50, MOVE_MS)),
  { maxLength: 25 },
)

t.test('nothing that is true is ever missing, and soon nothing else is there', async (t) => {
  fc.assert(
    fc.property(fc.boolean(), steps, (all, steps) => {
      const clock = new HandClock()
      const services = NAMES.map((name) =>
        service(name, 'x', { clusterIP: 'None', publishNotReadyAddresses: all && name === 'a' }),
      )
      const [waiting, atOnce] = [fixedStore(services, { clock }), fixedStore(services)]
      for (const [act, object, ms] of steps) {
        for (const fed of [waiting, atOnce]) fed[act as 'apply' | 'remove'](object as ApiObject)
        for (const name of NAMES) {
          const here = published(waiting.store, name)
          for (const address of published(atOnce.store, name)) {
            // A slice that is of another Service now is not waited for by anybody.
            assert.ok(here.includes(address), `${name} lacks ${address}`)
          }
        }
        clock.advance(ms)
      }
      clock.advance(MOVE_MS)
      for (const name of NAMES)
        assert.deepEqual(published(waiting.store, name), published(atOnce.store, name))
      for (const address of ADDRESSES) {
        const names = ({ store }: typeof atOnce) =>
          store.slicesByAddress(address).map(({ name }) => name)
        assert.deepEqual(names(waiting).sort(), names(atOnce).sort())
      }
    }),
    { numRuns: 3000 },
  )
  t.pass()
})
