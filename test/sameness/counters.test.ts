import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { TYPE } from '../../src/wire/codes.ts'
import { withoutIpv6 } from '../net/clients.ts'
import { clusterObjects } from '../parity/kubernetes.ts'
import type { Way } from './asker.ts'
import { countsOf, linesOf, logged } from './observed.ts'
import { Rig } from './rig.ts'
import { packetOf } from './universe.ts'
import { possible } from './ways.ts'

const TIMES = 150
const TIMEOUT_MS = 30_000

const directory = mkdtempSync(join(tmpdir(), 'muster-sameness-'))
const cluster = await startApiServer({ port: 0 })
cluster.apply(clusterObjects())
const kubeconfig = join(directory, 'kubeconfig')
writeFileSync(kubeconfig, cluster.kubeconfig)
t.teardown(async () => {
  await cluster.close()
  rmSync(directory, { recursive: true })
})

const COREFILE = `.:{{0}} {
  log
  errors
  prometheus 127.0.0.1:0
  acl example.org {
    filter type A
  }
  cache 300 {
    disable success cluster.local
    disable denial cluster.local
  }
  template IN A example.com {
    answer "{{ .Name }} 600 IN A 192.0.2.80"
  }
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    startup_timeout 1m
    pods insecure
    ttl 300
  }
  loadbalance
}
`

interface Part {
  readonly name: string
  readonly qtype: number
  readonly way: Way
  /** Labels of the series that counts it, of its requests and of its replies. */
  readonly request: string
  readonly response: string
}

const part = (name: string, qtype: number, type: string, way: Way, response: string): Part => {
  const family = way.from.includes(':') ? 2 : 1
  return {
    name,
    qtype,
    way,
    request: `proto="${way.proto}",family="${family}",type="${type}"`,
    response,
  }
}
const udp: Way = { proto: 'udp', from: '127.0.0.1' }
const udp6: Way = { proto: 'udp', from: '::1' }
const tcp: Way = { proto: 'tcp', from: '127.0.0.1' }
const tcp6: Way = { proto: 'tcp', from: '::1' }

const ways = possible([udp, udp6, tcp, tcp6])
if (withoutIpv6 !== false) t.comment(`skipped over IPv6: ${withoutIpv6}`)

/** The mix: each of these so many times. The names that do not exist are all of one length. */
const MIX: readonly Part[] = [
  part('vip.zoo.svc.cluster.local', TYPE.A, 'A', udp, 'rcode="NOERROR",plugin="kubernetes"'),
  part('head.zoo.svc.cluster.local', TYPE.A, 'A', tcp, 'rcode="NOERROR",plugin="kubernetes"'),
  part('head.zoo.svc.cluster.local', TYPE.SRV, 'SRV', udp6, 'rcode="NOERROR",plugin="kubernetes"'),
  part('vip.zoo.svc.cluster.local', TYPE.MX, 'MX', tcp6, 'rcode="NOERROR",plugin="kubernetes"'),
  part('NUMBER.nope.svc.cluster.local', TYPE.A, 'A', udp, 'rcode="NXDOMAIN",plugin="kubernetes"'),
  part(
    'NUMBER.zoo.svc.cluster.local',
    TYPE.AAAA,
    'AAAA',
    udp,
    'rcode="NXDOMAIN",plugin="kubernetes"',
  ),
  part('a.example.com', TYPE.A, 'A', udp, 'rcode="NOERROR",plugin="cache"'),
  part('a.example.org', TYPE.A, 'A', udp, 'rcode="NOERROR",plugin="acl"'),
].filter(({ way }) => ways.includes(way))

t.test(
  'after hot answers of a known mix the metrics and the log are those of the chain',
  async (t) => {
    const [hot, plain] = [
      await Rig.start(COREFILE, { table: true, directory }),
      await Rig.start(COREFILE, { table: false, directory }),
    ]
    t.teardown(() => Promise.all([hot.close(), plain.close()]))
    for (let i = 0; i < TIMES; i++) for (const rig of [hot, plain]) await askMix(rig, i)
    await logged(hot, plain.log.length)

    const [have, want] = [await countsOf(hot, true), await countsOf(plain, true)]
    t.strictSame(Object.fromEntries(have), Object.fromEntries(want))
    t.strictSame(linesOf(hot), linesOf(plain))
    const told = linesOf(hot).filter(([line]) => line.startsWith('[INFO] '))
    t.equal(
      told.reduce((sum, [, times]) => sum + times, 0),
      TIMES * MIX.length,
    )

    const zone = 'server="dns://:{{0}}",zone=".",view=""'
    const series = (name: string, labels: string) => `coredns_dns_${name}_total{${zone},${labels}}`
    for (const [name, of] of [
      ['requests', (one: Part) => one.request],
      ['responses', (one: Part) => one.response],
    ] as const) {
      for (const labels of new Set(MIX.map(of))) {
        // The cache keeps what it hands out itself: the first time it is the template's.
        if (labels.includes('"cache"')) continue
        const times = TIMES * MIX.filter((one) => of(one) === labels).length
        t.equal(have.get(series(name, labels)), String(times), `${name} ${labels}`)
      }
    }
    const answered = hot.plane.stats().answered
    // All but each one's first, and those of the part that asks for another name each time.
    const datagrams = MIX.filter(({ way }) => way.proto === 'udp').length
    t.ok(answered > TIMES * (datagrams - 2), `${answered} datagrams were answered from the table`)
  },
)

async function askMix(rig: Rig, round: number): Promise<void> {
  for (const { name, qtype, way } of MIX) {
    const asker = await rig.asker(way)
    const number = `n${String(round).padStart(4, '0')}`
    await asker.ask(packetOf(name.replace('NUMBER', number), qtype), TIMEOUT_MS)
  }
}
