import t from 'tap'
import { module as acl } from '../../../src/plugin/acl/setup.ts'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { ALWAYS, ONCE } from '../../../src/plugin/lifetime.ts'
import { TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import { arrange, mistake, replay, replying, rr } from '../harness.ts'
import { plainHosts } from '../plain-hosts.ts'

const backend = replying({ answer: [rr('a.test. 60 IN A 192.0.2.1')], lifetime: ALWAYS })
const BLOCKED = 'REFUSED qr rd\n;; OPT 4096 do 15=000f'
const FILTERED = 'NOERROR qr rd\n;; OPT 4096 do 15=0011'
const PASSED = 'NOERROR qr aa rd\na.test. 60 IN A 192.0.2.1'

t.test('the first policy that matches type and client decides', async (t) => {
  const lines = `acl {
    allow type A net 10.1.0.0/16
    block type A AAAA net 10.0.0.0/8 192.0.2.1
    filter type TXT
    drop net 2001:db8::/32
  }`
  const chain = await arrange(lines, [acl], { backend })
  t.equal(await chain.ask('a.test A', { from: '10.1.2.3' }), PASSED)
  t.equal(await chain.ask('a.test AAAA', { from: '10.1.2.3' }), BLOCKED)
  t.equal(await chain.ask('a.test A', { from: '192.0.2.1' }), BLOCKED)
  t.equal(await chain.ask('a.test A', { from: '192.0.2.2' }), PASSED)
  t.equal(await chain.ask('a.test TXT', { from: '192.0.2.2' }), FILTERED)
  t.equal(await chain.ask('a.test A', { from: '2001:db8::5%eth0' }), '(silence)')
})

t.test('a rule speaks of its zones only', async (t) => {
  const chain = await arrange('acl b.test {\nblock\n}', [acl], { backend })
  t.equal(await chain.ask('x.B.test A'), BLOCKED)
  t.equal(await chain.ask('xb.test A'), PASSED)
  const plugin = chain.plugin('acl')
  t.equal(plugin.clearOf?.(name('c.test'), TYPE.A), true)
  t.equal(plugin.clearOf?.(name('x.b.test'), TYPE.A), false)
  t.equal(plugin.clearOf?.(name('test'), TYPE.A), false)
})

t.test('a verdict that hung on the client lasts one query, others last on', async (t) => {
  const byClient = await arrange('acl {\nblock type A net 10.0.0.0/8\n}', [acl], { backend })
  t.equal((await byClient.reply('a.test A')).lifetime, ONCE)
  t.equal((await byClient.reply('a.test TXT')).lifetime, ALWAYS)
  t.equal(byClient.plugin('acl').clearOf?.(name('test'), TYPE.TXT), true)
  const byType = await arrange('acl {\nfilter type AAAA\n}', [acl], { backend })
  t.equal((await byType.reply('a.test AAAA')).lifetime, ALWAYS)
  t.equal((await byType.reply('a.test A')).lifetime, ALWAYS)
})

t.test('an asterisk stands for all types or clients', async (t) => {
  const chain = await arrange('acl {\nfilter type A * net 192.0.2.0/24 *\n}', [acl], { backend })
  t.equal(await chain.ask('a.test MX', { from: '::1' }), FILTERED)
  t.equal((await chain.reply('a.test MX')).lifetime, ALWAYS)
})

t.test('each action has its counter, and repetitions add to it', async (t) => {
  const chain = await arrange('acl {\nblock type A\nfilter type MX\ndrop type TXT\n}', [acl], {
    keys: 'test',
    backend,
  })
  const repeats = { proto: 'udp', family: 1, queryOctets: 0, nameOctets: 0, seconds: 0 } as const
  for (const type of ['A', 'MX', 'TXT', 'AAAA']) {
    const reply = await chain.reply(`a.test ${type}`)
    reply.counts[0]?.inc(2, { times: 2, ...repeats })
  }
  t.strictSame((await chain.samples('coredns_acl')).sort(), [
    'coredns_acl_allowed_requests_total{server="dns://:53",view=""} 3',
    'coredns_acl_blocked_requests_total{server="dns://:53",zone="test.",view=""} 3',
    'coredns_acl_dropped_requests_total{server="dns://:53",zone="test.",view=""} 1',
    'coredns_acl_filtered_requests_total{server="dns://:53",zone="test.",view=""} 3',
  ])
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  const say = (line: string) => mistake(`acl {\n${line}\n}`, [acl])
  t.equal(
    await say('forbid net 192.0.2.0/24'),
    `${at} unexpected token "forbid"; expect 'allow', 'block', 'filter' or 'drop'`,
  )
  t.equal(await say('block net 192.0.2.0/99'), `${at} illegal CIDR notation "192.0.2.0/99"`)
  t.equal(await say('block from 192.0.2.1'), `${at} unexpected token "from"; expect 'type | net'`)
  t.equal(await say('block net type A'), `${at} no token specified in "net" section`)
  t.equal(await say('block type'), `${at} no token specified in "type" section`)
  t.equal(await say('block type a'), `${at} unexpected token "a"; expect legal QTYPE`)
  t.equal(await say('block net x'), `${at} illegal CIDR notation "x/32"`)
})

t.test('the recordings agree', async (t) => {
  for (const recording of ['acl-allow-list', 'acl-block', 'acl-drop', 'acl-zones']) {
    t.strictSame(await replay(recording, [bind, acl, plainHosts]), [], recording)
  }
})
