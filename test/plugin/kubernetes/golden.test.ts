import t from 'tap'
import { fixedStore } from '../../../src/kube/fixed.ts'
import type { Query } from '../../../src/plugin/query.ts'
import { giveUp, type Reply, replyTo } from '../../../src/plugin/reply.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import { readMessage } from '../../../src/wire/reader.ts'
import { describe, packetOf } from '../../parity/transcript.ts'
import { arrange, rr } from '../harness.ts'
import { kubernetesOver } from './chain.ts'
import { goldenAddresses, goldenCluster } from './golden.ts'
import { standIn } from './stand-ins.ts'
import { askTable, type Row } from './table.ts'

/** The reference's upstream when it was measured. */
const forward = standIn('forward', (query: Query): Reply => {
  const known = query.folded === name('ok.example.test.')
  if (query.folded === name('servfail.example.test.'))
    return giveUp(query, 'forward', RCODE.SERVFAIL)
  if (!known) return replyTo(query, 'forward', { rcode: RCODE.NXDOMAIN })
  const answer = query.qtype === TYPE.A ? [rr('ok.example.test. 60 IN A 192.0.2.1')] : []
  return replyTo(query, 'forward', { answer })
})

const golden = async () =>
  arrange('kubernetes cluster.local in-addr.arpa {\n pods insecure\n}\nforward .', [
    kubernetesOver(fixedStore(goldenCluster), { localAddresses: goldenAddresses }),
    forward,
  ])

const T = 'testns.svc.cluster.local.'

t.test('the measured answers are given', async (t) => {
  const srv = (weight: number, port: number, target: string) =>
    `SRV 0 ${weight} ${port} ${target}.${T}`
  const rows: Row[] = [
    ['@ A', 'NOERROR'],
    ['@ TXT', 'NXDOMAIN'],
    [
      '@ NS',
      'NOERROR',
      'NS kube-dns.kube-system.svc.cluster.local.',
      'kube-dns.kube-system.svc.cluster.local. A 10.96.0.10, kube-dns.kube-system.svc.cluster.local. A 10.96.0.10',
    ],
    ['nons.svc SOA', 'NOERROR'],
    ['ns.dns A', 'NOERROR', 'A 10.96.0.10'],
    ['ns.dns AAAA', 'NOERROR'],
    ['ns.dns TXT', 'NXDOMAIN'],
    ['ns.dns PTR', 'NXDOMAIN'],
    ['ns.dns SRV', 'NOERROR'],
    ['ns.dns CNAME', 'NOERROR'],
    ['ns.dns ANY', 'NOERROR'],
    ['svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['svc1.testns.svc AAAA', 'NOERROR'],
    [
      'svc1.testns.svc SRV',
      'NOERROR',
      `${srv(50, 80, 'svc1')}, ${srv(50, 443, 'svc1')}`,
      `svc1.${T} A 10.0.0.1`,
    ],
    ['svc2.testns.svc SRV', 'NOERROR', srv(100, 8080, 'svc2'), `svc2.${T} A 10.0.0.2`],
    [
      'dual.testns.svc SRV',
      'NOERROR',
      srv(50, 80, 'dual'),
      `dual.${T} A 10.0.0.3, dual.${T} AAAA fd00:1::3`,
    ],
    [
      'dual6.testns.svc SRV',
      'NOERROR',
      `${srv(25, 80, 'dual6')}, ${srv(25, 53, 'dual6')}`,
      `dual6.${T} AAAA fd00:1::4, dual6.${T} A 10.0.0.4`,
    ],
    [
      'multi.testns.svc SRV',
      'NOERROR',
      `${srv(33, 53, 'multi')}, ${srv(33, 9153, 'multi')}`,
      `multi.${T} A 10.0.0.11`,
    ],
    ['noport.testns.svc A', 'NOERROR', 'A 10.0.0.10'],
    ['noport.testns.svc SRV', 'NOERROR'],
    ['_http._tcp.noport.testns.svc A', 'NXDOMAIN'],
    ['_http._tcp.svc1.testns.svc A', 'NOERROR', 'A 10.0.0.1'],
    ['_http._udp.svc1.testns.svc A', 'NXDOMAIN'],
    [
      '_._tcp.svc1.testns.svc SRV',
      'NOERROR',
      `${srv(50, 80, 'svc1')}, ${srv(50, 443, 'svc1')}`,
      `svc1.${T} A 10.0.0.1`,
    ],
    ['172-0-0-20.svc1.testns.svc A', 'NOERROR', 'A 172.0.0.20'],
    ['172-0-0-21.svc1.testns.svc A', 'NXDOMAIN'],
    [
      'named.svc1.testns.svc SRV',
      'NOERROR',
      `${srv(50, 8080, 'named.svc1')}, ${srv(50, 8443, 'named.svc1')}`,
      `named.svc1.${T} A 172.0.0.21`,
    ],
    ['hdls.testns.svc A', 'NOERROR', 'A 172.0.0.2, A 172.0.0.3, A 172.0.0.4, A 172.0.0.7'],
    ['hdls.testns.svc AAAA', 'NOERROR', 'AAAA fd00:2::2, AAAA fd00:2::'],
    ['fd00-2--0.hdls.testns.svc AAAA', 'NOERROR', 'AAAA fd00:2::'],
    [
      'hdlsdup.testns.svc SRV',
      'NOERROR',
      [
        srv(25, 80, 'x.hdlsdup'),
        srv(25, 80, '172-0-3-2.hdlsdup'),
        srv(25, 80, '172-0-3-3.hdlsdup'),
      ].join(', '),
      `x.hdlsdup.${T} A 172.0.3.1, 172-0-3-2.hdlsdup.${T} A 172.0.3.2, 172-0-3-3.hdlsdup.${T} A 172.0.3.3`,
    ],
    [
      '_b._tcp.hdlsmp.testns.svc SRV',
      'NOERROR',
      [1, 2, 3].map((i) => srv(33, 2, `172-0-4-${i}.hdlsmp`)).join(', '),
      [1, 2, 3].map((i) => `172-0-4-${i}.hdlsmp.${T} A 172.0.4.${i}`).join(', '),
    ],
    [
      'hdlsmp.testns.svc SRV',
      'NOERROR',
      [1, 2, 3]
        .flatMap((i) => [1, 2].map((port) => srv(16, port, `172-0-4-${i}.hdlsmp`)))
        .join(', '),
      [1, 2, 3].map((i) => `172-0-4-${i}.hdlsmp.${T} A 172.0.4.${i}`).join(', '),
    ],
    ['x.hdlsdup.testns.svc SRV', 'NOERROR', srv(50, 80, 'x.hdlsdup'), `x.hdlsdup.${T} A 172.0.3.1`],
    [
      'WEB-0.hdls.testns.svc SRV',
      'NOERROR',
      srv(100, 80, 'web-0.hdls'),
      `web-0.hdls.${T} A 172.0.0.4`,
    ],
    ['ext1.testns.svc A', 'NOERROR', 'CNAME ok.example.test., A 192.0.2.1'],
    ['ext1.testns.svc AAAA', 'NOERROR', 'CNAME ok.example.test.'],
    ['ext1.testns.svc CNAME', 'NOERROR', 'CNAME ok.example.test.'],
    ['ext1.testns.svc HTTPS', 'NOERROR'],
    ['ext1.testns.svc SRV', 'NOERROR'],
    ['ext1.testns.svc TXT', 'NOERROR'],
    ['a.ext1.testns.svc A', 'NXDOMAIN'],
    ['ext2.testns.svc A', 'NOERROR', 'CNAME svc1.testns.svc.cluster.local., A 10.0.0.1'],
    ['ext2.testns.svc AAAA', 'NOERROR'],
    ['ext3.testns.svc A', 'NOERROR'],
    ['ext7.testns.svc A', 'NOERROR'],
    ['exta.testns.svc A', 'NOERROR'],
    ['exta.testns.svc CNAME', 'NOERROR', `CNAME exta.${T}`],
    ['ext4.testns.svc A', 'NXDOMAIN'],
    ['ext4.testns.svc CNAME', 'NXDOMAIN'],
    ['ext4.testns.svc SOA', 'NOERROR'],
    ['ext5.testns.svc A', 'NOERROR', 'CNAME nxdomain.example.test.'],
    ['ext6.testns.svc A', 'NOERROR', 'CNAME servfail.example.test.'],
    ['ext9.testns.svc A', 'NOERROR', `CNAME ext2.${T}, CNAME svc1.${T}, A 10.0.0.1`],
    ['1-2-3-4.testns.pod A', 'NOERROR', 'A 1.2.3.4'],
    ['a.b.1-2-3-4.testns.pod A', 'NOERROR', 'A 1.2.3.4'],
    ['a.b.c.1-2-3-4.testns.pod A', 'NXDOMAIN'],
    [
      '1-2-3-4.testns.pod SRV',
      'NOERROR',
      'SRV 0 100 0 1-2-3-4.testns.pod.cluster.local.',
      '1-2-3-4.testns.pod.cluster.local. A 1.2.3.4',
    ],
  ]
  await askTable(t, await golden(), 'cluster.local.', rows)
})

t.test('records of ExternalName targets keep their own TTL', async (t) => {
  const chain = await golden()
  t.equal(
    await chain.ask(`ext1.${T} A`),
    `NOERROR qr aa rd\next1.${T} 5 IN CNAME ok.example.test.\nok.example.test. 60 IN A 192.0.2.1`,
  )
})

t.test('the measured PTR records are given', async (t) => {
  await askTable(t, await golden(), 'in-addr.arpa.', [
    ['1.0.0.10 PTR', 'NOERROR', `PTR svc1.${T}`],
    ['20.0.0.172 PTR', 'NOERROR', `PTR 172-0-0-20.svc1.${T}, PTR 172-0-0-20.hdlsmp2.${T}`],
    ['5.0.0.172 PTR', 'NXDOMAIN'],
    ['10 PTR', 'NXDOMAIN'],
    ['@ PTR', 'NOERROR'],
    ['1.0.0.10 A', 'NXDOMAIN'],
    ['1.0.0.10 SOA', 'NOERROR'],
  ])
})

t.test('the zone typed with capitals is not the apex for NS, nor above ns.dns', async (t) => {
  const chain = await golden()
  t.match(await chain.ask('Cluster.Local. NS'), /^NOERROR qr aa rd\n;; AUTHORITY/)
  t.match(await chain.ask('ns.dns.Cluster.Local. A'), /^NXDOMAIN/)
  t.match(await chain.ask('ns.dns.cluster.local.x.cluster.local. A'), /10\.96\.0\.10/)
})

t.test('as many records fit as the reference lets fit', async (t) => {
  const chain = await golden()
  const fitting = async (question: string, bufsize?: number) => {
    const [text = '', type = ''] = question.split(' ')
    const options = bufsize === undefined ? [] : [`+bufsize=${bufsize}`]
    const qtype = type === 'SRV' ? TYPE.SRV : TYPE.A
    const recorded = { line: 0, qname: name(text), qtype, options, head: '', records: [] }
    const packet = (await chain.send(packetOf(recorded, 1))) as Buffer
    const message = readMessage(packet)
    const tc = describe(packet).head.includes(' tc ')
    return [message.answer.length, message.additional.length, tc, packet.length]
  }
  t.strictSame(await fitting(`big.${T} A`), [29, 0, true, 510])
  t.strictSame(await fitting(`big.${T} A`, 1232), [73, 0, true, 1225])
  t.strictSame(await fitting(`big.${T} A`, 4096), [150, 0, false, 2457])
  t.strictSame(await fitting(`hdls.${T} SRV`), [6, 5, true, 501])
  t.strictSame((await fitting(`hdls.${T} SRV`, 1232)).slice(0, 3), [6, 6, false])
})
