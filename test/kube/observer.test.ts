import t from 'tap'
import { Interner } from '../../src/kube/intern.ts'
import { MemoryStore, type ServiceKind } from '../../src/kube/memory.ts'
import { NO_OBSERVER } from '../../src/kube/observer.ts'
import { openStore } from '../../src/kube/open.ts'
import { applyObject, RESOURCES, removeObject } from '../../src/kube/resources.ts'
import { type ApiObject, FakeApi } from './fake-api.ts'
import { HandClock } from './hand-clock.ts'
import { service, slice } from './objects.ts'
import { keptLog, until } from './scene.ts'

t.test(
  'programming latency is told for every kind of Service, and only where it is known',
  async (t) => {
    const seen: [ServiceKind, number][] = []
    const now = Date.UTC(2026, 0, 1, 0, 0, 10)
    const store = new MemoryStore({
      endpoints: true,
      multicluster: false,
      zonal: false,
      clock: { now: () => now },
      observeLatency: (kind, seconds) => void seen.push([kind, seconds]),
    })
    const pool = new Interner()
    const written = (
      serviceName: string,
      trigger: string | undefined,
      address = '10.1.0.1',
    ): ApiObject => {
      const object = slice(`${serviceName}-1`, 'x', serviceName, [address])
      const key = 'endpoints.kubernetes.io/last-change-trigger-time'
      object.metadata.annotations = trigger === undefined ? {} : { [key]: trigger }
      return object
    }
    const put = (object: ApiObject): void => {
      const kind = object.kind === 'Service' ? RESOURCES.services : RESOURCES.endpointslices
      applyObject(store, kind, object, pool)
    }
    put(written('ip', '2026-01-01T00:00:08.5Z'))
    t.same(seen, [], 'its Service is not there yet')
    put(service('ip', 'x'))
    put(service('head', 'x', { clusterIP: 'None', selector: { app: 'a' } }))
    put(service('hand', 'x', { clusterIP: 'None' }))
    put(written('ip', '2026-01-01T00:00:08.5Z', '10.1.0.2'))
    put(written('head', '2026-01-01T00:00:09Z'))
    put(written('hand', '2026-01-01T00:00:07+00:00'))
    put(written('hand', 'last Tuesday', '10.1.0.3'))
    put(written('hand', undefined, '10.1.0.4'))
    removeObject(store, RESOURCES.endpointslices, written('head', undefined))
    t.same(seen, [
      ['cluster_ip', 1.5],
      ['headless_with_selector', 1],
      ['headless_without_selector', 3],
      ['headless_with_selector', 1],
    ])
  },
)

t.test('requests are told with their status, and what the store holds can be asked', async (t) => {
  const api = new FakeApi()
  api.put('services', service('a', 'x'))
  api.put('endpointslices', slice('a-1', 'x', 'a', ['10.1.0.1', '10.1.0.2']))
  const endpoint = await api.listen()
  const requests: unknown[] = []
  let refused = false
  api.fault = (request, response) => {
    if (refused || request.url?.includes('/namespaces') !== true) return false
    refused = true
    response.writeHead(503).end()
    return true
  }
  const clock = new HandClock()
  const open = await openStore(
    { endpoint, endpoints: true, pods: false, multicluster: false },
    {
      log: keptLog(),
      clock,
      observer: {
        ...NO_OBSERVER,
        request: ({ method, host, code, watch }) =>
          void requests.push({ method, host, code, watch }),
      },
    },
  )
  t.teardown(async () => {
    await open.stop()
    await api.close()
  })
  open.start()
  await until(() => open.store.synced, clock, 20)
  const host = `127.0.0.1:${api.port}`
  const told = (code: string) => ({ method: 'GET', host, code, watch: true })
  t.same(
    requests.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
    [told('200'), told('200'), told('200'), told('503')],
  )
  const { objects, endpoints, octets } = open.stats()
  t.same(objects, { services: 1, namespaces: 0, endpointslices: 1 })
  t.equal(endpoints, 2)
  t.ok(octets > 500)
  clock.advance(4_000)
  t.ok((open.stats().lastEventSeconds.services ?? 0) >= 4)
})
