import t from 'tap'
import { module as errors } from '../../../src/plugin/errors/setup.ts'
import { module as log } from '../../../src/plugin/log/setup.ts'
import { module as metadata } from '../../../src/plugin/metadata/setup.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import type { Query } from '../../../src/plugin/query.ts'
import { giveUp, silence } from '../../../src/plugin/reply.ts'
import { MAX_PATTERN_OCTETS } from '../../../src/plugin/rewrite/pattern.ts'
import { module as rewrite } from '../../../src/plugin/rewrite/setup.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { nameToText } from '../../../src/wire/name.ts'
import { type Asking, answering, arrange, hex, mistake, replying, rr, rrText } from '../harness.ts'

/** A plugin that only notes what it was asked. */
function noting(seen: Query[]): Plugin {
  return {
    name: 'backend',
    keepsLifetimes: true,
    serve: (query) => {
      seen.push(query)
      return silence(query, 'backend')
    },
  }
}

async function optionsOf(rule: string, asking: Asking): Promise<unknown> {
  const seen: Query[] = []
  const chain = await arrange(`rewrite edns0 ${rule}`, [rewrite], { backend: noting(seen) })
  await chain.reply('a.test. A', asking)
  return seen[0]?.opt?.options
}

t.test('a pattern may have so many octets and no more', async (t) => {
  const pattern = 'a'.repeat(MAX_PATTERN_OCTETS)
  const say = (line: string) => mistake(line, [rewrite])
  t.equal(await say(`rewrite name regex ${pattern} b`), '')
  const much = `${MAX_PATTERN_OCTETS + 1} > ${MAX_PATTERN_OCTETS}`
  t.equal(await say(`rewrite name regex ${pattern}a b`), `regex pattern too long: ${much}`)
  for (const [field, rest] of [
    ['ttl', ' 30'],
    ['rcode', ' 2 3'],
    ['cname', ' b'],
  ]) {
    const said = await say(`rewrite ${field} regex ${pattern}a${rest}`)
    t.equal(said, `regex pattern too long in a ${field} rule: ${much}`)
  }
})

t.test('patterns of any kind take linear time', async (t) => {
  const backend = answering('a.test. 60 IN A 192.0.2.1')
  const chain = await arrange('rewrite ttl regex ^(a+)+$ 5', [rewrite], { backend })
  const name = Array(3).fill('a'.repeat(60)).join('.')
  t.match(await chain.ask(`${name}. A`), /60 IN A/)
})

t.test('a client network is cut to the bits that upstreams may know', async (t) => {
  const option = (data: string) => [{ code: 8, data: hex(data) }]
  const v4 = { from: '192.0.2.129' }
  t.strictSame(await optionsOf('subnet set 25 56', v4), option('00011900c0000280'))
  t.strictSame(await optionsOf('subnet set 0 0', v4), option('00010000'))
  const v6 = { from: '2001:db8:ff:ff00::1' }
  t.strictSame(await optionsOf('subnet set 25 57', v6), option('0002390020010db800ffff00'))
  t.strictSame(await optionsOf('subnet set 25 1', { from: 'fe80::1%eth0' }), option('0002010080'))
})

t.test('variables are octets; without a value there is no option', async (t) => {
  const v6 = { from: '2001:db8::1', to: '2001:db8::2' }
  const local = (data: string) => [{ code: 65001, data: hex(data) }]
  const get = (variable: string, asking: Asking) => optionsOf(`local set 65001 ${variable}`, asking)
  t.strictSame(await get('{client_ip}', v6), local('20010db8000000000000000000000001'))
  t.strictSame(await get('{server_ip}', v6), local('20010db8000000000000000000000002'))
  t.strictSame(await get('{protocol}', { transport: 'tls' }), local('746370'))
  t.equal(await get('{client_ip}', { from: 'fe80::1%eth0' }), undefined)
  t.equal(await get('{some/label}', v6), undefined)
})

t.test('metadata goes into an option', async (t) => {
  const seen: Query[] = []
  const backend = { ...noting(seen), metadata: () => [['zoo/animal', () => 'emu']] as const }
  const lines = 'metadata\nrewrite edns0 local set 65001 {zoo/animal}'
  const chain = await arrange(lines, [metadata, rewrite], { backend })
  await chain.start()
  await chain.reply('a.test. A')
  t.strictSame(seen[0]?.opt?.options, [{ code: 65001, data: 'emu' }])
})

t.test('errors and logs tell of the question that was asked in the end', async (t) => {
  const backend: Plugin = {
    name: 'backend',
    serve: (query) => giveUp(query, 'backend', RCODE.SERVFAIL, 'out of order'),
  }
  const lines =
    'errors\nlog . "{name} {type} {rcode}"\nrewrite continue type AAAA A\nrewrite name a.test b.test'
  const chain = await arrange(lines, [errors, log, rewrite], { backend })
  await chain.ask('A.test. AAAA')
  await chain.ask('c.test. AAAA')
  t.strictSame(chain.log, [
    '[INFO] a.test. A SERVFAIL',
    '[ERROR] plugin/errors: 0 b.test. A: out of order',
    '[INFO] c.test. A SERVFAIL',
    '[ERROR] plugin/errors: 2 c.test. A: out of order',
  ])
})

t.test('messages of a transfer are rewritten like others', async (t) => {
  const soa = 'b.test. 30 IN SOA ns.b.test. h.b.test. 1 2 3 4 5'
  async function* stream() {
    yield [rr(soa), rr('x.b.test. 60 IN A 192.0.2.1')]
    yield [rr(soa)]
  }
  const backend = replying({ stream: stream() })
  const lines = 'rewrite continue name a.test b.test\nrewrite ttl regex . 7'
  const chain = await arrange(lines, [rewrite], { backend })
  const reply = await chain.reply('a.test. AXFR', { transport: 'tcp' })
  const batches: string[][] = []
  for await (const batch of reply.stream ?? []) batches.push(batch.map(rrText))
  const changed = 'a.test. 7 IN SOA ns.a.test. h.b.test. 1 2 3 4 5'
  t.strictSame(batches, [[changed, 'x.a.test. 7 IN A 192.0.2.1'], [changed]])
  t.equal(nameToText(reply.question?.qname ?? ('' as never)), 'a.test.')
})

t.test('a target of cname without a final dot is a whole name', async (t) => {
  const backend: Plugin = {
    name: 'backend',
    keepsLifetimes: true,
    serve: (query) => {
      const led = query.folded.includes('other')
      const records = led
        ? ['x.other.test. 60 IN A 192.0.2.2']
        : ['a.test. 60 IN CNAME x.cdn.test.', 'x.cdn.test. 60 IN A 192.0.2.1']
      return replying({ answer: records.map(rr) }).serve(query, (() => {}) as never)
    },
  }
  const chain = await arrange('rewrite cname suffix .cdn.test. .other.test', [rewrite], { backend })
  t.equal(
    await chain.ask('a.test. A'),
    'NOERROR qr aa rd\na.test. 60 IN CNAME x.other.test.\nx.other.test. 60 IN A 192.0.2.2',
  )
})

t.test('where nothing is said at the new target, the old one stays', async (t) => {
  const backend: Plugin = {
    name: 'backend',
    keepsLifetimes: true,
    serve: (query) =>
      query.qtype === TYPE.A && query.exchange.depth > 0
        ? silence(query, 'backend')
        : replying({ answer: [rr('a.test. 60 IN CNAME b.test.')] }).serve(
            query,
            (() => {}) as never,
          ),
  }
  const chain = await arrange('rewrite cname exact b.test c.test', [rewrite], { backend })
  t.equal(await chain.ask('a.test. A'), 'NOERROR qr aa rd\na.test. 60 IN CNAME b.test.')
  t.strictSame(chain.log, ['[ERROR] plugin/rewrite: upstream lookup returned nil'])
})
