import t from 'tap'
import { over } from './chain.ts'
import { namespace, pod, service, serviceImport, slice } from './fixture.ts'
import { askTable, type Row } from './table.ts'

const http = [{ name: 'http', port: 80, protocol: 'TCP' }]
const inZone = (address: string, zone?: string) => ({
  addresses: [address],
  conditions: { ready: true },
  ...(zone !== undefined && { zone }),
})

t.test('zonal names answer with the endpoints of a topology zone', async (t) => {
  const objects = [
    namespace('shop'),
    service('db', 'shop', { clusterIP: 'None', ports: http }),
    slice('db', 'shop', 'db', [
      inZone('172.0.0.1', 'a'),
      inZone('172.0.0.2', 'A'),
      inZone('172.0.0.3', 'b.c'),
    ]),
    service('web', 'shop', { clusterIP: '10.0.0.1', ports: http }),
    service('none', 'shop', { clusterIP: 'None', ports: http }),
  ]
  const target = (i: number) => `172-0-0-${i}.db.shop.svc.cluster.local.`
  const srv = (weight: number, ...of: number[]) =>
    of.map((i) => `SRV 0 ${weight} 80 ${target(i)}`).join(', ')
  const glue = (...of: number[]) => of.map((i) => `${target(i)} A 172.0.0.${i}`).join(', ')
  const rows: Row[] = [
    ['a.pin._zone.db.shop.svc A', 'NOERROR', 'A 172.0.0.1, A 172.0.0.2'],
    ['b.c.pin._zone.db.shop.svc A', 'NOERROR', 'A 172.0.0.3'],
    ['x.pin._zone.db.shop.svc A', 'NOERROR'],
    ['x.pin._zone.db.shop.svc TXT', 'NOERROR'],
    ['a.pin._zone.db.shop.svc TXT', 'NOERROR'],
    ['a.prefer._zone.db.shop.svc A', 'NOERROR', 'A 172.0.0.1, A 172.0.0.2'],
    ['x.prefer._zone.db.shop.svc A', 'NOERROR', 'A 172.0.0.1, A 172.0.0.2, A 172.0.0.3'],
    ['a.pin._zone.none.shop.svc A', 'NOERROR'],
    ['a.pin._zone.ghost.shop.svc A', 'NXDOMAIN'],
    ['a.pin._zone.web.shop.svc A', 'NXDOMAIN'],
    ['a.near._zone.db.shop.svc A', 'NXDOMAIN'],
    ['pin._zone.db.shop.svc A', 'NXDOMAIN'],
    ['a.pin._zone.db.shop.svc SRV', 'NOERROR', srv(50, 1, 2), glue(1, 2)],
    ['x.prefer._zone.db.shop.svc SRV', 'NOERROR', srv(33, 1, 2, 3), glue(1, 2, 3)],
  ]
  const on = await over(objects, 'kubernetes cluster.local {\n zonal\n}', { zonal: true })
  await askTable(t, on, 'cluster.local.', rows)
  const off = await over(objects, 'kubernetes cluster.local')
  await askTable(t, off, 'cluster.local.', [['a.pin._zone.db.shop.svc A', 'NXDOMAIN']])
})

const clusterSlice = (name: string, endpoints: object[], cluster = 'East') => ({
  ...slice(name, 'shop', '', endpoints as never),
  metadata: {
    name,
    namespace: 'shop',
    labels: {
      'multicluster.kubernetes.io/service-name': name,
      'multicluster.kubernetes.io/source-cluster': cluster,
    },
  },
})

t.test('a clusterset zone answers from ServiceImports and their slices only', async (t) => {
  const objects = [
    namespace('shop'),
    service('local', 'shop', { clusterIP: '10.0.0.9', ports: http }),
    serviceImport('web', 'shop', {
      type: 'ClusterSetIP',
      ips: ['10.9.0.1', 'fd09::1'],
      ports: http,
    }),
    serviceImport('bare', 'shop', { type: 'ClusterSetIP', ips: ['10.9.0.2'], ports: [] }),
    serviceImport('waiting', 'shop', { type: 'ClusterSetIP', ips: [], ports: http }),
    serviceImport('db', 'shop', { type: 'Headless', ports: http }),
    clusterSlice('db', [inZone('172.9.0.1'), { ...inZone('172.9.0.2'), hostname: 'two' }]),
    clusterSlice('web', [inZone('172.9.0.3')]),
  ]
  const chain = await over(
    objects,
    'kubernetes cluster.local clusterset.local {\n multicluster clusterset.local\n}',
    { multicluster: true },
  )
  const endpoint = (name: string) => `${name}.East.db.shop.svc.clusterset.local.`
  const rows: Row[] = [
    ['web.shop.svc A', 'NOERROR', 'A 10.9.0.1'],
    ['web.shop.svc AAAA', 'NOERROR', 'AAAA fd09::1'],
    ['_http._tcp.web.shop.svc A', 'NOERROR', 'A 10.9.0.1'],
    ['bare.shop.svc A', 'NXDOMAIN'],
    ['waiting.shop.svc A', 'NOERROR'],
    ['local.shop.svc A', 'NXDOMAIN'],
    ['db.shop.svc A', 'NOERROR', 'A 172.9.0.1, A 172.9.0.2'],
    [
      'db.shop.svc SRV',
      'NOERROR',
      `SRV 0 50 80 ${endpoint('172-9-0-1')}, SRV 0 50 80 ${endpoint('two')}`,
      `${endpoint('172-9-0-1')} A 172.9.0.1, ${endpoint('two')} A 172.9.0.2`,
    ],
    ['two.east.db.shop.svc A', 'NOERROR', 'A 172.9.0.2'],
    ['two.EAST.db.shop.svc A', 'NOERROR', 'A 172.9.0.2'],
    ['two.west.db.shop.svc A', 'NXDOMAIN'],
    ['two.db.shop.svc A', 'NXDOMAIN'],
    ['172-9-0-3.east.web.shop.svc A', 'NOERROR', 'A 172.9.0.3'],
  ]
  await askTable(t, chain, 'clusterset.local.', rows)
  await askTable(t, chain, 'cluster.local.', [
    ['web.shop.svc A', 'NXDOMAIN'],
    ['local.shop.svc A', 'NOERROR', 'A 10.0.0.9'],
  ])
})

t.test('a dot in the name of a cluster ends a label of the names that lead to it', async (t) => {
  const objects = [
    namespace('shop'),
    serviceImport('db', 'shop', { type: 'Headless', ports: http }),
    clusterSlice('db', [inZone('172.9.0.1')], 'east.one'),
  ]
  const chain = await over(
    objects,
    'kubernetes clusterset.local {\n multicluster clusterset.local\n}',
    { multicluster: true },
  )
  const endpoint = '172-9-0-1.east.one.db.shop.svc.clusterset.local.'
  await askTable(t, chain, 'clusterset.local.', [
    ['db.shop.svc SRV', 'NOERROR', `SRV 0 100 80 ${endpoint}`, `${endpoint} A 172.9.0.1`],
    ['172-9-0-1.east.one.db.shop.svc A', 'NXDOMAIN'],
  ])
})

t.test('reverse names lead to Services first, else to every endpoint', async (t) => {
  const at = (address: string, hostname?: string) => ({
    ...inZone(address),
    ...(hostname && { hostname }),
  })
  const chain = await over(
    [
      namespace('testns'),
      service('svc1', 'testns', { clusterIP: '192.168.1.100', ports: http }),
      slice('a', 'testns', 'svc1', [at('10.0.0.100', 'ep1a'), at('1234:abcd::1', 'ep1b')]),
      slice('b', 'testns', 'svc1', [at('10.0.0.100', 'ep1a'), at('10.0.0.99', 'double-ep')]),
      slice('c', 'testns', 'svc2', [at('10.0.0.99', 'double-ep')]),
    ],
    'kubernetes cluster.local 10.0.0.0/16 192.168.0.0/16 1234:abcd::/32',
  )
  const T = 'testns.svc.cluster.local.'
  await askTable(
    t,
    chain,
    '',
    [
      ['100.0.0.10.in-addr.arpa. PTR', 'NOERROR', `PTR ep1a.svc1.${T}`],
      ['100.1.168.192.in-addr.arpa. PTR', 'NOERROR', `PTR svc1.${T}`],
      [
        '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa. PTR',
        'NOERROR',
        `PTR ep1b.svc1.${T}`,
      ],
      [
        'foo.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.c.b.a.4.3.2.1.ip6.arpa. PTR',
        'NOERROR',
        `PTR ep1b.svc1.${T}`,
      ],
      ['101.0.0.10.in-addr.arpa. PTR', 'NXDOMAIN'],
      ['01.0.0.10.in-addr.arpa. PTR', 'NXDOMAIN'],
      ['example.org.cluster.local. PTR', 'NXDOMAIN'],
      ['svc1.testns.svc.cluster.local. PTR', 'NOERROR'],
      ['svc1.testns.svc.0.10.in-addr.arpa. A', 'NXDOMAIN'],
      ['svc.0.10.in-addr.arpa. A', 'NOERROR'],
      ['100.0.0.10.cluster.local. PTR', 'NXDOMAIN'],
      [
        '99.0.0.10.in-addr.arpa. PTR',
        'NOERROR',
        `PTR double-ep.svc1.${T}, PTR double-ep.svc2.${T}`,
      ],
    ].map(([question = '', ...rest]) => [question.replace('. ', ' '), ...rest] as unknown as Row),
  )
})

t.test(
  'a slice without a Service has no name that could be told, so nothing is sent',
  async (t) => {
    const stray = slice('stray', 'shop', '', ['172.0.0.1'])
    const chain = await over([namespace('shop'), stray], 'kubernetes cluster.local in-addr.arpa')
    t.equal(await chain.ask('1.0.0.172.in-addr.arpa. PTR'), '(silence)')
  },
)

t.test('Pods answer by mode', async (t) => {
  const objects = [
    namespace('podns'),
    pod('foo', 'podns', '10.240.0.1'),
    pod('six', 'podns', 'fd00::1'),
  ]
  const ask = async (mode: string, rows: Row[]) =>
    askTable(
      t,
      await over(objects, `kubernetes cluster.local {\n pods ${mode}\n}`),
      'cluster.local.',
      rows,
    )
  await ask('disabled', [
    ['10-240-0-1.podns.pod A', 'NXDOMAIN'],
    ['podns.pod A', 'NXDOMAIN'],
    ['pod A', 'NOERROR'],
  ])
  await ask('insecure', [
    ['10-240-0-1.podns.pod A', 'NOERROR', 'A 10.240.0.1'],
    ['172-0-0-2.podns.pod A', 'NOERROR', 'A 172.0.0.2'],
    ['172-0-0-2.podns.pod AAAA', 'NOERROR'],
    ['--ffff-102-304.podns.pod A', 'NOERROR', 'A 1.2.3.4'],
    ['fd00--1.podns.pod AAAA', 'NOERROR', 'AAAA fd00::1'],
    ['blah.podns.pod A', 'NXDOMAIN'],
    ['blah.podns.pod HINFO', 'NXDOMAIN'],
    ['01-2-3-4.podns.pod A', 'NXDOMAIN'],
    ['blah.pod-nons.pod A', 'NXDOMAIN'],
    ['10-240-0-1.pod-nons.pod A', 'NXDOMAIN'],
    ['podns.pod A', 'NOERROR'],
    ['10-240-0-1.podns.pod TXT', 'NOERROR'],
  ])
  await ask('verified', [
    ['10-240-0-1.podns.pod A', 'NOERROR', 'A 10.240.0.1'],
    ['fd00--1.podns.pod AAAA', 'NOERROR', 'AAAA fd00::1'],
    ['172-0-0-2.podns.pod A', 'NXDOMAIN'],
    ['podns.pod A', 'NOERROR'],
    ['pod-nons.pod A', 'NXDOMAIN'],
  ])
})
