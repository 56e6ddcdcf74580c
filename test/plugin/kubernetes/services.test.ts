import t from 'tap'
import { over } from './chain.ts'
import { handlerCluster, namespace, service, slice } from './fixture.ts'
import { askTable, type Row } from './table.ts'

const self = (name: string) => `${name}.testns.svc.cluster.local.`

t.test('Services, endpoints and empty names answer as the reference is tested to', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local {\n namespaces testns\n}')
  const srv = (name: string, weight = 100) => `SRV 0 ${weight} 80 ${self(name)}`
  const rows: Row[] = [
    ['svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['svcempty.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['svc1.testns.svc SRV', 'NOERROR', srv('svc1'), `${self('svc1')} A 10.0.0.1`],
    ['svcempty.testns.svc SRV', 'NOERROR', srv('svcempty'), `${self('svcempty')} A 10.0.0.1`],
    ['svc6.testns.svc SRV', 'NOERROR', srv('svc6'), `${self('svc6')} AAAA 1234:abcd::1`],
    ['_http._tcp.svc1.testns.svc SRV', 'NOERROR', srv('svc1'), `${self('svc1')} A 10.0.0.1`],
    ['_http._tcp.svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['_http._udp.svc1.testns.svc A', 'NXDOMAIN'],
    ['http.tcp.svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['_._.svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['*._tcp.svc1.testns.svc A', 'NXDOMAIN'],
    ['*.testns.svc A', 'NXDOMAIN'],
    ['any.svc1.testns.svc A', 'NXDOMAIN'],
    ['hdls1.testns.svc A', 'NOERROR', 'A 172.0.0.2, A 172.0.0.3, A 172.0.0.4, A 172.0.0.5'],
    ['hdls1.testns.svc AAAA', 'NOERROR', 'AAAA 5678:abcd::1, AAAA 5678:abcd::2'],
    ['hdlsprtls.testns.svc A', 'NOERROR', 'A 172.0.0.20'],
    ['hdlsprtls.testns.svc SRV', 'NOERROR'],
    ['svc1.testns.svc AAAA', 'NOERROR'],
    ['svc1.testns.svc TXT', 'NOERROR'],
    ['svc1.testns.svc SOA', 'NOERROR'],
    ['svc1.testns.svc MX', 'NOERROR'],
    ['svc1.testns.svc CNAME', 'NOERROR'],
    ['svc1.testns.svc PTR', 'NOERROR'],
    ['svc1.testns.svc HTTPS', 'NOERROR'],
    ['svc1.testns.svc ANY', 'NOERROR'],
    ['svc0.testns.svc A', 'NXDOMAIN'],
    ['svc0.testns.svc AAAA', 'NXDOMAIN'],
    ['svc0.testns.svc SOA', 'NOERROR'],
    ['svc0.svc-nons.svc A', 'NXDOMAIN'],
    ['svc0.svc-nons.svc TXT', 'NXDOMAIN'],
    ['dns-version TXT', 'NOERROR', 'TXT "1.1.0"'],
    ['dns-version A', 'NXDOMAIN'],
    ['bogusendpoint.hdls1.testns.svc A', 'NXDOMAIN'],
    ['bogusendpoint.svc0.testns.svc A', 'NXDOMAIN'],
    ['svc6.testns.svc AAAA', 'NOERROR', 'AAAA 1234:abcd::1'],
    ['@ A', 'NOERROR'],
    ['@ TXT', 'NXDOMAIN'],
    ['svc A', 'NOERROR'],
    ['svc TXT', 'NXDOMAIN'],
    ['pod A', 'NOERROR'],
    ['testns.svc A', 'NOERROR'],
    ['testns.svc TXT', 'NXDOMAIN'],
    ['testns.pod A', 'NXDOMAIN'],
    ['svc NS', 'NOERROR'],
    ['testns.svc NS', 'NOERROR'],
    ['foo NS', 'NXDOMAIN'],
    ['foo.svc NS', 'NXDOMAIN'],
    ['dns A', 'NXDOMAIN'],
    ['svc-dual-stack.testns.svc A', 'NOERROR', 'A 10.0.0.3'],
    ['svc-dual-stack.testns.svc AAAA', 'NOERROR', 'AAAA 10::3'],
    [
      'svc-dual-stack.testns.svc SRV',
      'NOERROR',
      srv('svc-dual-stack', 50),
      `${self('svc-dual-stack')} A 10.0.0.3, ${self('svc-dual-stack')} AAAA 10::3`,
    ],
    ['svc1.unexposedns.svc A', 'NXDOMAIN'],
    ['svc1.nsnoexist.svc A', 'NXDOMAIN'],
    ['172-0-0-2.hdls1.testns.svc A', 'NOERROR', 'A 172.0.0.2'],
    ['172-0-0-4.hdls1.testns.svc A', 'NXDOMAIN'],
    ['172-0-0-20.hdlsprtls.testns.svc A', 'NOERROR', 'A 172.0.0.20'],
    ['5678-abcd--1.hdls1.testns.svc AAAA', 'NOERROR', 'AAAA 5678:abcd::1'],
    ['5678-abcd--1.hdls1.testns.svc A', 'NOERROR'],
    ['dup-name.hdls1.testns.svc A', 'NOERROR', 'A 172.0.0.4, A 172.0.0.5'],
    ['ep1a.svc1.testns.svc A', 'NOERROR', 'A 172.0.0.1'],
    ['@ AXFR', 'REFUSED'],
    ['svc1.testns.svc IXFR', 'REFUSED'],
  ]
  await askTable(t, chain, 'cluster.local.', rows)
})

t.test(
  'SRV of a headless Service: a record for each name and port, the weight shared by all endpoints',
  async (t) => {
    const chain = await over(handlerCluster, 'kubernetes cluster.local')
    const text = await chain.ask('_http._tcp.hdls1.testns.svc.cluster.local. SRV')
    t.equal(text.match(/ SRV 0 16 80 /g)?.length, 5)
    t.equal(text.match(/dup-name\S* 5 IN SRV|SRV 0 16 80 dup-name/g)?.length, 1)
    t.equal(text.split(';; ADDITIONAL')[1]?.trim().split('\n').length, 6)
  },
)

t.test('names keep the spelling of the question, in the zone of made-up names too', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local {\n ignore empty_service\n}')
  t.equal(
    await chain.ask('not-a-service.testns.svc.ClUsTeR.lOcAl. A'),
    'NXDOMAIN qr aa rd\n;; AUTHORITY\n' +
      'ClUsTeR.lOcAl. 5 IN SOA ns.dns.ClUsTeR.lOcAl. hostmaster.ClUsTeR.lOcAl. SERIAL 7200 1800 86400 5'.replace(
        'SERIAL',
        String(chain.fed.store.stamps.internal),
      ),
  )
  t.equal(
    await chain.ask('_HtTp._TcP.sVc1.TeStNs.SvC.cLuStEr.LoCaL. SRV'),
    'NOERROR qr aa rd\n' +
      '_HtTp._TcP.sVc1.TeStNs.SvC.cLuStEr.LoCaL. 5 IN SRV 0 100 80 svc1.testns.svc.cLuStEr.LoCaL.\n' +
      ';; ADDITIONAL\nsvc1.testns.svc.cLuStEr.LoCaL. 5 IN A 10.0.0.1',
  )
  t.match(
    await chain.ask('Cluster.local. SOA'),
    /^NOERROR qr aa rd\nCluster\.local\. 5 IN SOA ns\.dns\.Cluster\.local\./,
  )
})

t.test('ignore empty_service takes Services away that have no ready endpoint', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local {\n ignore empty_service\n}')
  await askTable(t, chain, 'cluster.local.', [
    ['svcempty.testns.svc A', 'NXDOMAIN'],
    ['svcempty.testns.svc SRV', 'NXDOMAIN'],
    ['svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['external.testns.svc CNAME', 'NOERROR', 'CNAME ext.interwebs.test.'],
  ])
})

t.test('noendpoints leaves only the addresses of Services', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local {\n noendpoints\n}', {
    endpoints: false,
  })
  await askTable(t, chain, 'cluster.local.', [
    ['hdls1.testns.svc A', 'NXDOMAIN'],
    ['ep1a.svc1.testns.svc A', 'NXDOMAIN'],
    ['svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
  ])
})

t.test('not-ready endpoints are left out unless publishNotReadyAddresses is set', async (t) => {
  const notReady = { addresses: ['172.0.9.1'], conditions: { ready: false, serving: true } }
  const objects = (publishNotReadyAddresses: boolean) => [
    namespace('shop'),
    service('db', 'shop', {
      clusterIP: 'None',
      publishNotReadyAddresses,
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    }),
    slice('db', 'shop', 'db', [notReady], {
      ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
    }),
  ]
  const zones = 'kubernetes cluster.local in-addr.arpa'
  const hidden = await over(objects(false), zones)
  await askTable(t, hidden, 'cluster.local.', [
    ['db.shop.svc A', 'NXDOMAIN'],
    ['172-0-9-1.db.shop.svc A', 'NXDOMAIN'],
  ])
  t.match(await hidden.ask('1.9.0.172.in-addr.arpa. PTR'), /^NXDOMAIN/)
  const shown = await over(objects(true), zones)
  await askTable(t, shown, 'cluster.local.', [
    ['db.shop.svc A', 'NOERROR', 'A 172.0.9.1'],
    ['172-0-9-1.db.shop.svc A', 'NOERROR', 'A 172.0.9.1'],
    [
      '_sql._tcp.db.shop.svc SRV',
      'NOERROR',
      'SRV 0 100 5432 172-0-9-1.db.shop.svc.cluster.local.',
      '172-0-9-1.db.shop.svc.cluster.local. A 172.0.9.1',
    ],
  ])
  t.match(
    await shown.ask('1.9.0.172.in-addr.arpa. PTR'),
    /172-0-9-1\.db\.shop\.svc\.cluster\.local\./,
  )
})
