import t from 'tap'
import { module as errors } from '../../../src/plugin/errors/setup.ts'
import { ALWAYS, ONCE } from '../../../src/plugin/lifetime.ts'
import { module as log } from '../../../src/plugin/log/setup.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import type { Query } from '../../../src/plugin/query.ts'
import { giveUp, replyTo, silence } from '../../../src/plugin/reply.ts'
import { module as rewrite } from '../../../src/plugin/rewrite/setup.ts'
import { CLASS, RCODE } from '../../../src/wire/codes.ts'
import { FLAG } from '../../../src/wire/header.ts'
import { name } from '../../../src/wire/name.ts'
import { answering, arrange, mistake, queryFor, replying, rr } from '../harness.ts'

/** A clock that takes 175992 ns between any two looks at it, as the reference's documented line does. */
function clock() {
  let now = 0
  return { now: () => (now += 0.175992) }
}

const A_TEST = 'a.test. 60 IN A 192.0.2.1'
const replies = (query: Query) => replyTo(query, 'backend')
const from = { from: '127.0.0.1', fromPort: 49661 }

t.test("a line has the reference's shape", async (t) => {
  const chain = await arrange('log', [log], { backend: answering(A_TEST), host: clock() })
  await chain.ask('A.test A', { ...from, udpSize: 1232 })
  await chain.ask('a.test A', { from: '2001:db8::1', fromPort: 53, transport: 'tcp' })
  t.strictSame(chain.log, [
    '[INFO] 127.0.0.1:49661 - 4711 "A IN a.test. udp 35 false 1232" NOERROR qr,aa,rd 46 0.000175992s',
    '[INFO] [2001:db8::1]:53 - 4711 "A IN a.test. tcp 24 false 65535" NOERROR qr,aa,rd 46 0.000175992s',
  ])
})

t.test(
  'size, DO and buffer size are those of the query that plugins behind were asked',
  async (t) => {
    const lines = 'log . "{size} {>do} {>bufsize}"\nrewrite edns0 local set 0xffee hi'
    const chain = await arrange(lines, [log, rewrite], { backend: answering(A_TEST) })
    await chain.ask('a.test A', from)
    t.strictSame(chain.log, ['[INFO] 41 false 4096'])
  },
)

t.test('a reply that no plugin wrote is told with its rcode, and before the error', async (t) => {
  const backend: Plugin = {
    name: 'backend',
    serve: (query) => giveUp(query, 'backend', RCODE.SERVFAIL, 'no luck'),
  }
  const chain = await arrange('log\nerrors', [errors, log], { backend, host: clock() })
  await chain.ask('y.b.test A', from)
  t.strictSame(chain.log, [
    '[INFO] 127.0.0.1:49661 - 4711 "A IN y.b.test. udp 26 false 512" SERVFAIL qr,rd 26 0.000175992s',
    '[ERROR] plugin/errors: 2 y.b.test. A: no luck',
  ])
})

t.test(
  'a reply that the client does not get whole has the flag tc, and its whole size',
  async (t) => {
    const records = Array.from({ length: 100 }, (_, i) => `big.test. 60 IN A 10.0.0.${i + 1}`)
    const chain = await arrange('log . "{>bufsize} {>rflags} {rsize}"', [log], {
      backend: answering(...records),
    })
    await chain.ask('big.test A', from)
    await chain.ask('big.test A', { ...from, udpSize: 1232 })
    await chain.ask('big.test A', { ...from, udpSize: 4096 })
    await chain.ask('big.test A', { ...from, transport: 'tcp' })
    t.strictSame(chain.log, [
      '[INFO] 512 qr,aa,tc,rd 2426',
      '[INFO] 1232 qr,aa,tc,rd 2426',
      '[INFO] 4096 qr,aa,rd 2426',
      '[INFO] 65535 qr,aa,rd 2426',
    ])
  },
)

t.test('class ANY is shown by its number, since ANY is a type as well', async (t) => {
  const chain = await arrange('log . "{class} {type}"', [log], { backend: answering(A_TEST) })
  await chain.plugin('log').serve(queryFor('a.test ANY', { qclass: CLASS.ANY }), replies)
  t.strictSame(chain.log, ['[INFO] CLASS255 ANY'])
})

t.test('silence has neither rcode nor flags', async (t) => {
  const backend: Plugin = { name: 'backend', serve: (query) => silence(query, 'backend') }
  const chain = await arrange('log . "{rcode} {>rflags} {rsize}"', [log], { backend })
  await chain.ask('a.test A')
  t.strictSame(chain.log, ['[INFO] - - 0'])
})

t.test('every placeholder is filled in', async (t) => {
  const format =
    '{type} {name} {class} {proto} {remote} {local} {size} {port} {rcode} {rsize} {>rflags} {>bufsize} {>do} {>id} {>opcode} {/no/label} {nothing} {'
  const chain = await arrange(`log . "${format}"`, [log], {
    backend: replying({ rcode: 3841, flags: 0xffff & ~FLAG.OPCODE }),
  })
  const asking = { ...from, qclass: CLASS.CH, udpSize: 4096, dnssecOk: true, to: '::1' }
  await chain.router.serve(queryFor('a.test TYPE65400', asking, chain.router))
  t.strictSame(chain.log, [])
  const asked = await arrange(`log . "${format}"`, [log], {
    backend: { ...replying({ rcode: 3841, flags: 0x87f0 }), takesAnyClass: true },
  })
  await asked.ask('a.test TYPE65400', asking)
  t.strictSame(asked.log, [
    '[INFO] TYPE65400 a.test. CH udp 127.0.0.1 [::1] 35 49661 3841 24 qr,aa,tc,rd,ra,z,ad,cd 4096 true 4711 0 - {nothing} {',
  ])
})

t.test('combined is common and the opcode', async (t) => {
  const chain = await arrange('log a.test b.test {combined}', [log], {
    backend: answering(A_TEST),
    host: clock(),
  })
  await chain.ask('x.b.test A', from)
  await chain.ask('c.test A', from)
  t.strictSame(chain.log, [
    '[INFO] 127.0.0.1:49661 - 4711 "A IN x.b.test. udp 26 false 512" NOERROR qr,aa,rd 48 0.000175992s "0"',
  ])
})

t.test('only replies of the classes asked for are logged', async (t) => {
  const soa = rr('test. 60 IN SOA ns.test. h.test. 1 2 3 4 5')
  const kinds = {
    success: { answer: [rr(A_TEST)] },
    denial: { authority: [soa] },
    nxdomain: { rcode: RCODE.NXDOMAIN, authority: [soa] },
    error: { rcode: RCODE.REFUSED },
  }
  const logged: Record<string, string[]> = {}
  for (const class_ of ['success', 'denial', 'error', 'denial error', 'all']) {
    logged[class_] = []
    for (const [kind, change] of Object.entries(kinds)) {
      const lines = `log {\nclass ${class_}\n}`
      const chain = await arrange(lines, [log], { backend: replying(change) })
      await chain.ask('a.test A')
      if (chain.log.length > 0) logged[class_].push(kind)
    }
  }
  t.strictSame(logged, {
    success: ['success'],
    denial: ['denial', 'nxdomain'],
    error: ['error'],
    'denial error': ['denial', 'nxdomain', 'error'],
    all: ['success', 'denial', 'nxdomain', 'error'],
  })
})

t.test('the first rule whose scope the name is in decides', async (t) => {
  const lines = 'log b.test {\nclass error\n}\nlog TEST "{name}"'
  const chain = await arrange(lines, [log], { backend: answering(A_TEST) })
  for (const question of ['x.b.test A', 'x.a.test A', 'x.org A']) await chain.ask(question)
  t.strictSame(chain.log, ['[INFO] x.a.test.'])
  t.equal(chain.plugin('log').clearOf?.(name('b.test'), 1), true)
  t.equal(chain.plugin('log').clearOf?.(name('x.org'), 1), true)
  t.equal(chain.plugin('log').clearOf?.(name('.'), 1), false)
})

t.test('a reply that may be repeated has an observer, which logs each repetition', async (t) => {
  const backend = replying({ answer: [rr(A_TEST)], lifetime: ALWAYS })
  const chain = await arrange('log', [log], { backend, host: clock() })
  const reply = await chain.reply('a.test A', from)
  t.equal(reply.lifetime, ALWAYS)
  t.equal(reply.observers.length, 1)
  reply.observers[0]?.(queryFor('longer.test A', { from: '192.0.2.8', fromPort: 99 }), 0.0000012)
  t.equal(
    chain.log[1],
    '[INFO] 192.0.2.8:99 - 4711 "A IN longer.test. udp 29 false 512" NOERROR qr,aa,rd 51 0.0000012s',
  )
})

t.test(
  'what is not logged has no observer, and metadata in the format makes a reply last once',
  async (t) => {
    const backend = replying({ answer: [rr(A_TEST)], lifetime: ALWAYS })
    const quiet = await arrange('log {\nclass error\n}', [log], { backend })
    t.same((await quiet.reply('a.test A')).observers, [])
    const noted = await arrange('log . "{/view/name}"', [log], { backend })
    const query = queryFor('a.test A', {}, noted.router)
    query.metadata = new Map([['view/name', () => 'inside']])
    const reply = await noted.router.serve(query)
    t.equal(reply.lifetime, ONCE)
    t.strictSame(noted.log, ['[INFO] inside'])
    t.equal(query.metadata.get('log/class')?.(), 'success')
    t.equal(query.metadata.get('log/type')?.(), 'NOERROR')
  },
)

t.test('a zone transfer is logged at its end, with the octets of all its messages', async (t) => {
  const soa = rr('test. 60 IN SOA ns.test. h.test. 1 2 3 4 5')
  async function* batches() {
    yield [soa]
    yield [rr(A_TEST), soa]
  }
  const backend: Plugin = {
    name: 'backend',
    serve: (query) => replyTo(query, 'backend', { stream: batches() }),
  }
  const chain = await arrange('log . "{type} {rsize}"', [log], { backend })
  const reply = await chain.reply('test AXFR')
  t.strictSame(chain.log, [])
  for await (const batch of reply.stream ?? []) t.ok(batch.length > 0)
  // Header and question 22 twice, the SOA record 16 + 37 + 1 octets twice, the A record 22.
  t.strictSame(chain.log, [`[INFO] AXFR ${2 * 22 + 2 * (6 + 10 + soa.rdata.length) + 22}`])
})

t.test('mistakes are told', async (t) => {
  const at = 'Corefile:3 - Error during parsing:'
  t.equal(await mistake('log {\nclass splendid\n}', [log]), 'invalid Class: splendid')
  t.equal(await mistake('log {\nkind all\n}', [log]), `${at} unknown property 'kind'`)
  t.match(await mistake('log {\nclass\n}', [log]), /Wrong argument count .* after 'class'/)
})
