import t from 'tap'
import { ALWAYS, ONCE, until } from '../../../src/plugin/lifetime.ts'
import type { Reply } from '../../../src/plugin/reply.ts'
import { module as rewrite } from '../../../src/plugin/rewrite/setup.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import { type Asking, arrange, queryFor, replying, rr } from '../harness.ts'

const PURE: Partial<Reply> = { lifetime: ALWAYS, echoesSpelling: true }

async function replyOf(
  lines: string,
  question: string,
  change: Partial<Reply> = {},
  asking: Asking = {},
): Promise<Reply> {
  const backend = replying({ ...PURE, answer: [rr('b.test. 60 IN A 192.0.2.1')], ...change })
  const chain = await arrange(lines, [rewrite], { backend })
  return chain.reply(question, asking)
}

t.test('a name that no rule meets gets the very reply of those behind', async (t) => {
  const backend = replying({ ...PURE, deniedBelow: 1 })
  const chain = await arrange('rewrite name a.test b.test', [rewrite], { backend })
  const query = queryFor('c.test. A', {})
  const reply = backend.serve(query, () => t.fail('never') as never) as Reply
  t.equal(
    chain.plugin('rewrite').serve(query, () => reply),
    reply,
  )
})

t.test('a reply to a rewritten name lasts as long, but for no other spelling', async (t) => {
  for (const rule of ['exact a.test b.test', 'suffix a.test b.test', 'regex ^a(.*) b.test']) {
    const reply = await replyOf(`rewrite name ${rule}`, 'a.test. A')
    t.match(reply, { lifetime: ALWAYS, echoesSpelling: false, deniedBelow: 0 }, rule)
  }
})

t.test('a denial below a rewritten name or of a rewritten type is of the name alone', async (t) => {
  const denial = { rcode: RCODE.NXDOMAIN, answer: [], deniedBelow: 1 }
  const renamed = await replyOf('rewrite name a.test b.test', 'a.test. A', denial)
  t.match(renamed, { lifetime: ALWAYS, deniedBelow: 0 })
  const retyped = await replyOf('rewrite type AAAA A', 'a.test. AAAA', denial)
  t.match(retyped, { lifetime: ALWAYS, echoesSpelling: true, deniedBelow: 0 })
})

t.test('rules about replies leave branches and spellings alone', async (t) => {
  const denial = { rcode: RCODE.NXDOMAIN, answer: [], deniedBelow: 1 }
  const lines = 'rewrite continue ttl suffix test 30\nrewrite rcode suffix test NXDOMAIN NOERROR'
  const reply = await replyOf(lines, 'a.test. A', denial)
  t.match(reply, { rcode: 0, lifetime: ALWAYS, echoesSpelling: true, deniedBelow: 1 })
})

t.test('a TTL that counts down lasts only while a bound does not touch it', async (t) => {
  const counting = { lifetime: until(5000) }
  const lifetime = async (bounds: string) =>
    (await replyOf(`rewrite ttl regex . ${bounds}`, 'b.test. A', counting)).lifetime
  t.equal(await lifetime('-60'), counting.lifetime)
  t.equal(await lifetime('-59'), ONCE)
  t.equal(await lifetime('30-'), ONCE)
  t.equal(await lifetime('15'), ONCE)
})

t.test('what a rule of edns0 has seen is for one query only', async (t) => {
  for (const rule of [
    'local set 65001 x',
    'local replace 65001 x',
    'nsid unset',
    'subnet set 24 56',
  ]) {
    const reply = await replyOf(`rewrite edns0 ${rule}`, 'b.test. A', { deniedBelow: 1 })
    t.match(reply, { lifetime: ONCE, deniedBelow: 0 }, rule)
  }
})

t.test('a CNAME record that is led elsewhere lasts as long as both lookups', async (t) => {
  const records = [rr('a.test. 60 IN CNAME b.test.'), rr('b.test. 60 IN A 192.0.2.1')]
  const count = { inc: () => {} }
  const backend = {
    ...replying({}),
    serve: (query: Parameters<ReturnType<typeof replying>['serve']>[0]) => {
      const led = query.folded === name('c.test.')
      const answer = led ? [rr('c.test. 9 IN A 192.0.2.2')] : records
      const lifetime = led ? until(700) : ALWAYS
      return replying({ ...PURE, answer, lifetime, counts: [count] }).serve(
        query,
        (() => {}) as never,
      )
    },
  }
  const chain = await arrange('rewrite cname exact b.test c.test', [rewrite], { backend })
  const reply = await chain.reply('a.test. A')
  t.strictSame(
    reply.answer.map((record) => record.type),
    [TYPE.CNAME, TYPE.A],
  )
  const lookups = [{ counts: [{ inc: Function }] }]
  t.match(reply, { lifetime: { until: 700, lookups }, echoesSpelling: false, counts: [count] })
})

t.test('a reply with a question that the client did not ask is not repeated', async (t) => {
  const reply = await replyOf('rewrite continue type AAAA A', 'b.test. AAAA')
  t.match(reply, { lifetime: ONCE, question: { qtype: TYPE.A } })
})
