import t from 'tap'
import { fixedStore } from '../../../src/kube/fixed.ts'
import { module } from '../../../src/plugin/k8s_external/setup.ts'
import { replyTo } from '../../../src/plugin/reply.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { name, nameToText } from '../../../src/wire/name.ts'
import { arrange, type Chain, mistake, rr, rrText } from '../harness.ts'
import { kubernetesOver } from '../kubernetes/chain.ts'
import { namespace, service, slice } from '../kubernetes/fixture.ts'
import { askTable, type Row } from '../kubernetes/table.ts'

const http = [{ name: 'http', port: 80, protocol: 'TCP' }]
const balanced = (ingress: object[]) => ({ loadBalancer: { ingress } })

const objects = [
  namespace('testns'),
  namespace('hidden'),
  service('svc1', 'testns', { clusterIP: '10.0.0.1', externalIPs: ['1.2.3.4'], ports: http }),
  service('svc6', 'testns', { clusterIP: '10.0.0.2', externalIPs: ['1:2::5'], ports: http }),
  service(
    'both',
    'testns',
    { clusterIP: '10.0.0.3', externalIPs: ['1.2.3.5'], ports: http },
    balanced([{ ip: '1.2.3.6' }, { hostname: 'lb.example.net' }]),
  ),
  service('inside', 'testns', { clusterIP: '10.0.0.4', ports: http }),
  service('hdls', 'testns', { clusterIP: 'None', ports: http }),
  slice('hdls', 'testns', 'hdls', [
    { addresses: ['1.2.4.1'], conditions: { ready: true }, hostname: 'ep-0' },
    { addresses: ['1.2.4.2'], conditions: { ready: true } },
    { addresses: ['1.2.4.3'], conditions: { ready: false } },
  ]),
  service('svc1', 'hidden', { clusterIP: '10.0.0.5', externalIPs: ['1.2.3.4'], ports: http }),
  service('dns', 'testns', {
    clusterIP: '10.0.0.10',
    externalIPs: ['192.0.2.53', '2001:db8::53'],
    ports: http,
  }),
  slice('dns', 'testns', 'dns', ['172.0.0.53']),
]

const lookups = {
  name: 'backend',
  keepsLifetimes: true,
  serve: (query: Parameters<typeof replyTo>[0]) => {
    const known = nameToText(query.folded) === 'lb.example.net.'
    const answer = known && query.qtype === TYPE.A ? [rr('lb.example.net. 60 IN A 192.0.2.99')] : []
    return replyTo(query, 'backend', known ? { answer } : { rcode: RCODE.NXDOMAIN })
  },
}

async function external(directive: string, options: { synced?: boolean } = {}): Promise<Chain> {
  const kubernetes = kubernetesOver(fixedStore(objects, options), {
    localAddresses: ['172.0.0.53'],
  })
  const text = `${directive}\nkubernetes cluster.local {\n namespaces testns\n ttl 7\n}`
  const chain = await arrange(text, [module, kubernetes], { backend: lookups })
  return chain.start()
}

t.test('Services answer with their addresses outside the cluster', async (t) => {
  const chain = await external('k8s_external example.com in-addr.arpa {\n ttl 9\n}')
  const target = 'svc1.testns.example.com.'
  const rows: Row[] = [
    ['svc1.testns A', 'NOERROR', 'A 1.2.3.4'],
    ['svc1.testns AAAA', 'NOERROR'],
    ['svc1.testns TXT', 'NOERROR'],
    ['svc1.testns SRV', 'NOERROR', `SRV 0 100 80 ${target}`, `${target} A 1.2.3.4`],
    ['_http._tcp.svc1.testns SRV', 'NOERROR', `SRV 0 100 80 ${target}`, `${target} A 1.2.3.4`],
    ['*._not-udp-or-tcp.svc1.testns SRV', 'NXDOMAIN'],
    ['a.b.c.svc1.testns A', 'NXDOMAIN'],
    ['svc6.testns AAAA', 'NOERROR', 'AAAA 1:2::5'],
    ['svc0.testns A', 'NXDOMAIN'],
    ['inside.testns A', 'NXDOMAIN'],
    ['hdls.testns A', 'NXDOMAIN'],
    ['svc1.hidden A', 'NXDOMAIN'],
    ['testns A', 'NOERROR'],
    ['hidden A', 'NXDOMAIN'],
    ['svc1.testns PTR', 'NOERROR'],
    ['not-existing.testns PTR', 'NXDOMAIN'],
  ]
  await askTable(t, chain, 'example.com.', rows)
  t.equal(
    await chain.ask('4.3.2.1.in-addr.arpa. PTR'),
    'NOERROR qr aa rd\n4.3.2.1.in-addr.arpa. 9 IN PTR svc1.testns.example.com.',
  )
  t.match(await chain.ask('9.3.2.1.in-addr.arpa. PTR'), /^NXDOMAIN qr aa/)
  t.equal(
    await chain.ask('Svc1.testns.EXAMPLE.com. SRV'),
    'NOERROR qr aa rd\nSvc1.testns.EXAMPLE.com. 7 IN SRV 0 100 80 svc1.testns.example.com.\n' +
      ';; ADDITIONAL\nsvc1.testns.example.com. 9 IN A 1.2.3.4',
  )
})

t.test('the host name of a load balancer is followed, beside addresses', async (t) => {
  const chain = await external('k8s_external example.com')
  t.equal(
    await chain.ask('both.testns.example.com. A'),
    'NOERROR qr aa rd\nboth.testns.example.com. 5 IN A 1.2.3.5\nboth.testns.example.com. 5 IN A 1.2.3.6\n' +
      'both.testns.example.com. 7 IN CNAME lb.example.net.\nlb.example.net. 60 IN A 192.0.2.99',
  )
  t.equal(
    await chain.ask('both.testns.example.com. AAAA'),
    'NOERROR qr aa rd\nboth.testns.example.com. 7 IN CNAME lb.example.net.',
  )
  t.equal(
    await chain.ask('both.testns.example.com. SRV'),
    'NOERROR qr aa rd\nboth.testns.example.com. 7 IN SRV 0 33 80 both.testns.example.com.\n' +
      'both.testns.example.com. 7 IN SRV 0 33 80 lb.example.net.\n;; ADDITIONAL\n' +
      'both.testns.example.com. 5 IN A 1.2.3.5\nboth.testns.example.com. 5 IN A 1.2.3.6\nlb.example.net. 60 IN A 192.0.2.99',
  )
})

t.test(
  'with headless, Services without outside addresses answer with their endpoints',
  async (t) => {
    const chain = await external('k8s_external example.com {\n headless\n}')
    const target = (label: string) => `${label}.hdls.testns.example.com.`
    await askTable(t, chain, 'example.com.', [
      ['hdls.testns A', 'NOERROR', 'A 1.2.4.1, A 1.2.4.2'],
      ['ep-0.hdls.testns A', 'NOERROR', 'A 1.2.4.1'],
      ['1-2-4-1.hdls.testns A', 'NXDOMAIN'],
      ['1-2-4-2.hdls.testns A', 'NOERROR', 'A 1.2.4.2'],
      [
        '_http._tcp.hdls.testns SRV',
        'NOERROR',
        `SRV 0 50 80 ${target('ep-0')}, SRV 0 50 80 ${target('1-2-4-2')}`,
        `${target('ep-0')} A 1.2.4.1, ${target('1-2-4-2')} A 1.2.4.2`,
      ],
    ])
  },
)

t.test('the apex and the name servers below it', async (t) => {
  const chain = await external('k8s_external example.com {\n apex dnz\n}')
  const soa =
    'example.com. 5 IN SOA ns1.dnz.example.com. hostmaster.dnz.example.com. 0 7200 1800 86400 5'
  t.equal(await chain.ask('Example.com. SOA'), `NOERROR qr aa rd\n${soa}`)
  t.equal(
    await chain.ask('example.com. NS'),
    'NOERROR qr aa rd\nexample.com. 5 IN NS ns1.dnz.example.com.\n;; ADDITIONAL\n' +
      'ns1.dnz.example.com. 5 IN A 192.0.2.53\nns1.dnz.example.com. 5 IN AAAA 2001:db8::53',
  )
  for (const question of [
    'example.com. A',
    'example.com. SRV',
    'dnz.example.com. SRV',
    'ns1.dnz.example.com. SRV',
    'dnz.example.com. NS',
  ]) {
    t.equal(await chain.ask(question), `NOERROR qr aa rd\n;; AUTHORITY\n${soa}`, question)
  }
  for (const question of [
    'ns2.dnz.example.com. A',
    'a.ns1.dnz.example.com. A',
    'dns.example.com. A',
  ]) {
    t.equal(await chain.ask(question), `NXDOMAIN qr aa rd\n;; AUTHORITY\n${soa}`, question)
  }
  t.equal(
    await chain.ask('ns1.dnz.example.com. AAAA'),
    'NOERROR qr aa rd\nns1.dnz.example.com. 5 IN AAAA 2001:db8::53',
  )
})

t.test('only what does not exist falls through', async (t) => {
  const chain = await external('k8s_external example.net {\n fallthrough\n}')
  t.match(await chain.ask('lb.example.net. A'), /192\.0\.2\.99/)
  t.match(await chain.ask('testns.example.net. A'), /^NOERROR qr aa rd\n;; AUTHORITY/)
})

t.test('before the first sync what is not known does not exist, for this query only', async (t) => {
  const chain = await external('k8s_external example.com', { synced: false })
  const reply = await chain.reply('svc0.testns.example.com. A')
  t.equal(reply.rcode, RCODE.NXDOMAIN)
  t.notOk(reply.lifetime.repeatable)
})

t.test('a transfer holds what questions would find', async (t) => {
  const chain = await external('k8s_external example.com {\n headless\n}')
  const plugin = chain.plugin('k8s_external')
  const told = [...(plugin.transfer?.(name('example.com.'), undefined) ?? [])].flat().map(rrText)
  t.equal(told[0], told.at(-1))
  for (const line of [
    'example.com. 5 IN NS ns1.dns.example.com.',
    'ns1.dns.example.com. 5 IN A 192.0.2.53',
    'svc1.testns.example.com. 5 IN A 1.2.3.4',
    'svc1.testns.example.com. 7 IN SRV 0 100 80 svc1.testns.example.com.',
    '_http._tcp.svc1.testns.example.com. 7 IN SRV 0 100 80 svc1.testns.example.com.',
    'both.testns.example.com. 7 IN CNAME lb.example.net.',
    'hdls.testns.example.com. 5 IN A 1.2.4.1',
    'ep-0.hdls.testns.example.com. 5 IN A 1.2.4.1',
    'ep-0.hdls.testns.example.com. 7 IN SRV 0 100 80 ep-0.hdls.testns.example.com.',
    '_http._tcp.hdls.testns.example.com. 7 IN SRV 0 50 80 1-2-4-2.hdls.testns.example.com.',
  ]) {
    t.ok(told.includes(line), line)
  }
  t.notOk(told.some((line) => line.startsWith('inside.')))
  t.equal(plugin.transfer?.(name('a.example.com.'), undefined), undefined)
  t.equal(
    [...(plugin.transfer?.(name('example.com.'), 1) ?? [])].length,
    1,
    'a later serial is current',
  )
})

t.test("mistakes are told in the reference's words", async (t) => {
  const at = (text: string) => `Corefile:3 - Error during parsing: ${text}`
  const table: [string, string][] = [
    ['colour', at("unknown property 'colour'")],
    ['ttl', at("Wrong argument count or unexpected line ending after 'ttl'")],
    ['ttl 3601', at('ttl must be in range [0, 3600]: 3601')],
    ['ttl x', 'strconv.Atoi: parsing "x": invalid syntax'],
    ['apex', at("Wrong argument count or unexpected line ending after 'apex'")],
  ]
  for (const [line, expected] of table)
    t.equal(await mistake(`k8s_external example.com {\n${line}\n}`, [module]), expected, line)
  const alone = await arrange('k8s_external example.com', [module])
  await t.rejects(alone.start(), { message: 'plugin/k8s_external: kubernetes plugin not loaded' })
})
