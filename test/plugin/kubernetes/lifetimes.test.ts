import t from 'tap'
import { stands } from '../../../src/plugin/lifetime.ts'
import type { Reply } from '../../../src/plugin/reply.ts'
import { answering } from '../harness.ts'
import { over } from './chain.ts'
import { namespace, pod, service, serviceImport, slice } from './fixture.ts'

const http = [{ name: 'http', port: 80, protocol: 'TCP' }]
const cluster = [
  namespace('shop'),
  namespace('kube-system'),
  service('web', 'shop', { clusterIP: '10.0.0.1', ports: http }),
  service('db', 'shop', { clusterIP: 'None', ports: http }),
  slice('db-1', 'shop', 'db', ['172.0.0.1', '172.0.0.2']),
  service('empty', 'shop', { clusterIP: 'None', ports: http }),
  service('other', 'shop', { clusterIP: '10.0.0.2', ports: http }),
  pod('p', 'shop', '172.0.0.1'),
]
const directive = 'kubernetes cluster.local in-addr.arpa {\n pods insecure\n}'

/** What a change does to replies given before: which of the questions must be asked anew. */
async function ended(
  change: (fed: Awaited<ReturnType<typeof over>>['fed']) => void,
  questions: readonly string[],
  options = {},
): Promise<string[]> {
  const chain = await over(cluster, directive, { liveSerials: true, ...options })
  const replies = new Map<string, Reply>()
  for (const question of questions) replies.set(question, await chain.reply(question))
  for (const [question, { lifetime }] of replies)
    t.ok(stands(lifetime, chain.versions, 0), `${question} stands`)
  change(chain.fed)
  return [...replies]
    .filter(([, { lifetime }]) => !stands(lifetime, chain.versions, 0))
    .map(([question]) => question)
}

const WEB = 'web.shop.svc.cluster.local. A'
const NEW = 'new.shop.svc.cluster.local. A'
const DB = 'db.shop.svc.cluster.local. A'
const DB1 = '172-0-0-1.db.shop.svc.cluster.local. A'
const DB3 = '172-0-0-3.db.shop.svc.cluster.local. A'
const PTR1 = '1.0.0.172.in-addr.arpa. PTR'
const PTR9 = '9.0.0.172.in-addr.arpa. PTR'
const FOO = 'foo.cluster.local. A'
const NS2 = 'x.later.svc.cluster.local. A'
const POD = '1-2-3-4.shop.pod.cluster.local. A'
const VERSION = 'dns-version.cluster.local. TXT'
const NS = 'cluster.local. NS'
const ALL = [WEB, NEW, DB, DB1, DB3, PTR1, PTR9, FOO, NS2, POD, VERSION, NS]

t.test(
  'a change ends the replies made from what changed, positive and negative, and no others',
  async (t) => {
    t.strictSame(
      await ended(
        (fed) => fed.apply({ ...service('web', 'shop', { clusterIP: '10.0.0.7', ports: http }) }),
        ALL,
      ),
      [WEB, NS],
    )
    t.strictSame(
      await ended(
        (fed) => fed.apply(service('new', 'shop', { clusterIP: '10.0.0.8', ports: http })),
        ALL,
      ),
      [NEW, NS],
    )
    t.strictSame(await ended((fed) => fed.apply(slice('db-2', 'shop', 'db', ['172.0.0.3'])), ALL), [
      DB,
      DB1,
      DB3,
      NS,
    ])
    t.strictSame(await ended((fed) => fed.apply(slice('o', 'shop', 'gone', ['172.0.0.9'])), ALL), [
      PTR9,
      NS,
    ])
    t.strictSame(await ended((fed) => fed.apply(namespace('later')), ALL), [NS2, NS])
    t.strictSame(await ended((fed) => fed.remove(namespace('shop')), ALL), [
      WEB,
      NEW,
      DB,
      DB1,
      DB3,
      POD,
      NS,
    ])
  },
)

t.test('an object written anew without a change ends nothing', async (t) => {
  t.strictSame(
    await ended(
      (fed) => fed.apply(service('web', 'shop', { clusterIP: '10.0.0.1', ports: http })),
      ALL,
    ),
    [],
  )
})

t.test(
  'a reply with an SOA names its live serial, or ends with it where none is kept',
  async (t) => {
    const live = await over(cluster, directive, { liveSerials: true })
    t.equal((await live.reply(NEW)).liveSerial, 'internal@test')
    t.equal((await live.reply(WEB)).liveSerial, undefined)
    let now = 1_000_000
    const clock = { now: () => now }
    const dead = await over(cluster, directive, { clock })
    const reply = await dead.reply(FOO)
    t.equal(reply.liveSerial, undefined)
    now += 5000
    dead.fed.apply(service('more', 'shop', { clusterIP: '10.0.0.8', ports: http }))
    t.notOk(stands(reply.lifetime, dead.versions, 0))
  },
)

t.test('before the first sync nothing negative may be repeated', async (t) => {
  const chain = await over(cluster, directive, { synced: false })
  for (const question of [NEW, FOO, 'shop.svc.cluster.local. A', PTR9]) {
    const reply = await chain.reply(question)
    t.notOk(reply.lifetime.repeatable, question)
    t.equal(reply.deniedBelow, 0)
  }
  t.ok((await chain.reply(WEB)).lifetime.repeatable)
})

t.test('a denial says how much of the name it denies with all below', async (t) => {
  const chain = await over(cluster, directive, { liveSerials: true })
  const table: [string, number][] = [
    ['com.cluster.local. A', 3],
    ['api.example.com.cluster.local. A', 3],
    ['api.example.com.cluster.local. TXT', 3],
    ['api.example.com.svc.cluster.local. A', 4],
    ['api.example.com.shop.svc.cluster.local. A', 5],
    ['a.b.c.d.com.shop.svc.cluster.local. AAAA', 5],
    ['com.shop.svc.cluster.local. HTTPS', 5],
    ['empty.shop.svc.cluster.local. A', 5],
    ['x.empty.shop.svc.cluster.local. A', 0],
    ['x.web.shop.svc.cluster.local. A', 0],
    ['a.b.c.web.shop.svc.cluster.local. A', 0],
    ['blah.shop.pod.cluster.local. A', 5],
    ['x.blah.shop.pod.cluster.local. A', 5],
    ['1-2-3-4.gone.pod.cluster.local. A', 4],
    ['a.b.c.1-2-3-4.shop.pod.cluster.local. A', 0],
    ['dns.cluster.local. A', 0],
    ['x.dns.cluster.local. A', 0],
    ['x.dns-version.cluster.local. A', 0],
    ['ns.dns.com.cluster.local. A', 0],
    ['com.cluster.local. DS', 0],
    ['com.cluster.local. SOA', 0],
    ['svc.cluster.local. TXT', 0],
    ['shop.svc.cluster.local. TXT', 0],
    ['cluster.local. TXT', 0],
    ['9.0.0.172.in-addr.arpa. PTR', 0],
    ['foo.in-addr.arpa. A', 0],
  ]
  for (const [question, labels] of table)
    t.equal((await chain.reply(question)).deniedBelow, labels, question)
})

t.test(
  'a branch with a topology zone, another zone or something that falls through in it is not denied',
  async (t) => {
    const zonal = await over(cluster, 'kubernetes cluster.local {\n zonal\n}', { zonal: true })
    t.equal((await zonal.reply('empty.shop.svc.cluster.local. A')).deniedBelow, 0)
    t.equal((await zonal.reply('gone.shop.svc.cluster.local. A')).deniedBelow, 5)
    const fallthrough = await over(
      cluster,
      'kubernetes cluster.local a.b.cluster.local {\n fallthrough x.y.cluster.local\n}',
    )
    t.equal((await fallthrough.reply('y.cluster.local. A')).deniedBelow, 0)
    t.equal((await fallthrough.reply('b.cluster.local. A')).deniedBelow, 0)
    t.equal((await fallthrough.reply('z.cluster.local. A')).deniedBelow, 3)
  },
)

t.test('a denied branch ends when something comes into it', async (t) => {
  const chain = await over(cluster, directive, { liveSerials: true })
  const reply = await chain.reply('a.b.c.d.late.shop.svc.cluster.local. A')
  t.equal(reply.deniedBelow, 5)
  chain.fed.apply(service('late', 'shop', { clusterIP: '10.0.0.5', ports: http }))
  t.notOk(stands(reply.lifetime, chain.versions, 0))
})

t.test('what falls through stands no longer than the name error', async (t) => {
  const backend = answering('new.shop.svc.cluster.local. 60 IN A 192.0.2.1')
  const chain = await over(cluster, 'kubernetes cluster.local {\n fallthrough\n}', {
    backend,
    liveSerials: true,
  })
  const reply = await chain.reply(NEW)
  t.equal(reply.answer.length, 1)
  t.equal(reply.lifetime.repeatable, false, 'the backend promises nothing')
})

t.test('an answer made from many things stands while the whole store does', async (t) => {
  const external = (name: string, to: string) =>
    service(name, 'shop', {
      type: 'ExternalName',
      clusterIP: undefined,
      clusterIPs: undefined,
      externalName: `${to}.shop.svc.cluster.local`,
    })
  const chain = await over(
    [...cluster, external('a', 'b'), external('b', 'c'), external('c', 'd'), external('d', 'web')],
    directive,
  )
  const reply = await chain.reply('a.shop.svc.cluster.local. A')
  t.equal(reply.answer.length, 5)
  t.strictSame(
    reply.lifetime.versions.map(({ slot }) => slot),
    [chain.versions.whole('test')],
  )
  chain.fed.apply(service('unrelated', 'shop', { clusterIP: '10.0.0.5', ports: http }))
  t.notOk(stands(reply.lifetime, chain.versions, 0))
})

t.test('an import and its slices end what was made from them', async (t) => {
  const objects = [
    namespace('shop'),
    serviceImport('web', 'shop', { type: 'ClusterSetIP', ips: ['10.9.0.1'], ports: http }),
  ]
  const chain = await over(
    objects,
    'kubernetes clusterset.local {\n multicluster clusterset.local\n}',
    { multicluster: true },
  )
  const reply = await chain.reply('web.shop.svc.clusterset.local. A')
  t.ok(stands(reply.lifetime, chain.versions, 0))
  chain.fed.apply(
    serviceImport('web', 'shop', { type: 'ClusterSetIP', ips: ['10.9.0.2'], ports: http }),
  )
  t.notOk(stands(reply.lifetime, chain.versions, 0))
})

t.test(
  'a reply says whether another spelling of the name gets the same but for itself',
  async (t) => {
    const external = { type: 'ExternalName', clusterIP: undefined, clusterIPs: undefined }
    const objects = [
      ...cluster,
      service('alias', 'shop', { ...external, externalName: 'web.shop.svc.cluster.local' }),
    ]
    const chain = await over(objects, directive, { localAddresses: ['192.0.2.1'] })
    const table: [string, boolean][] = [
      [WEB, true],
      [NEW, true],
      [FOO, true],
      [PTR1, true],
      [VERSION, true],
      ['cluster.local. SOA', true],
      ['web.shop.svc.cluster.local. SRV', true],
      [NS, false],
      ['Cluster.Local. NS', false],
      ['ns.dns.cluster.local. A', false],
      ['ns.dns.Cluster.local. A', false],
      ['alias.shop.svc.cluster.local. A', false],
      ['alias.shop.svc.cluster.local. CNAME', false],
    ]
    for (const [question, echoes] of table) {
      t.equal((await chain.reply(question)).echoesSpelling, echoes, question)
    }
    const inArpa = await over(cluster, 'kubernetes in-addr.arpa')
    t.equal((await inArpa.reply(PTR1)).echoesSpelling, false)
  },
)
