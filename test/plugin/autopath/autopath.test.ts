import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { fixedStore } from '../../../src/kube/fixed.ts'
import { module } from '../../../src/plugin/autopath/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { giveUp, replyTo } from '../../../src/plugin/reply.ts'
import type { PluginModule } from '../../../src/plugin/setup.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import { name, nameToText } from '../../../src/wire/name.ts'
import { arrange, mistake, rr } from '../harness.ts'
import { kubernetesOver } from '../kubernetes/chain.ts'
import { namespace, pod, service } from '../kubernetes/fixture.ts'

const directory = mkdtempSync(join(tmpdir(), 'muster-autopath-'))
const file = join(directory, 'resolv.conf')
writeFileSync(
  file,
  '# search list\nnameserver 127.0.0.1\nsearch team.crew.test crew.test\noptions ndots:5\n',
)
t.teardown(() => rmSync(directory, { recursive: true }))

/** A backend that knows some names and gives up at others; it keeps what it was asked. */
function backend(records: Record<string, string>, asked: string[] = []): Plugin {
  const lifetime = ALWAYS
  return {
    name: 'backend',
    keepsLifetimes: true,
    serve(query) {
      const qname = nameToText(query.qname)
      asked.push(qname)
      const known = records[nameToText(query.folded)]
      if (known === 'refuse') return giveUp(query, 'backend', RCODE.REFUSED)
      if (known === 'fail')
        return giveUp(query, 'backend', RCODE.SERVFAIL, 'plugin/backend: broken')
      if (known === undefined)
        return replyTo(query, 'backend', { rcode: RCODE.NXDOMAIN, lifetime, deniedBelow: 1 })
      if (known === '') return replyTo(query, 'backend', { lifetime })
      return replyTo(query, 'backend', { answer: [rr(`${qname} 60 IN A ${known}`)], lifetime })
    },
  }
}

t.test('the first name of the path that exists is the answer, behind a CNAME record', async (t) => {
  const asked: string[] = []
  const chain = await arrange(`autopath ${file}`, [module], {
    backend: backend({ 'mate.crew.test.': '192.0.2.3' }, asked),
  })
  t.equal(
    await chain.ask('MATE.team.crew.test. A'),
    'NOERROR qr rd\nMATE.team.crew.test. 60 IN CNAME MATE.crew.test.\nMATE.crew.test. 60 IN A 192.0.2.3',
  )
  t.strictSame(asked, ['MATE.team.crew.test.', 'MATE.crew.test.'])
  t.equal(
    nameToText((await chain.reply('MATE.team.crew.test. A')).question?.qname as never),
    'MATE.team.crew.test.',
  )
  t.strictSame(await chain.samples('coredns_autopath_success_total'), [
    'coredns_autopath_success_total{server="dns://:53"} 2',
  ])
})

t.test('the bare name is the last of the path', async (t) => {
  const chain = await arrange(`autopath ${file}`, [module], {
    backend: backend({ 'www.harbor.test.': '192.0.2.9' }),
  })
  t.match(await chain.ask('www.harbor.test.team.crew.test. A'), /CNAME www\.harbor\.test\.\n/)
})

t.test('what the asked name itself answers is left as it is, an empty answer too', async (t) => {
  const chain = await arrange(`autopath ${file}`, [module], {
    backend: backend({ 'cook.team.crew.test.': '192.0.2.2', 'none.team.crew.test.': '' }),
  })
  t.equal(
    await chain.ask('cook.team.crew.test. A'),
    'NOERROR qr rd\ncook.team.crew.test. 60 IN A 192.0.2.2',
  )
  t.equal(await chain.ask('none.team.crew.test. A'), 'NOERROR qr rd')
})

t.test('when nothing exists the first reply is given, and the client searches on', async (t) => {
  const asked: string[] = []
  const chain = await arrange(`autopath ${file}`, [module], { backend: backend({}, asked) })
  const reply = await chain.reply('lost.team.crew.test. A')
  t.equal(reply.rcode, RCODE.NXDOMAIN)
  t.equal(reply.deniedBelow, 0)
  t.strictSame(asked, ['lost.team.crew.test.', 'lost.crew.test.', 'lost.'])
})

t.test(
  'a handler that only gives an rcode is passed over, one with an error ends the walk',
  async (t) => {
    const refused = await arrange(`autopath ${file}`, [module], {
      backend: backend({ 'a.team.crew.test.': 'refuse', 'a.crew.test.': '192.0.2.1' }),
    })
    t.match(await refused.ask('a.team.crew.test. A'), /^NOERROR/)
    const asked: string[] = []
    const broken = await arrange(`autopath ${file}`, [module], {
      backend: backend({ 'a.team.crew.test.': 'fail' }, asked),
    })
    t.equal(await broken.ask('a.team.crew.test. A'), 'SERVFAIL qr rd (rcode only)')
    t.equal(asked.length, 1)
  },
)

t.test(
  'names outside the zones and outside the first element of the path are left alone',
  async (t) => {
    const asked: string[] = []
    const chain = await arrange(`autopath crew.test ${file}`, [module], {
      backend: backend({}, asked),
    })
    for (const question of ['mate.crew.test. A', 'mate.other.test. A']) await chain.ask(question)
    t.strictSame(asked, ['mate.crew.test.', 'mate.other.test.'])
    t.match(
      await chain.ask('team.crew.test. A'),
      /^SERVFAIL qr rd \(rcode only\)/,
      'the first element itself cannot be shortened',
    )
  },
)

t.test(
  'a walk by a file lasts as long as what it met, one for a client this query only',
  async (t) => {
    const chain = await arrange(`autopath ${file}`, [module], {
      backend: backend({ 'mate.crew.test.': '192.0.2.3' }),
    })
    t.ok((await chain.reply('mate.team.crew.test. A')).lifetime.repeatable)
    const kubernetes = kubernetesOver(
      fixedStore([namespace('shop'), pod('p', 'shop', '10.0.0.7'), service('web', 'shop')]),
    )
    const directives = 'autopath @kubernetes\nkubernetes cluster.local {\n pods verified\n}'
    const other = await arrange(directives, [module, kubernetes], {
      backend: backend({ 'example.com.': '192.0.2.4' }),
    })
    await other.start()
    const reply = await other.reply('web.shop.svc.cluster.local. A', { from: '10.0.0.9' })
    t.notOk(reply.lifetime.repeatable, 'another client may have a path that this name begins')
    t.ok((await other.reply('example.com.cluster.local. A', { from: '10.0.0.9' })).deniedBelow > 0)
    t.match(
      await other.ask('example.com.shop.svc.cluster.local. A', { from: '10.0.0.7' }),
      /CNAME example\.com\.\n/,
    )
    t.match(
      await other.ask('example.com.shop.svc.cluster.local. A', { from: '10.0.0.9' }),
      /^NXDOMAIN/,
    )
  },
)

t.test('branches that no path begins in are clear', async (t) => {
  const chain = await arrange(`autopath crew.test ${file}`, [module])
  const clear = (branch: string) => chain.plugin('autopath').clearOf?.(name(branch), 1)
  t.equal(clear('example.com.'), true)
  t.equal(clear('com.crew.test.'), true)
  t.equal(clear('com.team.crew.test.'), false)
  t.equal(clear('crew.test.'), false)
  const kubernetes = kubernetesOver(fixedStore([]))
  const other = await arrange(
    'autopath @kubernetes\nkubernetes cluster.local {\n pods verified\n}',
    [module, kubernetes],
  )
  const clearToo = (branch: string) => other.plugin('autopath').clearOf?.(name(branch), 1)
  t.equal(clearToo('com.cluster.local.'), true)
  t.equal(clearToo('com.shop.svc.cluster.local.'), false)
})

t.test("mistakes are told in the reference's words", async (t) => {
  t.equal(await mistake('autopath', [module]), 'no resolv-conf specified')
  t.equal(
    await mistake('autopath /no/such/file', [module]),
    'failed to parse "/no/such/file": open /no/such/file: no such file or directory',
  )
  const whoami: PluginModule = {
    name: 'whoami',
    setup: () => ({ name: 'whoami', serve: (query) => replyTo(query, 'whoami') }),
  }
  const chain = await arrange('autopath @whoami\nwhoami', [module, whoami])
  await t.rejects(chain.start(), {
    message: 'plugin/autopath: whoami does not implement the AutoPather interface',
  })
  const absent = await arrange('autopath @kubernetes', [module], { backend: backend({}) })
  await absent.start()
  t.match(await absent.ask('x.cluster.local. A'), /^NXDOMAIN/)
})
