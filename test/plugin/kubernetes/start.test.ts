import t from 'tap'
import { fixedStore } from '../../../src/kube/fixed.ts'
import { createLogger } from '../../../src/log.ts'
import { waitForSync } from '../../../src/plugin/kubernetes/connect.ts'
import { localAddresses } from '../../../src/plugin/kubernetes/nameservers.ts'
import { HandClock } from '../../kube/hand-clock.ts'
import { answering } from '../harness.ts'
import { over } from './chain.ts'
import { handlerCluster, namespace, service, slice } from './fixture.ts'

const WAITING = '[INFO] waiting for Kubernetes API before starting server'
const UNSYNCED = '[WARNING] starting server with unsynced Kubernetes API'

/** Time passes in small steps. */
function pass(clock: HandClock, ms: number): void {
  for (let i = 0; i < ms; i += 100) clock.advance(100)
}

t.test('before the store knows everything, what is missing is SERVFAIL with the SOA', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local in-addr.arpa', {
    synced: false,
  })
  const serial = chain.fed.store.stamps.internal
  t.equal(
    await chain.ask('svc0.testns.svc.cluster.local. A'),
    `SERVFAIL qr aa rd\n;; AUTHORITY\ncluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. ${serial} 7200 1800 86400 5`,
  )
  for (const question of [
    'foo.cluster.local. A',
    'cluster.local. TXT',
    'a.b.c.d.svc.cluster.local. A',
    '9.9.9.10.in-addr.arpa. PTR',
    'podns.pod.cluster.local. A',
  ]) {
    t.match(await chain.ask(question), /^SERVFAIL qr aa/, question)
  }
  for (const question of [
    'svc1.testns.svc.cluster.local. A',
    'cluster.local. A',
    'svc.cluster.local. A',
    'foo.cluster.local. SOA',
    'dns-version.cluster.local. TXT',
    'svc1.testns.svc.cluster.local. AAAA',
  ]) {
    t.match(await chain.ask(question), /^NOERROR qr aa/, question)
  }
  t.equal(chain.plugin('kubernetes').ready?.(), false)
  chain.fed.markSynced()
  t.match(await chain.ask('svc0.testns.svc.cluster.local. A'), /^NXDOMAIN qr aa/)
  t.equal(chain.plugin('kubernetes').ready?.(), true)
})

t.test('falling through comes before the question whether everything is known', async (t) => {
  const chain = await over(
    handlerCluster,
    'kubernetes cluster.local {\n fallthrough cluster.local\n}',
    {
      synced: false,
      backend: answering('foo.cluster.local. 60 IN A 192.0.2.1'),
    },
  )
  t.equal(
    await chain.ask('foo.cluster.local. A'),
    'NOERROR qr aa rd\nfoo.cluster.local. 60 IN A 192.0.2.1',
  )
  t.match(
    await chain.ask('foo.cluster.local. SOA'),
    /^NOERROR qr aa rd\n;; AUTHORITY/,
    'NODATA never falls through',
  )
})

t.test('a name outside the zones is for the next plugin, and without one SERVFAIL', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local')
  const reply = await chain.reply('example.com. A')
  t.equal(reply.kind, 'rcode')
  t.equal(reply.error, 'plugin/kubernetes: no next plugin found')
})

t.test('a start waits for the first complete lists and says so every half second', async (t) => {
  const log: string[] = []
  const logger = createLogger({ write: (line) => void log.push(line.trimEnd()) })
  const clock = new HandClock()
  const fed = fixedStore([], { synced: false })
  const waited = waitForSync(fed.store, 5000, logger, { clock })
  pass(clock, 1700)
  t.strictSame(log, [WAITING, WAITING, WAITING])
  fed.markSynced()
  await waited
  pass(clock, 10_000)
  t.equal(log.length, 3)
})

t.test('a start does not wait for longer than startup_timeout', async (t) => {
  const log: string[] = []
  const logger = createLogger({ write: (line) => void log.push(line.trimEnd()) })
  const clock = new HandClock()
  const waited = waitForSync(fixedStore([], { synced: false }).store, 1200, logger, {
    clock,
  })
  pass(clock, 1300)
  await waited
  t.strictSame(log, [WAITING, WAITING, UNSYNCED])
})

t.test('a store that is there already is not waited for', async (t) => {
  const clock = new HandClock()
  await waitForSync(fixedStore([]).store, 5000, createLogger({ write: () => t.fail('a line') }), {
    clock,
  })
  t.pass('it went on at once')
})

t.test(
  'name servers stand at the addresses of interfaces, and nowhere where the block is bound',
  async (t) => {
    t.strictSame(localAddresses(['127.0.0.1']), [])
    t.notOk(localAddresses([]).includes('127.0.0.1'))
  },
)

t.test('without a Service of its own the server names its addresses itself', async (t) => {
  const chain = await over(handlerCluster, 'kubernetes cluster.local', {
    localAddresses: ['192.0.2.1', 'fe80::1'],
  })
  t.equal(
    await chain.ask('cluster.local. NS'),
    'NOERROR qr aa rd\ncluster.local. 5 IN NS ns.dns.cluster.local.\n;; ADDITIONAL\n' +
      'ns.dns.cluster.local. 5 IN A 192.0.2.1\nns.dns.cluster.local. 5 IN AAAA fe80::1',
  )
  t.match(await chain.ask('ns.dns.cluster.local. AAAA'), /IN AAAA fe80::1$/)
  const bound = await over(handlerCluster, 'kubernetes cluster.local')
  t.match(await bound.ask('cluster.local. NS'), /^NOERROR qr aa rd\n;; AUTHORITY/)
  t.match(await bound.ask('ns.dns.cluster.local. A'), /^NOERROR qr aa rd\n;; AUTHORITY/)
})

t.test('a headless Service of the server names its endpoints', async (t) => {
  const chain = await over(
    [
      namespace('kube-system'),
      service('dns', 'kube-system', { clusterIP: 'None' }),
      slice('dns', 'kube-system', 'dns', ['192.0.2.1', '192.0.2.2']),
    ],
    'kubernetes cluster.local {\n namespaces other\n}',
    { localAddresses: ['192.0.2.1'] },
  )
  const target = (i: number) => `192-0-2-${i}.dns.kube-system.svc.cluster.local.`
  t.equal(
    await chain.ask('cluster.local. NS'),
    `NOERROR qr aa rd\ncluster.local. 5 IN NS ${target(1)}\ncluster.local. 5 IN NS ${target(2)}\n;; ADDITIONAL\n` +
      `${target(1)} 5 IN A 192.0.2.1\n${target(2)} 5 IN A 192.0.2.2`,
  )
})
