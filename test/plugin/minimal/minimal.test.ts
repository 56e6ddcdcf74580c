import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import { module as minimal } from '../../../src/plugin/minimal/setup.ts'
import { module as nsid } from '../../../src/plugin/nsid/setup.ts'
import { module as whoami } from '../../../src/plugin/whoami/setup.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import { arrange, mistake, replay, replying, rr } from '../harness.ts'

const [A, NS, SOA, GLUE] = [
  'a.test. 60 IN A 192.0.2.1',
  'test. 60 IN NS ns.test.',
  'test. 60 IN SOA ns.test. h.test. 1 2 3 4 5',
  'ns.test. 60 IN A 192.0.2.53',
].map(rr) as [never, never, never, never]

t.test('a positive reply keeps its answer only', async (t) => {
  const opt = { udpSize: 512, extendedRcode: 0, version: 0, flags: 0, options: [] }
  const backend = replying({
    answer: [A],
    authority: [NS],
    additional: [GLUE],
    opt,
    lifetime: ALWAYS,
  })
  const chain = await arrange('minimal', [minimal], { backend })
  const reply = await chain.reply('a.test A')
  t.equal(await chain.ask('a.test A'), 'NOERROR qr aa rd\na.test. 60 IN A 192.0.2.1')
  t.equal(reply.lifetime, ALWAYS)
  t.equal(reply.opt, undefined)
})

t.test('negative replies, errors and delegations stay whole', async (t) => {
  for (const change of [
    { rcode: RCODE.NXDOMAIN, authority: [SOA] },
    { authority: [SOA], additional: [GLUE] },
    { authority: [NS], additional: [GLUE] },
    { rcode: RCODE.REFUSED, additional: [GLUE] },
    { kind: 'rcode' as const, rcode: RCODE.SERVFAIL },
  ]) {
    const chain = await arrange('minimal', [minimal], { backend: replying(change) })
    t.match(await chain.reply('a.test A'), change)
  }
})

t.test('a type that has no records but others than a SOA is a positive reply', async (t) => {
  const chain = await arrange('minimal', [minimal], { backend: replying({ additional: [GLUE] }) })
  t.equal(await chain.ask('a.test A'), 'NOERROR qr aa rd')
})

t.test('it takes no arguments, and agrees with its recording', async (t) => {
  t.match(await mistake('minimal now', [minimal]), /Wrong argument count .* after 'now'/)
  t.strictSame(await replay('minimal-edns', [nsid, bind, minimal, whoami]), [])
})
