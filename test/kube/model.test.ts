import assert from 'node:assert/strict'
import t from 'tap'
import { fixedStore } from '../../src/kube/fixed.ts'
import { addressKey, endpointsKey, type Store, serviceKey } from '../../src/kube/store.ts'
import fc from '../fast-check.ts'
import type { ApiObject } from './fake-api.ts'
import { service, slice } from './objects.ts'

/**
 * The store against a model that keeps whole objects and looks through all of them for every question. Few names and few
 * addresses, so that everything meets everything.
 */

const NAMES = ['a', 'b']
const NAMESPACES = ['x', 'y']
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3', 'fd00::1']

const name = fc.constantFrom(...NAMES)
const namespace = fc.constantFrom(...NAMESPACES)
const address = fc.constantFrom(...ADDRESSES)

const someService = fc
  .record({
    name,
    namespace,
    clusterIPs: fc.oneof(fc.constant(['None']), fc.array(address, { minLength: 1, maxLength: 2 })),
    externalIPs: fc.array(address, { maxLength: 2 }),
    publishNotReadyAddresses: fc.boolean(),
  })
  .map(({ name, namespace, ...spec }) => service(name, namespace, { clusterIP: '', ...spec }))

const someSlice = fc
  .record({
    name: fc.constantFrom('s1', 's2', 's3'),
    namespace,
    service: name,
    endpoints: fc.array(
      fc.record({
        addresses: fc.array(address, { minLength: 1, maxLength: 2 }),
        conditions: fc.record({ ready: fc.option(fc.boolean(), { nil: undefined }) }),
        hostname: fc.option(fc.constantFrom('h1', 'h2'), { nil: undefined }),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ name, namespace, service, endpoints }) => slice(name, namespace, service, endpoints))

const step = fc.tuple(fc.constantFrom('apply', 'apply', 'remove'), fc.oneof(someService, someSlice))

/** The objects themselves, by kind, namespace and name. */
class Model {
  readonly objects = new Map<string, ApiObject>()

  step(act: string, object: ApiObject): void {
    const key = `${object.kind} ${object.metadata.namespace}/${object.metadata.name}`
    if (act === 'apply') this.objects.set(key, object)
    else this.objects.delete(key)
  }

  of(kind: string): ApiObject[] {
    return [...this.objects.values()].filter((object) => object.kind === kind)
  }
}

type Spec = { clusterIPs: string[]; externalIPs: string[]; publishNotReadyAddresses: boolean }
type Endpoints = { addresses: string[]; conditions: { ready?: boolean }; hostname?: string }[]

/** Every question that can be asked, answered by the model; in texts, sorted. */
function modelAnswers(model: Model): Map<string, string[]> {
  const answers = new Map<string, string[]>()
  const services = model.of('Service')
  const slices = model.of('EndpointSlice')
  for (const ns of NAMESPACES) {
    for (const n of NAMES) {
      const own = services.find(({ metadata }) => metadata.name === n && metadata.namespace === ns)
      answers.set(serviceKey(n, ns), own === undefined ? [] : [JSON.stringify(own.spec)])
      const all = (own?.spec as Spec | undefined)?.publishNotReadyAddresses === true
      const entries = slices
        .filter((s) => s.metadata.namespace === ns)
        .filter((s) => s.metadata.labels?.['kubernetes.io/service-name'] === n)
        .flatMap((s) => s.endpoints as Endpoints)
        .filter(({ conditions }) => conditions.ready !== false || all)
        .flatMap(({ addresses, hostname = '' }) => addresses.map((at) => `${at} ${hostname}`))
      answers.set(endpointsKey(n, ns), entries.sort())
    }
  }
  for (const at of ADDRESSES) {
    const holding = services.flatMap(({ metadata, spec }) => {
      const { clusterIPs, externalIPs } = spec as Spec
      const whole = `${metadata.namespace}/${metadata.name}`
      return [
        ...(clusterIPs.includes(at) ? [`cluster ${whole}`] : []),
        ...(externalIPs.includes(at) ? [`external ${whole}`] : []),
      ]
    })
    const named = slices
      .filter((s) => (s.endpoints as Endpoints).some(({ addresses }) => addresses.includes(at)))
      .map(({ metadata }) => `slice ${metadata.namespace}/${metadata.name}`)
    answers.set(addressKey(at), [...holding, ...named].sort())
  }
  return answers
}

function storeAnswers(store: Store): Map<string, string[]> {
  const answers = new Map<string, string[]>()
  const whole = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`
  for (const ns of NAMESPACES) {
    for (const n of NAMES) {
      const own = store.service(n, ns)
      const { clusterIPs, externalIPs, publishNotReadyAddresses, type } = own ?? {}
      const spec = { type, clusterIP: '', clusterIPs, externalIPs, publishNotReadyAddresses }
      answers.set(serviceKey(n, ns), own === undefined ? [] : [JSON.stringify(spec)])
      const all = own?.publishNotReadyAddresses === true
      const entries = store
        .slices(n, ns)
        .flatMap(({ endpoints }) => endpoints)
        .filter(({ ready }) => ready || all)
        .map(({ address, hostname }) => `${address} ${hostname}`)
      answers.set(endpointsKey(n, ns), entries.sort())
    }
  }
  for (const at of ADDRESSES) {
    const holding = [
      ...store.servicesByAddress(at).map((s) => `cluster ${whole(s)}`),
      ...store.servicesByExternalAddress(at).map((s) => `external ${whole(s)}`),
      ...store.slicesByAddress(at).map((s) => `slice ${whole(s)}`),
    ]
    answers.set(addressKey(at), holding.sort())
  }
  return answers
}

t.test('after any changes the store answers as a search through all objects would', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { store, apply, remove } = fixedStore()
      const model = new Model()
      for (const [act, object] of steps) {
        if (act === 'apply') apply(object)
        else remove(object)
        model.step(act, object)
      }
      assert.deepEqual(storeAnswers(store), modelAnswers(model))
    }),
    { numRuns: 3000 },
  )
  t.pass()
})

t.test('an answer changes only together with its key, at that very moment', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { store, apply, remove } = fixedStore()
      let told = new Set<string>()
      let calls = 0
      let atCall = new Map<string, string[]>()
      store.onChange((keys) => {
        told = new Set(keys)
        calls++
        atCall = storeAnswers(store)
      })
      let before = storeAnswers(store)
      for (const [act, object] of steps) {
        told = new Set()
        calls = 0
        if (act === 'apply') apply(object)
        else remove(object)
        const after = storeAnswers(store)
        for (const [key, answer] of after) {
          if (JSON.stringify(answer) === JSON.stringify(before.get(key))) continue
          if (!told.has(key)) throw new Error(`${key} changed and nobody was told`)
        }
        if (calls > 1) throw new Error('told more than once')
        if (calls === 1) assert.deepEqual(atCall, after)
        before = after
      }
    }),
    { numRuns: 3000 },
  )
  t.pass()
})
