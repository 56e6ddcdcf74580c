import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { fixedStore } from '../../../src/kube/fixed.ts'
import { module as acl } from '../../../src/plugin/acl/setup.ts'
import { module as auto } from '../../../src/plugin/auto/setup.ts'
import { module as cache } from '../../../src/plugin/cache/setup.ts'
import { module as explain } from '../../../src/plugin/explain/setup.ts'
import { module as file } from '../../../src/plugin/file/setup.ts'
import { module as hosts } from '../../../src/plugin/hosts/setup.ts'
import { module as k8sExternal } from '../../../src/plugin/k8s_external/setup.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { replyTo } from '../../../src/plugin/reply.ts'
import { module as secondary } from '../../../src/plugin/secondary/setup.ts'
import type { PluginModule } from '../../../src/plugin/setup.ts'
import { module as template } from '../../../src/plugin/template/setup.ts'
import { module as view } from '../../../src/plugin/view/setup.ts'
import type { Explanation } from '../../../src/plugin/why.ts'
import { walk } from '../../../src/server/walk.ts'
import { EDE, RCODE } from '../../../src/wire/codes.ts'
import { extendedError } from '../../../src/wire/edns.ts'
import { name } from '../../../src/wire/name.ts'
import { freePort } from '../../ports.ts'
import { type Asking, arrange, arrangeAll, type Chain, queryFor } from '../harness.ts'
import { kubernetesOver, over } from '../kubernetes/chain.ts'
import { namespace, service } from '../kubernetes/fixture.ts'

const ZONE = [
  '@ 60 SOA ns h 7 1 1 100 5',
  '@ 60 NS ns',
  'www 60 A 192.0.2.1',
  'sub 60 NS ns.elsewhere.test.',
  '*.wild 60 TXT "any"',
  'lost 60 CNAME nowhere.test.',
  '',
].join('\n')

async function started(t: Test, corefile: string, modules: readonly PluginModule[]) {
  const chain = await arrangeAll(corefile, modules)
  await chain.start()
  t.teardown(() => chain.stop())
  return chain
}

async function explained(
  chain: Chain,
  plugin: string,
  question: string,
  asking: Asking = {},
): Promise<Explanation | undefined> {
  const reply = await chain.reply(question, asking)
  return chain.plugin(plugin).explain?.(queryFor(question, asking, chain.router), reply)
}

/** INFO-CODE and EXTRA-TEXT that a client with OPT is told. */
async function told(chain: Chain, question: string): Promise<string | undefined> {
  const { extendedError: why } = await chain.reply(question, { udpSize: 1232 })
  return why === undefined ? undefined : `${why.code} ${why.text}`
}

t.test('acl: the policy that decided, and how to let the client in', async (t) => {
  const rules = 'acl a.test {\nallow net 10.1.0.0/16\nblock type A net 10.0.0.0/8\n}'
  const chain = await started(t, `. {\n${rules}\n}`, [acl])
  const denied = await explained(chain, 'acl', 'www.a.test. A', { from: '10.2.0.1' })
  t.match(denied?.facts, [
    { kind: 'acl', name: 'a.test.', says: /`block type A net 10\.0\.0\.0\/8`/ },
  ])
  t.match(denied?.problems, [
    {
      code: 'denied-by-acl',
      reason: /^acl for a\.test\. refuses the query of 10\.2\.0\.1: `block type A/,
      remedy: /`allow net 10\.2\.0\.1`/,
    },
  ])
  t.strictSame((await explained(chain, 'acl', 'www.a.test. A', { from: '10.1.0.1' }))?.problems, [])
  t.strictSame((await explained(chain, 'acl', 'www.b.test. A', { from: '10.2.0.1' }))?.facts, [])
})

t.test('file: the zone, what decides in it, and what it does not have', async (t) => {
  const directory = t.testdir({ db: ZONE })
  const chain = await started(t, `. {\nexplain\nfile ${directory}/db a.test {\nreload 20ms\n}\n}`, [
    explain,
    file,
  ])
  const of = (question: string) => explained(chain, 'file', question)
  t.match(await of('www.a.test. A'), {
    facts: [
      { kind: 'zone', name: 'a.test.', version: '7', says: `from file ${directory}/db` },
      { kind: 'name', name: 'www.a.test.', says: 'has A' },
    ],
    problems: [],
  })
  t.match((await of('wwv.a.test. A'))?.problems, [
    {
      code: 'not-in-zone',
      reason: /\(serial 7\) has no name wwv\.a\.test\..* There is www\.a\.test\./,
    },
  ])
  t.match((await of('www.a.test. MX'))?.problems, [
    { code: 'no-such-type', reason: /has www\.a\.test\., but no MX records there: A\./ },
  ])
  t.match((await of('x.sub.a.test. A'))?.facts[1], { kind: 'delegation', name: 'sub.a.test.' })
  t.match((await of('x.wild.a.test. TXT'))?.facts[1], { kind: 'wildcard', name: '*.wild.a.test.' })
  t.match((await of('lost.a.test. A'))?.problems, [
    { code: 'alias-fails', reason: /leads to nowhere\.test\./ },
  ])
  t.equal(await told(chain, 'wwv.a.test. A'), '0 the zone has no such name')
  t.equal(await told(chain, 'www.a.test. MX'), '0 the name has no records of type MX')
  t.equal(await told(chain, 'www.b.test. A'), '20 no zone here has this name')
  t.equal(await told(chain, 'a.test. AXFR'), '18 zone transfers are not offered')
  t.equal(await told(chain, 'www.a.test. A'), undefined)
  writeFileSync(`${directory}/db`, ZONE.replace('192.0.2.1', '192.0.2.22'))
  t.match(await until(() => of('www.a.test. A')), [
    { code: 'zone-not-taken', reason: /its SOA serial is still 7/ },
  ])
  writeFileSync(`${directory}/db`, 'rubbish')
  t.match(await until(() => of('www.a.test. A'), /failed to parse/), [{ code: 'zone-not-taken' }])
})

t.test('auto: the directory, and the file in it', async (t) => {
  const directory = t.testdir({ 'db.a.test': ZONE })
  const chain = await started(t, `. {\nauto test {\ndirectory ${directory}\n}\n}`, [auto])
  t.match(await explained(chain, 'auto', 'www.a.test. A'), {
    facts: [{ kind: 'zone', says: /^from file .*db\.a\.test$/ }, {}],
    problems: [],
  })
  t.match(await explained(chain, 'auto', 'www.b.test. A'), {
    facts: [
      { kind: 'directory', name: directory, says: 'has a.test., none of them for this name' },
    ],
  })
})

t.test('secondary: the primary that has not given its zone', async (t) => {
  const port = await freePort()
  const corefile = `. {\nexplain\nsecondary a.test {\ntransfer from 127.0.0.1:${port}\n}\n}`
  const chain = await started(t, corefile, [explain, secondary])
  const { problems = [] } = (await explained(chain, 'secondary', 'www.a.test. A')) ?? {}
  t.match(problems[0], {
    code: 'zone-not-loaded',
    reason: new RegExp(`primary 127\\.0\\.0\\.1:${port} has not given it`),
  })
  t.match(await until(() => explained(chain, 'secondary', 'www.a.test. A')), [
    {},
    { code: 'zone-not-taken', reason: /connection refused/ },
  ])
  t.equal(await told(chain, 'www.a.test. A'), '14 the zone is not loaded')
})

t.test('k8s_external: the Service and what it has outside', async (t) => {
  const ports = [{ name: 'http', port: 80, protocol: 'TCP' }]
  const store = fixedStore([
    namespace('shop'),
    service('web', 'shop', { clusterIP: '10.0.0.1', externalIPs: ['192.0.2.1'], ports }),
    service('api', 'shop', { clusterIP: '10.0.0.2', type: 'LoadBalancer', ports }),
  ])
  const text = 'explain\nk8s_external ex.test\nkubernetes cluster.local'
  const chain = await arrange(text, [explain, k8sExternal, kubernetesOver(store)])
  await chain.start()
  t.teardown(() => chain.stop())
  const of = (question: string) => explained(chain, 'k8s_external', question)
  t.match(await of('web.shop.ex.test. A'), {
    facts: [{ kind: 'Service', name: 'shop/web', says: /outside the cluster 192\.0\.2\.1$/ }],
    problems: [],
  })
  for (const [question, code, reason] of [
    ['api.shop.ex.test. A', 'no-external-address', /shop\/api is of type LoadBalancer and has no/],
    ['wbe.shop.ex.test. A', 'no-such-service', /There is web\./],
    ['web.shp.ex.test. A', 'no-such-namespace', /There is shop\./],
  ] as const) {
    t.match((await of(question))?.problems, [{ code, reason }], question)
  }
  t.equal(await of('ex.test. NS'), undefined, 'its apex has nothing to explain')
  t.match(await told(chain, 'api.shop.ex.test. A'), /^0 no Service with an address outside/)
})

t.test('kubernetes, multicluster: the import and the clusters behind it', async (t) => {
  const objects = [
    namespace('shop'),
    {
      apiVersion: 'multicluster.x-k8s.io/v1alpha1',
      kind: 'ServiceImport',
      metadata: { name: 'web', namespace: 'shop', resourceVersion: '5' },
      spec: { type: 'ClusterSetIP', ips: ['10.9.0.1'], ports: [{ port: 80, protocol: 'TCP' }] },
    },
    {
      apiVersion: 'multicluster.x-k8s.io/v1alpha1',
      kind: 'ServiceImport',
      metadata: { name: 'bare', namespace: 'shop', resourceVersion: '6' },
      spec: { type: 'Headless', ports: [] },
    },
  ]
  const chain = await over(
    objects,
    'kubernetes cluster.local clusterset.local {\nmulticluster clusterset.local\n}',
  )
  const of = (question: string) => explained(chain, 'kubernetes', question)
  t.match(await of('web.shop.svc.clusterset.local. A'), {
    facts: [
      { kind: 'ServiceImport', name: 'shop/web', version: '5', says: 'ClusterSetIP 10.9.0.1' },
    ],
    problems: [],
  })
  for (const [question, code, reason] of [
    ['wbe.shop.svc.clusterset.local. A', 'no-such-import', /There is web\./],
    ['bare.shop.svc.clusterset.local. A', 'import-without-addresses', /no cluster has ready/],
    ['a.east.bare.shop.svc.clusterset.local. A', 'no-such-cluster', /No cluster east has ready/],
  ] as const) {
    t.match((await of(question))?.problems, [{ code, reason }], question)
  }
})

t.test('a search domain behind a name that the server answers by itself', async (t) => {
  const store = fixedStore([
    namespace('shop'),
    service('web', 'shop', { clusterIP: '10.0.0.1', ports: [] }),
  ])
  const file = `${t.testdir({ hosts: '192.0.2.9 nas.home' })}/hosts`
  const text = `hosts ${file} {\nfallthrough\n}\nkubernetes cluster.local`
  const chain = await arrange(text, [hosts, kubernetesOver(store)])
  await chain.start()
  t.teardown(() => chain.stop())
  const of = (question: string) => explained(chain, 'kubernetes', question)
  const found = await of('nas.home.shop.svc.cluster.local. A')
  t.match(found?.problems, [
    { code: 'search-list-applied', reason: /^nas\.home\. was asked for with / },
  ])
  const others = await of('nsa.home.shop.svc.cluster.local. A')
  t.match(others?.problems, [{ code: 'no-such-service', reason: /^There is no Service home / }])
})

t.test('a zone that only looks like the cluster’s is not mistyped where it answers', async (t) => {
  const store = fixedStore([
    namespace('shop'),
    service('web', 'shop', { clusterIP: '10.0.0.1', ports: [] }),
  ])
  const answers: Plugin = { name: 'upstream', serve: (query) => replyTo(query, 'upstream', {}) }
  for (const [backend, question, code] of [
    [answers, 'web.shop.svc.clusterset.local. A', undefined],
    [upstream(RCODE.NXDOMAIN), 'web.shop.svc.clusterset.local. A', 'no-such-zone'],
    [upstream(RCODE.NXDOMAIN), 'web.shop.svc.other.example. A', 'no-such-zone'],
    [upstream(RCODE.NXDOMAIN), 'web.nowhere.svc.other.example. A', undefined],
    [upstream(RCODE.NXDOMAIN), 'printer.custom.local. A', undefined],
    [upstream(RCODE.NXDOMAIN), 'www.example.com. A', undefined],
  ] as const) {
    const chain = await arrange('kubernetes cluster.local', [kubernetesOver(store)], { backend })
    await chain.start()
    const found = await explained(chain, 'kubernetes', question)
    t.equal(found?.problems[0]?.code, code, question)
    await chain.stop()
  }
})

t.test('template: no pattern fits, and nothing falls through', async (t) => {
  const corefile = '. {\ntemplate IN A tpl.org {\nmatch ^ok\\.\nrcode NXDOMAIN\n}\n}'
  const chain = await started(t, corefile, [template])
  t.match((await explained(chain, 'template', 'no.tpl.org. A'))?.problems, [
    {
      code: 'no-match',
      reason:
        'Template 1 (tpl.org.) is for this name, but none of its `match` fits no.tpl.org., and nothing falls through: SERVFAIL.',
      remedy: /^Write `fallthrough` into its block, or another template/,
    },
  ])
  t.strictSame((await explained(chain, 'template', 'ok.tpl.org. A'))?.problems, [])
})

t.test('a name that no plugin of its block takes is told so', async (t) => {
  const directory = t.testdir({ db: ZONE })
  for (const [corefile, modules] of [
    [`. {\nexplain\nfile ${directory}/db a.test\n}`, [explain, file]],
    ['. {\nexplain\ncache\n}', [explain, cache]],
  ] as const) {
    const chain = await started(t, corefile, modules)
    const question = { qname: name('foo.other'), qtype: 1, client: '127.0.0.1' }
    t.match((await walk(chain.blocks, question, () => 0)).problems, [
      {
        code: 'no-plugin',
        reason: /^No plugin of block \. takes this name: /,
        remedy: /`forward`/,
      },
    ])
    t.match(await told(chain, 'foo.other. A'), /^20 no /)
  }
})

/** Fails or denies as an upstream does, with an error of its own where one is given. */
const upstream = (rcode: number, error?: number): Plugin => ({
  name: 'upstream',
  serve: (query) => {
    const options = error === undefined ? [] : [extendedError(error, 'it says')]
    const opt = { udpSize: 1232, extendedRcode: 0, version: 0, flags: 0, options }
    return replyTo(query, 'upstream', { rcode, opt })
  },
})

t.test(
  'the cache keeps why, what an upstream said too, and says that a failure is kept',
  async (t) => {
    for (const [backend, first, then] of [
      [upstream(RCODE.SERVFAIL), undefined, `${EDE.CACHED_ERROR} a failure, kept by the cache`],
      [upstream(RCODE.SERVFAIL, EDE.NETWORK_ERROR), '23 it says', '23 it says'],
      [upstream(RCODE.NXDOMAIN), undefined, undefined],
    ] as const) {
      const chain = await arrange('explain\ncache', [explain, cache], { backend })
      t.equal(await told(chain, 'a.test. A'), first)
      t.equal(await told(chain, 'a.test. A'), then)
    }
    const kept: Plugin = {
      name: 'knows',
      serve: (query) =>
        replyTo(query, 'knows', {
          rcode: RCODE.SERVFAIL,
          why: () => ({ code: 0, text: 'a reason' }),
        }),
    }
    const chain = await arrange('explain\ncache', [explain, cache], { backend: kept })
    for (let i = 0; i < 2; i++) t.equal(await told(chain, 'a.test. A'), '0 a reason')
  },
)

t.test('a name of no block is told so, where a block of the listener explains', async (t) => {
  const explaining = await started(t, 'a.test {\nexplain\nacl\n}', [explain, acl])
  t.equal(await told(explaining, 'b.test. A'), '20 no server block has this name')
  t.equal((await explaining.reply('b.test. A')).extendedError, undefined, 'no OPT')
  t.equal(await told(await started(t, 'a.test {\nacl\n}', [acl]), 'b.test. A'), undefined)
})

t.test(
  'views: the question is asked as the client asks it, and a closed one is told',
  async (t) => {
    const corefile = `a.test {\nview inside {\nexpr incidr(client_ip(), '10.0.0.0/8')\n}\nfile ${t.testdir({ db: ZONE })}/db\n}`
    const chain = await started(t, corefile, [view, file])
    const as = (client: string) =>
      walk(chain.blocks, { qname: name('www.a.test'), qtype: 1, client }, () => 0)
    t.equal((await as('10.0.0.1')).rcode, 'NOERROR')
    t.match(await as('192.0.2.1'), {
      rcode: 'REFUSED',
      problems: [{ code: 'no-view', reason: /none takes 192\.0\.2\.1: inside\./ }],
    })
  },
)

/** The problems, as soon as there are some that fit. */
async function until(look: () => Promise<Explanation | undefined>, fits = /./) {
  const ends = performance.now() + 30_000
  for (;;) {
    const { problems = [] } = (await look()) ?? {}
    const last = problems.at(-1)
    const trouble = last?.code === 'zone-not-taken' && fits.test(last.reason)
    if (trouble || performance.now() > ends) return problems
    await new Promise((later) => setTimeout(later, 20))
  }
}
