import t from 'tap'
import { name } from '../../../src/wire/name.ts'
import { type Chain, rrText } from '../harness.ts'
import { over } from './chain.ts'
import { handlerCluster, namespace, service, serviceImport, slice } from './fixture.ts'

const SOA =
  /^cluster\.local\. 5 IN SOA ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d+ 7200 1800 86400 5$/

function records(chain: Chain, zone: string, serial?: number): string[] | undefined {
  const batches = chain.plugin('kubernetes').transfer?.(name(zone), serial)
  return batches && [...batches].flat().map(rrText)
}

t.test(
  'a transfer is everything that exposed Namespaces have, between two SOA records',
  async (t) => {
    const chain = await over(
      handlerCluster,
      'kubernetes cluster.local {\n namespaces testns kube-system\n}',
      {
        localAddresses: ['127.0.0.1', '::1'],
      },
    )
    const told = records(chain, 'cluster.local.') as string[]
    t.match(told[0], SOA)
    t.match(told.at(-1), SOA)
    const T = 'testns.svc.cluster.local.'
    const hdls = ['172-0-0-2', '172-0-0-3', 'dup-name', 'dup-name', '5678-abcd--1', '5678-abcd--2']
    const address = [
      '172.0.0.2',
      '172.0.0.3',
      '172.0.0.4',
      '172.0.0.5',
      '5678:abcd::1',
      '5678:abcd::2',
    ]
    t.strictSame(told.slice(1, -1), [
      'cluster.local. 5 IN NS ns.dns.cluster.local.',
      'ns.dns.cluster.local. 0 IN A 127.0.0.1',
      'ns.dns.cluster.local. 0 IN AAAA ::1',
      `external.${T} 5 IN CNAME ext.interwebs.test.`,
      `external-to-service.${T} 5 IN CNAME svc1.${T}`,
      ...hdls.flatMap((label, i) => {
        const type = i < 4 ? 'A' : 'AAAA'
        return [
          `hdls1.${T} 5 IN ${type} ${address[i]}`,
          `${label}.hdls1.${T} 5 IN ${type} ${address[i]}`,
          `_http._tcp.hdls1.${T} 5 IN SRV 0 16 80 ${label}.hdls1.${T}`,
        ]
      }),
      `hdlsprtls.${T} 5 IN A 172.0.0.20`,
      `172-0-0-20.hdlsprtls.${T} 5 IN A 172.0.0.20`,
      'kubedns.kube-system.svc.cluster.local. 5 IN A 10.0.0.10',
      'kubedns.kube-system.svc.cluster.local. 5 IN SRV 0 100 53 kubedns.kube-system.svc.cluster.local.',
      '_dns._udp.kubedns.kube-system.svc.cluster.local. 5 IN SRV 0 100 53 kubedns.kube-system.svc.cluster.local.',
      `svc-dual-stack.${T} 5 IN A 10.0.0.3`,
      `svc-dual-stack.${T} 5 IN AAAA 10::3`,
      `svc-dual-stack.${T} 5 IN SRV 0 100 80 svc-dual-stack.${T}`,
      `_http._tcp.svc-dual-stack.${T} 5 IN SRV 0 100 80 svc-dual-stack.${T}`,
      ...['svc1 A 10.0.0.1', 'svc6 AAAA 1234:abcd::1', 'svcempty A 10.0.0.1'].flatMap((line) => {
        const [label, type, ip] = line.split(' ')
        return [
          `${label}.${T} 5 IN ${type} ${ip}`,
          `${label}.${T} 5 IN SRV 0 100 80 ${label}.${T}`,
          `_http._tcp.${label}.${T} 5 IN SRV 0 100 80 ${label}.${T}`,
        ]
      }),
    ])
  },
)

t.test('IXFR with the present serial is one SOA, with any other the whole zone', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local')
  const serial = chain.fed.store.stamps.internal
  t.equal(records(chain, 'cluster.local.', serial)?.length, 1)
  for (const other of [0, serial - 1, serial + 1])
    t.ok((records(chain, 'cluster.local.', other)?.length ?? 0) > 10)
})

t.test('a zone below one of ours is transferred as if it were one, and no other', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local')
  t.ok(
    records(chain, 'foo.cluster.local.')?.includes(
      'svc1.testns.svc.foo.cluster.local. 5 IN A 10.0.0.1',
    ),
  )
  t.equal(records(chain, 'example.org.'), undefined)
})

t.test('a Service without ports shows port 65535', async (t) => {
  const objects = [namespace('shop'), service('bare', 'shop', { clusterIP: '10.0.0.1', ports: [] })]
  const chain = await over(objects, 'kubernetes cluster.local')
  t.ok(
    records(chain, 'cluster.local.')?.includes(
      'bare.shop.svc.cluster.local. 5 IN SRV 0 100 65535 bare.shop.svc.cluster.local.',
    ),
  )
})

t.test('a clusterset zone transfers imports, endpoints without their cluster', async (t) => {
  const http = [{ name: 'http', port: 80, protocol: 'TCP' }]
  const endpoints = {
    ...slice('db', 'shop', '', ['172.9.0.1']),
    metadata: {
      name: 'db',
      namespace: 'shop',
      labels: {
        'multicluster.kubernetes.io/service-name': 'db',
        'multicluster.kubernetes.io/source-cluster': 'east',
      },
    },
  }
  const chain = await over(
    [
      namespace('shop'),
      service('local', 'shop', { clusterIP: '10.0.0.9', ports: http }),
      serviceImport('web', 'shop', { type: 'ClusterSetIP', ips: ['10.9.0.1'], ports: http }),
      serviceImport('db', 'shop', { type: 'Headless', ports: http }),
      endpoints,
    ],
    'kubernetes clusterset.local {\n multicluster clusterset.local\n}',
  )
  const T = 'shop.svc.clusterset.local.'
  t.strictSame(records(chain, 'clusterset.local.')?.slice(1, -1), [
    `db.${T} 5 IN A 172.9.0.1`,
    `172-9-0-1.db.${T} 5 IN A 172.9.0.1`,
    `_http._tcp.db.${T} 5 IN SRV 0 100 80 172-9-0-1.db.${T}`,
    `web.${T} 5 IN A 10.9.0.1`,
    `web.${T} 5 IN SRV 0 100 80 web.${T}`,
    `_http._tcp.web.${T} 5 IN SRV 0 100 80 web.${T}`,
  ])
})

t.test('a clusterset zone transfers the names of endpoints as they are spelled', async (t) => {
  const labels = {
    'multicluster.kubernetes.io/service-name': 'db',
    'multicluster.kubernetes.io/source-cluster': 'east',
  }
  const http = [{ name: 'http', port: 80, protocol: 'TCP' }]
  const endpoints = {
    ...slice('db', 'shop', '', ['FD00::AB']),
    metadata: { name: 'db', namespace: 'shop', labels },
  }
  const chain = await over(
    [namespace('shop'), serviceImport('db', 'shop', { type: 'Headless', ports: http }), endpoints],
    'kubernetes clusterset.local {\n multicluster clusterset.local\n}',
  )
  const T = 'db.shop.svc.clusterset.local.'
  t.strictSame(records(chain, 'clusterset.local.')?.slice(1, -1), [
    `${T} 5 IN AAAA fd00::ab`,
    `FD00--AB.${T} 5 IN AAAA fd00::ab`,
    `_http._tcp.${T} 5 IN SRV 0 100 80 FD00--AB.${T}`,
  ])
})
