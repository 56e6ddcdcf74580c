import t from 'tap'
import {
  A,
  AAAA,
  address,
  Bench,
  long,
  NXDOMAIN,
  optRecord,
  query,
  record,
  reply,
  soa,
} from './harness.ts'

const WEB = 'web.shop.svc.cluster.local'

t.test(
  'a published reply is given again, with the id and the spelling of the client',
  async (t) => {
    const bench = new Bench()
    const asked = query(WEB)
    t.equal(bench.publish(asked, reply(asked, { answer: [address(1)] })), 'published')
    const other = query('wEb.Shop.svc.cluster.LOCAL', { id: 0xbeef })
    t.same(bench.ask(other), reply(other, { answer: [address(1)] }))
  },
)

t.test('other names, types and flags are not answered from it', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  bench.publish(asked, reply(asked, { answer: [address(1)] }))
  for (const other of [
    query('webs.shop.svc.cluster.local'),
    query('eb.shop.svc.cluster.local'),
    query(WEB, { type: AAAA }),
    query(WEB, { cd: true }),
    query(WEB, { ad: true }),
    query(WEB, { rd: false }),
    query(WEB, { udp: 512 }),
    query(WEB, { udp: 1232, dnssecOk: true }),
  ]) {
    t.equal(bench.ask(other), undefined)
  }
})

t.test('a reply with zone text of its own is for names in lower case only', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  const message = reply(asked, { answer: [address(1)] })
  t.equal(bench.publish(asked, message, { anySpelling: false }), 'published')
  t.ok(bench.ask(query(WEB)))
  t.equal(bench.ask(query('WEB.shop.svc.cluster.local')), undefined)
  const upper = query('WEB.shop.svc.cluster.local')
  const typed = reply(upper, { answer: [address(1)] })
  t.equal(bench.publish(upper, typed, { anySpelling: false }), 'refused')
})

t.test('a reply dies when a version that it was made from moves', async (t) => {
  const bench = new Bench()
  const slot = bench.versions.slot('service:shop/web')
  const version = bench.versions.read(slot)
  const asked = query(WEB)
  const message = reply(asked, { answer: [address(1)] })
  bench.publish(asked, message, { versions: [{ slot, version }] })
  t.ok(bench.ask(asked))
  bench.versions.bump(['service:shop/web'])
  t.equal(bench.ask(asked), undefined)
  t.equal(bench.publish(asked, message, { versions: [{ slot, version }] }), 'refused')
  const now = [{ slot, version: bench.versions.read(slot) }]
  t.equal(bench.publish(asked, message, { versions: now }), 'published')
  t.ok(bench.ask(asked))
})

t.test('a cached reply counts its TTLs down and ends with its time', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  const message = reply(asked, { answer: [address(1, 30), address(2, 2)] })
  bench.publish(asked, message, { until: 31_000, countsDownFrom: 1000 })
  bench.now = 1999
  t.same(bench.ask(asked), message)
  bench.now = 6000
  t.same(bench.ask(asked), reply(asked, { answer: [address(1, 25), address(2, 0)] }))
  bench.now = 31_000
  t.equal(bench.ask(asked), undefined)
})

t.test('an SOA shows the live serial of its stamp', async (t) => {
  const bench = new Bench()
  const asked = query('nope.shop.svc.cluster.local')
  const zoneAt = 12 + 5 + 5 + 4
  const message = reply(asked, { rcode: NXDOMAIN, authority: [soa(zoneAt, 7)] })
  t.equal(bench.publish(asked, message, { liveSerial: 'store' }), 'refused', 'it is not known yet')
  bench.table.serials.set('store', 8)
  t.equal(bench.publish(asked, message, { liveSerial: 'store' }), 'published')
  t.same(bench.ask(asked), reply(asked, { rcode: NXDOMAIN, authority: [soa(zoneAt, 8)] }))
  bench.table.serials.set('store', 0xfffffffe)
  t.same(bench.ask(asked), reply(asked, { rcode: NXDOMAIN, authority: [soa(zoneAt, 0xfffffffe)] }))
})

t.test('an echoed OPT shows the payload size and the cookie of each client', async (t) => {
  const bench = new Bench()
  const asked = query(WEB, { udp: 1232 })
  const opt = optRecord(1232)
  bench.publish(asked, reply(asked, { answer: [address(1)], opt }), { optOctets: opt.length })
  const other = query(WEB, { udp: 1300, cookie: 'abcdefgh' })
  t.equal(bench.ask(other), undefined, '1300 is of another size class')
  const cookied = query(WEB, { udp: 1233, cookie: 'abcdefgh' })
  const expected = { answer: [address(1)], opt: optRecord(1233, { cookie: 'abcdefgh' }) }
  t.same(bench.ask(cookied), reply(cookied, expected))
})

t.test('an OPT of the reply itself keeps its options', async (t) => {
  const bench = new Bench()
  const own = (udp: number) => optRecord(udp, { cookie: 'of the reply' })
  const asked = query(WEB, { udp: 1232 })
  const message = reply(asked, { answer: [address(1)], opt: own(1232) })
  bench.publish(asked, message, { optOctets: own(0).length, opt: 'own' })
  const other = query(WEB, { udp: 1240, cookie: 'abcdefgh' })
  t.same(bench.ask(other), reply(other, { answer: [address(1)], opt: own(1240) }))
})

t.test('what a plugin made of the client OPT is for clients with the same OPT only', async (t) => {
  const bench = new Bench()
  const asked = query(WEB, { udp: 4096 })
  const opt = optRecord(1232)
  const message = reply(asked, { answer: [address(1)], opt })
  bench.publish(asked, message, { optOctets: opt.length, opt: 'fixed' })
  t.same(bench.ask(asked), message)
  t.equal(bench.ask(query(WEB, { udp: 4097 })), undefined)
  t.equal(bench.ask(query(WEB, { udp: 4096, cookie: 'abcdefgh' })), undefined)
})

t.test('an answer that is too large for the client is the business of the chain', async (t) => {
  const bench = new Bench()
  const asked = query(WEB, { udp: 1451 })
  const answer = Array.from({ length: 86 }, (_, i) => address(i))
  const opt = optRecord(1451)
  bench.publish(asked, reply(asked, { answer, opt }), { optOctets: opt.length })
  const octets = reply(asked, { answer, opt }).length
  t.ok(bench.ask(asked))
  t.equal(bench.ask(query(WEB, { udp: octets - 1 })), undefined)
  t.ok(bench.ask(query(WEB, { udp: octets })))
  t.equal(bench.ask(query(WEB, { udp: octets, cookie: 'abcdefgh' })), undefined)
  t.equal(bench.ask(asked, { room: octets - 1 }), undefined)
})

t.test('a truncated reply is for clients of the very same size', async (t) => {
  const bench = new Bench()
  const asked = query(WEB, { udp: 700 })
  const opt = optRecord(700)
  const message = reply(asked, { answer: [address(1)], truncated: true, opt })
  bench.publish(asked, message, { optOctets: opt.length })
  t.same(bench.ask(asked), message)
  t.equal(bench.ask(query(WEB, { udp: 701 })), undefined)
})

t.test('streams have entries of their own', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  const message = reply(asked, { answer: Array.from({ length: 200 }, (_, i) => address(i)) })
  bench.publish(asked, message, { stream: true })
  t.equal(bench.ask(asked), undefined)
  t.same(bench.ask(asked, { reader: bench.control, column: 2 }), message)
})

t.test('what is not plain is refused', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  const message = reply(asked, { answer: [address(1)] })
  const trailing = Buffer.concat([asked, Buffer.from([0])])
  t.equal(bench.publish(trailing, message), 'refused')
  const otherQuestion = reply(query('other.shop.svc.cluster.local'), { answer: [address(1)] })
  t.equal(bench.publish(asked, otherQuestion), 'refused')
  const broken = Buffer.from(message.subarray(0, message.length - 1))
  t.equal(bench.publish(asked, broken), 'refused')
  const noRd = Buffer.from(message)
  noRd[2] = (noRd[2] as number) & 0xfe
  t.equal(bench.publish(asked, noRd), 'refused')
})

t.test('cheap replies enter when they are asked for the second time', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  const message = reply(asked, { answer: [address(1)] })
  t.equal(bench.publish(asked, message, { dear: false }), 'noted')
  t.equal(bench.ask(asked), undefined)
  t.equal(bench.publish(asked, message, { dear: false }), 'published')
  t.ok(bench.ask(asked))
})

t.test('another configuration of a listener finds nothing of the one before', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  bench.publish(asked, reply(asked, { answer: [address(1)] }))
  const before = bench.scope
  bench.scope = bench.table.openScope()
  t.equal(bench.ask(asked), undefined)
  bench.scope = before
  t.ok(bench.ask(asked))
  bench.table.closeScope(before)
  t.equal(bench.ask(asked), undefined)
})

t.test('repetitions put addresses in every order, and lose none', async (t) => {
  for (const count of [2, 3, 16, 40]) {
    const bench = new Bench()
    const asked = query(WEB, { udp: 4096 })
    const answer = Array.from({ length: count }, (_, i) => address(i))
    const cname = record(5, '\xc0\x0c')
    const message = reply(asked, { answer: [cname, ...answer], authority: [soa(26)] })
    bench.publish(asked, message, { rotates: true })
    const firsts = new Set<number>()
    for (let i = 0; i < 400; i++) {
      const given = bench.ask(asked) as Buffer
      const bodyAt = asked.length - 11
      const records = given.toString('latin1', bodyAt + 14, bodyAt + 14 + 16 * count)
      t.equal(
        given.toString('latin1', bodyAt, bodyAt + 14),
        cname,
        'what stood in front stays there',
      )
      t.same(given.subarray(bodyAt + 14 + 16 * count), message.subarray(bodyAt + 14 + 16 * count))
      const shown = Array.from({ length: count }, (_, k) => records.slice(16 * k, 16 * k + 16))
      t.strictSame([...shown].sort(), [...answer].sort())
      firsts.add(answer.indexOf(shown[0] as string))
    }
    t.equal(firsts.size, count, `each of ${count} comes first at some time`)
  }
})

t.test('a truncated reply that rotates shows any of all addresses', async (t) => {
  const bench = new Bench()
  const asked = query(WEB)
  const all = Array.from({ length: 50 }, (_, i) => address(i))
  const message = reply(asked, { answer: all.slice(0, 10), truncated: true })
  const whole = reply(asked, { answer: all })
  bench.publish(asked, message, { rotates: true, whole })
  const shown = new Set<string>()
  for (let i = 0; i < 500; i++) {
    const given = bench.ask(asked) as Buffer
    t.equal(given.length, message.length)
    for (let at = asked.length; at < given.length; at += 16) {
      shown.add(given.toString('latin1', at, at + 16))
    }
  }
  t.strictSame([...shown].sort(), [...all].sort())
})

t.test('counters hear of every repetition, also of entries that are gone', async (t) => {
  const bench = new Bench()
  const heard: unknown[] = []
  const counts = [
    {
      inc: (
        times: number,
        tally: { queryOctets: number; nameOctets: number; proto: string; family: number },
      ) => heard.push([times, tally.proto, tally.family, tally.queryOctets, tally.nameOctets]),
    },
  ]
  const asked = query(WEB)
  const message = reply(asked, { answer: [address(1)] })
  bench.publish(asked, message, { counts })
  for (let i = 0; i < 5; i++) bench.ask(asked)
  for (let i = 0; i < 3; i++) bench.ask(asked, { column: 1 })
  bench.table.collect()
  t.strictSame(heard, [
    [5, 'udp', 1, 5 * asked.length, 5 * 28],
    [3, 'udp', 2, 3 * asked.length, 3 * 28],
  ])
  bench.ask(asked)
  bench.publish(asked, message, { counts: [] })
  bench.ask(asked)
  bench.table.collect()
  bench.table.collect()
  t.strictSame(heard.slice(2), [[1, 'udp', 1, asked.length, 28]])
  t.ok(long(0))
  t.ok(A)
})
