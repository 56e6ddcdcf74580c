import t from 'tap'
import { fixedStore } from '../../src/kube/fixed.ts'
import {
  addressKey,
  clusterEndpointsKey,
  endpointsKey,
  isPublished,
  namespaceKey,
  SYNCED_KEY,
  serviceImportKey,
  serviceKey,
  stampKey,
} from '../../src/kube/store.ts'
import type { ApiObject } from './fake-api.ts'
import { namespace, pod, service, serviceImport, slice } from './objects.ts'

/** A store, a clock that the test moves, and what the listener was told since it was last asked. */
function scene(objects: ApiObject[] = [], options: Parameters<typeof fixedStore>[1] = {}) {
  const clock = { seconds: 1000, now: () => clock.seconds * 1000 }
  const fixed = fixedStore(objects, { clock, ...options })
  const calls: string[][] = []
  fixed.store.onChange((keys) => void calls.push([...keys].sort()))
  return { ...fixed, clock, told: () => calls.splice(0) }
}

t.test('a Service keeps what DNS needs of it', async (t) => {
  const { store } = scene([
    service(
      'web',
      'shop',
      {
        type: 'LoadBalancer',
        clusterIP: '10.0.0.1',
        clusterIPs: ['10.0.0.1', 'fd00::1'],
        ports: [
          { name: 'http', port: 80, protocol: 'TCP' },
          { port: 81, protocol: 'UDP' },
        ],
        externalIPs: ['192.0.2.1'],
        selector: { app: 'web' },
      },
      {
        loadBalancer: {
          ingress: [
            { ip: '192.0.2.2' },
            { hostname: 'lb.example' },
            { ip: '192.0.2.3', hostname: 'x' },
          ],
        },
      },
    ),
  ])
  const web = store.service('web', 'shop')
  t.match(web, {
    type: 'LoadBalancer',
    headless: false,
    clusterIPs: ['10.0.0.1', 'fd00::1'],
    ports: [
      { number: 80, name: 'http', protocol: 'TCP' },
      { number: 81, name: '', protocol: 'UDP' },
    ],
    externalIPs: ['192.0.2.1', '192.0.2.2', 'lb.example', '192.0.2.3'],
    publishNotReadyAddresses: false,
    selects: true,
  })
  for (const address of ['10.0.0.1', 'fd00::1']) t.same(store.servicesByAddress(address), [web])
  t.same(store.servicesByExternalAddress('lb.example'), [web])
  t.same(store.servicesByAddress('192.0.2.1'), [])
  t.same([...store.services()], [web])
})

t.test('without clusterIPs there is the one clusterIP, and None makes it headless', async (t) => {
  const { store } = scene([
    service('one', 'a', { clusterIP: '10.0.0.7', clusterIPs: undefined }),
    service('none', 'a', { clusterIP: 'None', clusterIPs: undefined }),
    service('name', 'a', {
      type: 'ExternalName',
      clusterIP: '',
      clusterIPs: [],
      externalName: 'x.example',
    }),
  ])
  t.same(store.service('one', 'a')?.clusterIPs, ['10.0.0.7'])
  t.equal(store.service('none', 'a')?.headless, true)
  t.same(store.servicesByAddress('None'), [])
  t.equal(store.service('name', 'a')?.headless, false)
  t.equal(store.service('name', 'a')?.externalName, 'x.example')
})

t.test('objects without ports have one sentinel, imports have none', async (t) => {
  const sentinel = [{ number: -1, name: '', protocol: '' }]
  const { store } = scene([
    service('a', 'x'),
    slice('a-1', 'x', 'a', ['10.1.0.1'], { ports: [] }),
    slice('a-2', 'x', 'a', ['10.1.0.2'], { ports: [{}] }),
    serviceImport('a', 'x', { type: 'ClusterSetIP', ips: ['10.9.0.1'] }),
  ])
  t.same(store.service('a', 'x')?.ports, sentinel)
  for (const { ports } of store.slices('a', 'x')) t.same(ports, sentinel)
  t.same(store.serviceImport('a', 'x')?.ports, [])
})

t.test(
  'each address of an endpoint is an entry of its own, and long target names are dropped',
  async (t) => {
    const { store } = scene([
      slice('s', 'x', 'a', [
        {
          addresses: ['10.1.0.1', '10.1.0.2'],
          hostname: 'h',
          nodeName: 'n',
          zone: 'z',
          targetRef: { kind: 'Pod', name: 'p'.repeat(63) },
          conditions: { serving: false, terminating: true },
        },
        { addresses: ['10.1.0.3'], targetRef: { name: 'p'.repeat(64) } },
      ]),
    ])
    const [first, second, third] = store.slices('a', 'x')[0]!.endpoints
    t.match(first, {
      address: '10.1.0.1',
      hostname: 'h',
      nodeName: 'n',
      zone: 'z',
      podName: 'p'.repeat(63),
    })
    t.match(second, { address: '10.1.0.2', hostname: 'h' })
    t.same([first!.ready, first!.serving, first!.terminating], [true, false, true])
    t.same(
      [third!.podName, third!.ready, third!.serving, third!.terminating],
      ['', true, undefined, undefined],
    )
  },
)

t.test(
  'an endpoint is published when it is ready, or when its Service publishes all',
  async (t) => {
    const unready = { addresses: ['10.1.0.1'], conditions: { ready: false } }
    const { store, apply, told, clock } = scene([
      service('a', 'x', { clusterIP: 'None' }),
      slice('s', 'x', 'a', [unready, '10.1.0.2']),
    ])
    const published = () =>
      store
        .slices('a', 'x')
        .flatMap(({ endpoints }) => endpoints)
        .filter((endpoint) => isPublished(endpoint, store.service('a', 'x')))
        .map(({ address }) => address)
    t.same(published(), ['10.1.0.2'])
    clock.seconds++
    apply(service('a', 'x', { clusterIP: 'None', publishNotReadyAddresses: true }))
    t.same(published(), ['10.1.0.1', '10.1.0.2'])
    t.same(told(), [
      [
        addressKey('10.1.0.1'),
        endpointsKey('a', 'x'),
        serviceKey('a', 'x'),
        stampKey('internal'),
      ].sort(),
    ])
  },
)

t.test(
  'the listener hears old and new keys, once for each object, and nothing when nothing changed',
  async (t) => {
    const { store, apply, remove, told, clock, markSynced } = scene([], { synced: false })
    apply(namespace('x'))
    t.same(told(), [[namespaceKey('x')]])
    apply(namespace('x'))
    t.same(told(), [])
    apply(service('a', 'x', { externalIPs: ['192.0.2.1'] }))
    t.same(told(), [
      [
        serviceKey('a', 'x'),
        addressKey('10.0.0.1'),
        addressKey('192.0.2.1'),
        stampKey('internal'),
      ].sort(),
    ])
    clock.seconds++
    apply(service('a', 'x', { clusterIP: '10.0.0.2', externalIPs: ['192.0.2.1'] }))
    t.same(told(), [
      [
        serviceKey('a', 'x'),
        addressKey('10.0.0.1'),
        addressKey('10.0.0.2'),
        addressKey('192.0.2.1'),
      ].sort(),
    ])
    apply({ ...service('a', 'x', { clusterIP: '10.0.0.2', externalIPs: ['192.0.2.1'] }), extra: 1 })
    t.same(told(), [])
    apply(slice('s', 'x', 'a', ['10.1.0.1', '10.1.0.2']))
    told()
    apply(slice('s', 'x', 'a', ['10.1.0.2', '10.1.0.3']))
    t.same(told(), [
      [endpointsKey('a', 'x'), addressKey('10.1.0.1'), addressKey('10.1.0.3')].sort(),
    ])
    apply(slice('s', 'x', 'b', ['10.1.0.2', '10.1.0.3']))
    t.same(
      told()[0]?.filter((key) => key.startsWith('endpoints:')),
      [endpointsKey('a', 'x'), endpointsKey('b', 'x')],
    )
    remove(service('a', 'x'))
    t.same(told()[0]?.includes(addressKey('10.0.0.2')), true)
    t.equal(store.service('a', 'x'), undefined)
    remove(service('a', 'x'))
    t.same(told(), [])
    markSynced()
    markSynced()
    t.same(told(), [[SYNCED_KEY]])
    t.equal(store.synced, true)
  },
)

t.test('an unchanged resourceVersion means an unchanged object', async (t) => {
  const at = (version: string, clusterIP: string) => {
    const object = service('a', 'x', { clusterIP })
    return { ...object, metadata: { ...object.metadata, resourceVersion: version } }
  }
  const { store, apply } = scene([at('7', '10.0.0.1')])
  apply(at('7', '10.0.0.2'))
  t.same(store.service('a', 'x')?.clusterIPs, ['10.0.0.1'])
  apply(at('8', '10.0.0.2'))
  t.same(store.service('a', 'x')?.clusterIPs, ['10.0.0.2'])
  t.equal(store.service('a', 'x')?.resourceVersion, '8')
})

t.test(
  'a Pod that is being deleted stays as it was until it is gone, and is not learnt of',
  async (t) => {
    const { store, apply, remove } = scene([pod('p', 'x', '10.1.0.1')])
    apply(pod('p', 'x', '10.1.0.9', { deletionTimestamp: '2026-01-01T00:00:00Z' }))
    t.equal(store.podByAddress('10.1.0.1')?.name, 'p')
    apply(pod('q', 'x', '10.1.0.2', { deletionTimestamp: '2026-01-01T00:00:00Z' }))
    t.equal(store.podByAddress('10.1.0.2'), undefined)
    apply(pod('r', 'x', '10.1.0.1', { labels: { app: 'r' } }))
    t.equal(store.podByAddress('10.1.0.1')?.name, 'r', 'the one that came last')
    t.equal(store.podsByAddress('10.1.0.1').length, 2)
    remove(pod('p', 'x', ''))
    t.same(
      store.podsByAddress('10.1.0.1').map(({ labels }) => labels),
      [{ app: 'r' }],
    )
    apply(pod('s', 'x', ''))
    t.equal(store.podByAddress(''), undefined)
  },
)

/** What moves which stamp: reference notes §3.6. */
const HTTP = [{ name: 'http', port: 80, protocol: 'TCP' }]
const STAMPS: [string, ApiObject | undefined, ApiObject | undefined, string][] = [
  [
    'a Service that comes',
    undefined,
    service('a', 'x', { externalIPs: ['192.0.2.1'] }),
    'internal',
  ],
  ['a Service that goes', service('a', 'x'), undefined, 'internal'],
  ['another clusterIP', service('a', 'x'), service('a', 'x', { clusterIP: '10.0.0.2' }), ''],
  ['another type', service('a', 'x'), service('a', 'x', { type: 'NodePort' }), ''],
  ['another externalName', service('a', 'x'), service('a', 'x', { externalName: 'y' }), 'internal'],
  [
    'another externalIP',
    service('a', 'x'),
    service('a', 'x', { externalIPs: ['192.0.2.1'] }),
    'external',
  ],
  ['another port', service('a', 'x'), service('a', 'x', { ports: HTTP }), 'external internal'],
  ['a slice that comes', undefined, slice('s', 'x', 'a', ['10.1.0.1']), 'internal'],
  ['a slice that goes', slice('s', 'x', 'a', ['10.1.0.1']), undefined, 'internal'],
  [
    'another address',
    slice('s', 'x', 'a', ['10.1.0.1']),
    slice('s', 'x', 'a', ['10.1.0.2']),
    'internal',
  ],
  [
    'the order of addresses',
    slice('s', 'x', 'a', ['10.1.0.1', '10.1.0.2']),
    slice('s', 'x', 'a', ['10.1.0.2', '10.1.0.1']),
    'internal',
  ],
  [
    'readiness',
    slice('s', 'x', 'a', ['10.1.0.1']),
    slice('s', 'x', 'a', [{ addresses: ['10.1.0.1'], conditions: { ready: false } }]),
    'internal',
  ],
  [
    'one that was and is not ready',
    slice('s', 'x', 'a', ['10.1.0.1']),
    slice('s', 'x', 'a', ['10.1.0.1', { addresses: ['10.1.0.2'], conditions: { ready: false } }]),
    '',
  ],
  [
    'a node and a target',
    slice('s', 'x', 'a', ['10.1.0.1']),
    slice('s', 'x', 'a', [{ addresses: ['10.1.0.1'], nodeName: 'n', targetRef: { name: 'p' } }]),
    '',
  ],
  [
    'a zone, where zones are not served',
    slice('s', 'x', 'a', ['10.1.0.1']),
    slice('s', 'x', 'a', [{ addresses: ['10.1.0.1'], zone: 'z' }]),
    '',
  ],
  [
    'a port of a slice',
    slice('s', 'x', 'a', ['10.1.0.1'], { ports: [] }),
    slice('s', 'x', 'a', ['10.1.0.1']),
    'internal',
  ],
  ['a Pod that comes', undefined, pod('p', 'x', '10.1.0.1'), 'internal'],
  ['a Pod with another address', pod('p', 'x', ''), pod('p', 'x', '10.1.0.1'), 'internal'],
  [
    'a Pod with other labels',
    pod('p', 'x', '1.1.1.1'),
    pod('p', 'x', '1.1.1.1', { labels: { a: 'b' } }),
    '',
  ],
  ['a Namespace', undefined, namespace('x'), ''],
  ['an import that comes', undefined, serviceImport('i', 'x', { type: 'Headless' }), 'internal'],
  [
    'an import of another type',
    serviceImport('i', 'x', { type: 'ClusterSetIP' }),
    serviceImport('i', 'x', { type: 'Headless' }),
    'multicluster',
  ],
  [
    'an import with another address',
    serviceImport('i', 'x', { type: 'ClusterSetIP', ips: ['10.9.0.1'] }),
    serviceImport('i', 'x', { type: 'ClusterSetIP', ips: ['10.9.0.2'] }),
    '',
  ],
]

for (const [title, before, after, expected] of STAMPS) {
  t.test(`stamps moved by ${title}: ${expected || 'none'}`, async (t) => {
    const { store, apply, remove, clock } = scene(before === undefined ? [] : [before])
    clock.seconds = 2000
    if (after !== undefined) apply(after)
    else remove(before)
    const moved = Object.entries(store.stamps).filter(([, seconds]) => seconds === 2000)
    t.equal(
      moved
        .map(([stamp]) => stamp)
        .sort()
        .join(' '),
      expected,
    )
  })
}

t.test('a zone moves the serial where zones are served', async (t) => {
  const { store, apply, clock } = scene([slice('s', 'x', 'a', ['10.1.0.1'])], { zonal: true })
  clock.seconds = 2000
  apply(slice('s', 'x', 'a', [{ addresses: ['10.1.0.1'], zone: 'z' }]))
  t.equal(store.stamps.internal, 2000)
})

t.test('slices of an import are found by its name, and move both serials', async (t) => {
  const labels = {
    'multicluster.kubernetes.io/service-name': 'i',
    'multicluster.kubernetes.io/source-cluster': 'c1',
  }
  const imported = (addresses: string[], cluster = 'c1') => {
    const object = slice('s', 'x', '', addresses)
    const own = { ...labels, 'multicluster.kubernetes.io/source-cluster': cluster }
    return { ...object, metadata: { ...object.metadata, labels: own } }
  }
  const { store, apply, told, clock } = scene()
  apply(imported(['10.1.0.1']))
  t.equal(store.clusterSlices('i', 'x')[0]?.sourceCluster, 'c1')
  t.equal(store.slices('', 'x').length, 1, 'under the empty name too, as it has no other label')
  t.ok(told()[0]?.includes(clusterEndpointsKey('i', 'x')))
  t.equal(store.stamps.multicluster, 0)
  clock.seconds = 2000
  apply(imported(['10.1.0.1'], 'c2'))
  t.same(store.stamps, { internal: 1000, multicluster: 2000, external: 0 })
  clock.seconds = 3000
  apply(imported(['10.1.0.2'], 'c2'))
  t.same(store.stamps, { internal: 3000, multicluster: 3000, external: 0 })
  apply(serviceImport('i', 'x', { type: 'Headless' }))
  t.ok(told().flat().includes(serviceImportKey('i', 'x')))
})

t.test('without endpoints slices answer for imports only', async (t) => {
  const { store, apply, told } = scene([], { endpoints: false })
  apply(slice('s', 'x', 'a', ['10.1.0.1']))
  t.same([store.slices('a', 'x'), store.slicesByAddress('10.1.0.1'), told()], [[], [], []])
})

t.test('a slice with one address twice is found once, and forgotten whole', async (t) => {
  const { store, remove } = scene([slice('s', 'x', 'a', ['10.1.0.1', '10.1.0.2', '10.1.0.1'])])
  t.equal(store.slicesByAddress('10.1.0.1').length, 1)
  remove(slice('s', 'x', 'a', []))
  t.same(store.slicesByAddress('10.1.0.1'), [])
  t.same(store.slices('a', 'x'), [])
})
