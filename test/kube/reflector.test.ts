import t from 'tap'
import type { MemoryStore } from '../../src/kube/memory.ts'
import { serviceKey } from '../../src/kube/store.ts'
import { line, refuse } from './fake-api.ts'
import { service, slice } from './objects.ts'
import { scene, until } from './scene.ts'

const addresses = (store: {
  slices(s: string, n: string): readonly { endpoints: readonly { address: string }[] }[]
}) =>
  store
    .slices('db', 'shop')
    .flatMap(({ endpoints }) => endpoints.map(({ address }) => address))
    .sort()

for (const streams of ['yes', 'refused', 'unknown'] as const) {
  t.test(`the store fills and follows where streamed lists are: ${streams}`, async (t) => {
    const { api, open, store, clock } = await scene(t, {}, (api) => {
      api.streams = streams
      api.pageItems = 2
      for (let i = 0; i < 7; i++) api.put('services', service(`s${i}`, 'shop'))
    })
    t.equal(store.synced, false)
    await until(() => store.synced, clock, streams === 'unknown' ? 500 : 0)
    t.same(open.stats().objects, { services: 8, namespaces: 1, endpointslices: 1 })
    t.ok(store.service('db', 'shop')?.headless)
    t.same(addresses(store), ['10.1.0.1', '10.1.0.2'])

    api.put('endpointslices', slice('db-1', 'shop', 'db', ['10.1.0.3']))
    await until(() => store.slicesByAddress('10.1.0.3').length === 1)
    t.same(addresses(store), ['10.1.0.3'])
    t.same(store.slicesByAddress('10.1.0.1'), [])
    api.remove('services', 's3', 'shop')
    await until(() => store.service('s3', 'shop') === undefined)
  })
}

t.test(
  'requests carry the selectors, the user agent and what makes them lists and watches',
  async (t) => {
    const { api, store } = await scene(t, { labels: 'app=x', namespaceLabels: 'tier', pods: true })
    await until(() => store.synced)
    const byPath = new Map(api.requests.map((url) => [url.pathname, url.searchParams]))
    t.equal(byPath.get('/api/v1/services')?.get('labelSelector'), 'app=x')
    t.equal(byPath.get('/apis/discovery.k8s.io/v1/endpointslices')?.get('labelSelector'), 'app=x')
    t.equal(byPath.get('/api/v1/namespaces')?.get('labelSelector'), 'tier')
    t.equal(
      byPath.get('/api/v1/pods')?.get('fieldSelector'),
      'status.phase!=Succeeded,status.phase!=Failed,status.phase!=Unknown',
    )
    const services = byPath.get('/api/v1/services')
    t.equal(services?.get('sendInitialEvents'), 'true')
    t.equal(services?.get('resourceVersionMatch'), 'NotOlderThan')
    t.equal(services?.get('allowWatchBookmarks'), 'true')
    t.match(services?.get('timeoutSeconds'), /^[3-5]\d\d$/)
    t.match(api.headers[0]?.['user-agent'], /^Muster\//)
  },
)

t.test('a watch that the server ends goes on from the last version', async (t) => {
  const { api, store, told } = await scene(t)
  await until(() => store.synced)
  api.put('services', service('late', 'shop'))
  await until(() => store.service('late', 'shop') !== undefined)
  const version = String(api.version)
  api.endWatches()
  await until(() => api.requests.some((url) => url.searchParams.get('resourceVersion') === version))
  api.put('services', service('later', 'shop'))
  await until(() => store.service('later', 'shop') !== undefined)
  t.same(
    told.filter((what) => !what.endsWith('first')),
    [],
  )
})

t.test('a reset in the middle of a line loses nothing', async (t) => {
  const { api, store, told, clock } = await scene(t)
  await until(() => store.synced)
  api.send('services', '{"type":"ADDED","object":{"metadata":{"na')
  api.dropWatches()
  api.put('services', service('after', 'shop'))
  await until(() => store.service('after', 'shop') !== undefined, clock, 20)
  t.same(
    told.filter((what) => !what.endsWith('first')),
    [],
  )
})

const faults: [string, string, string][] = [
  ['nonsense in a watch', 'this is not JSON\n', 'broken'],
  ['an event without an object', '{"type":"ADDED"}\n', 'broken'],
  ['an event of unknown type', line('SHUFFLED', { metadata: { name: 'x' } }), 'broken'],
  ['an event whose object has no name', line('ADDED', { metadata: {} }), 'broken'],
  [
    'an ERROR event that says the version is too old',
    line('ERROR', { code: 410, reason: 'Expired', message: 'too old resource version' }),
    'expired',
  ],
  ['any other ERROR event', line('ERROR', { code: 500, message: 'etcd is upset' }), 'error'],
  [
    'a version that goes backwards',
    line('MODIFIED', { metadata: { name: 'db', namespace: 'shop', resourceVersion: '7' } }),
    'rewound',
  ],
  [
    'a bookmark that goes backwards',
    line('BOOKMARK', { metadata: { resourceVersion: '7' } }),
    'rewound',
  ],
]

for (const [title, octets, reason] of faults) {
  t.test(`${title} makes a new complete list, which also finds what was deleted`, async (t) => {
    const { api, store, told, clock } = await scene(t, {}, (api) => {
      api.put('services', service('doomed', 'shop', { clusterIP: '10.0.0.9' }))
    })
    await until(() => store.synced)
    api.removeSilently('services', 'doomed', 'shop')
    api.putSilently('services', service('born', 'shop', { clusterIP: '10.0.0.10' }))
    api.send('services', octets)
    await until(() => store.service('born', 'shop') !== undefined, clock, 20)
    await until(() => store.service('doomed', 'shop') === undefined)
    t.same(store.servicesByAddress('10.0.0.9'), [])
    t.equal(store.servicesByAddress('10.0.0.10').length, 1)
    t.ok(store.synced)
    t.same(
      told.filter((what) => !what.endsWith('first')),
      [`services ${reason}`],
    )
  })
}

t.test('a watch from a version that is gone makes a new list', async (t) => {
  const { api, store, told, clock } = await scene(t)
  await until(() => store.synced)
  api.dropWatches()
  api.put('services', service('x', 'shop'))
  api.remove('services', 'x', 'shop')
  api.compact()
  api.removeSilently('services', 'db', 'shop')
  await until(() => store.service('db', 'shop') === undefined, clock, 20)
  t.ok(told.includes('services expired'))
})

t.test('a server that was emptied and counts from the beginning is noticed', async (t) => {
  const { api, store, told, clock } = await scene(t)
  await until(() => store.synced)
  api.removeSilently('services', 'db', 'shop')
  api.rewind(5)
  api.dropWatches()
  await until(() => store.service('db', 'shop') === undefined, clock, 20)
  t.ok(told.includes('services rewound'))
  t.equal(store.service('db', 'shop'), undefined)
})

t.test(
  'a connection that went dead is noticed within 45 s and resumed from where it was',
  async (t) => {
    const { api, store, told, clock } = await scene(t)
    await until(() => store.synced)
    // The long watch that brought the list gives way to short ones when it is quiet.
    await until(
      () => api.requests.some((url) => url.searchParams.get('timeoutSeconds')?.length === 2),
      clock,
      100,
    )
    api.blackHoleWatches()
    api.put('services', service('hidden', 'shop'))
    const began = clock.monotonic()
    const found = () => store.service('hidden', 'shop') !== undefined
    await until(() => found() || told.includes('services silence'), clock, 100)
    t.ok(clock.monotonic() - began <= 45_000, `${clock.monotonic() - began} ms`)
    await until(found, clock, 20)
    t.same(
      told.filter((what) => /broken|expired|error|rewound/.test(what)),
      [],
    )
  },
)

for (const [code, headers] of [
  [429, { 'Retry-After': '7' }],
  [500, {}],
  [503, {}],
  [403, {}],
  [401, {}],
] as [number, Record<string, string>][]) {
  t.test(
    `a server that answers ${code} for a while is asked again, and answers do not change`,
    async (t) => {
      const { api, store, clock } = await scene(t)
      await until(() => store.synced)
      let refusals = 0
      let firstAt = 0
      api.fault = (request, response) => {
        if (request.url?.includes('/services') !== true || refusals === 3) return false
        if (refusals++ === 0) firstAt = clock.monotonic()
        refuse(response, code, 'No', 'not now', headers)
        return true
      }
      api.dropWatches()
      api.put('services', service('late', 'shop'))
      t.ok(store.service('db', 'shop'))
      await until(() => store.service('late', 'shop') !== undefined, clock, 50)
      t.equal(refusals, 3)
      if (code === 429) t.ok(clock.monotonic() - firstAt >= 14_000, 'Retry-After is kept')
    },
  )
}

t.test('when a server is back for one watch, the others do not wait any longer', async (t) => {
  const { api, store, clock, told } = await scene(t)
  await until(() => store.synced)
  let away = true
  api.fault = (request) => {
    if (away) request.socket.destroy()
    return away
  }
  api.dropWatches()
  const asked = api.requests.length
  await until(() => api.requests.length > asked + 15, clock, 100)
  // Whose request has failed just now is to know it before another's does not: who waits from then on waits for nobody.
  let turns = 0
  await until(() => turns++ > 50)
  away = false
  await until(() => api.watcherCount > 0, clock, 100)
  await until(() => api.watcherCount === 3)
  t.same(
    told.filter((what) => !what.endsWith('first')),
    [],
  )
})

t.test('a server that is not there at the start is waited for without end', async (t) => {
  const { api, open, store, clock } = await scene(t, {}, (api) => {
    api.fault = (request) => {
      request.socket.destroy()
      return true
    }
  })
  const waited = open.whenSynced(5_000)
  await until(() => api.requests.length > 6, clock, 50)
  clock.advance(5_000)
  t.equal(await waited, false)
  t.equal(store.synced, false)
  api.fault = undefined
  await until(() => store.synced, clock, 50)
  t.equal(await open.whenSynced(0), true)
})

t.test(
  'a resource that may not be read keeps the store unsynced, and the others go on',
  async (t) => {
    const { api, store, clock } = await scene(t, {}, (api) => {
      api.fault = (request, response) => {
        if (request.url?.includes('/endpointslices') !== true) return false
        refuse(response, 403, 'Forbidden', 'endpointslices is forbidden')
        return true
      }
    })
    await until(() => store.service('db', 'shop') !== undefined, clock, 20)
    await until(() => api.requests.length > 8, clock, 50)
    t.equal(store.synced, false)
  },
)

t.test('a list that breaks off is begun again and sweeps nothing', async (t) => {
  let cuts = 0
  const { store, clock, told } = await scene(t, { watchList: false }, (api) => {
    api.fault = (request, response) => {
      if (request.url?.includes('/services') !== true || cuts === 2) return false
      cuts++
      response.writeHead(200, { 'Content-Type': 'application/json' })
      response.write('{"kind":"ServiceList","metadata":{"resourceVersion":"9"},"items":[{"meta')
      setImmediate(() => response.destroy())
      return true
    }
  })
  await until(() => store.synced, clock, 50)
  t.equal(cuts, 2)
  t.same(
    told.filter((what) => what.startsWith('services')),
    ['services first', 'services interrupted', 'services interrupted'],
  )
  t.ok(store.service('db', 'shop'))
})

for (const watchList of [true, false]) {
  t.test(
    `a ${watchList ? 'streamed' : 'paged'} list that stalls is given up, and made again`,
    async (t) => {
      let stalls = 0
      const { store, clock, told } = await scene(t, { watchList }, (api) => {
        api.fault = (request, response) => {
          if (request.url?.includes('/services') !== true || stalls === 1) return false
          stalls++
          response.writeHead(200, { 'Content-Type': 'application/json' })
          const list =
            '{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"x","resourceVer'
          response.write(watchList ? line('ADDED', service('gone', 'shop')) : list)
          return true
        }
      })
      await until(() => store.synced, clock, 100)
      t.ok(store.service('db', 'shop'))
      t.equal(store.service('gone', 'shop'), undefined, 'what only the stalled list had is swept')
      t.equal(told.filter((what) => /broken|rewound/.test(what)).length, 0)
    },
  )
}

t.test('a listener that throws keeps a change from nobody else, and is told of', async (t) => {
  const { api, store, lines } = await scene(t)
  await until(() => store.synced)
  store.onChange(() => {
    throw new Error('a bug')
  })
  const told: string[] = []
  store.onChange((keys) => void told.push(...keys))
  api.put('services', service('new', 'shop'))
  await until(() => told.includes(serviceKey('new', 'shop')))
  t.match(lines.join('\n'), /a change was not taken by all: Error: a bug/)
  api.put('services', service('newer', 'shop'))
  await until(() => store.service('newer', 'shop') !== undefined)
})

t.test('an error in the reader itself costs a new list, and is told of', async (t) => {
  const { api, open, store, clock, lines } = await scene(t)
  await until(() => store.synced)
  const { services } = (store as MemoryStore).shelves
  const { put } = services
  services.put = () => {
    services.put = put
    throw new Error('a bug')
  }
  api.put('services', service('new', 'shop'))
  await until(() => store.service('new', 'shop') !== undefined, clock, 20)
  t.match(lines.join('\n'), /Failed to watch services: not taken: Error: a bug/)
  t.equal(open.stats().objects.services, 2)
})
