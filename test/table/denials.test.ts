import t from 'tap'
import { AAAA, Bench, NXDOMAIN, optRecord, query, reply, SOA, soa, wire } from './harness.ts'

/** The offset of `cluster.local` in a message that asks for this name. */
const zoneAt = (name: string) => 12 + wire(name).length - wire('cluster.local').length

const denial = (name: string, asked = query(name)) =>
  reply(asked, { rcode: NXDOMAIN, authority: [soa(zoneAt(name))] })

t.test(
  'a denied branch answers every name at and below it, with the pointers where they belong',
  async (t) => {
    const bench = new Bench()
    const name = 'api.example.com.shop.svc.cluster.local'
    bench.publish(query(name), denial(name), { deniedBelow: 5 })
    for (const other of [
      name,
      'com.shop.svc.cluster.local',
      'a.much.longer.name.Com.shop.svc.cluster.LOCAL',
      `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.com.shop.svc.cluster.local`,
    ]) {
      t.same(bench.ask(query(other)), denial(other), other)
    }
    for (const other of [
      'org.shop.svc.cluster.local',
      'shop.svc.cluster.local',
      'xcom.shop.svc.cluster.local',
      'com.hops.svc.cluster.local',
      'com.shop.svc.cluster.local.example',
    ]) {
      t.equal(bench.ask(query(other)), undefined, other)
    }
  },
)

t.test("a denial is for its type, and never for SOA nor for the zone's own server", async (t) => {
  const bench = new Bench()
  const name = 'a.example.com.cluster.local'
  bench.publish(query(name), denial(name), { deniedBelow: 3 })
  t.equal(bench.ask(query(name, { type: AAAA })), undefined)
  for (const type of [SOA, 43, 251, 252]) {
    const asked = query(name, { type })
    t.equal(bench.publish(asked, denial(name, asked), { deniedBelow: 3 }), 'refused')
    t.equal(bench.ask(asked), undefined)
  }
  const server = 'ns.dns.com.cluster.local'
  t.equal(bench.ask(query(server)), undefined)
  t.equal(bench.ask(query(server.toUpperCase())), undefined)
  t.ok(bench.ask(query('ns.dnsx.com.cluster.local')))
})

t.test('a denial whose records point above its branch is not taken', async (t) => {
  const bench = new Bench()
  const name = 'a.example.com.cluster.local'
  const asked = query(name)
  const message = reply(asked, { rcode: NXDOMAIN, authority: [soa(12)] })
  t.equal(bench.publish(asked, message, { deniedBelow: 3 }), 'refused')
  t.equal(bench.publish(asked, denial(name), { deniedBelow: 9 }), 'refused')
})

t.test('OPT and live serial are those of the moment', async (t) => {
  const bench = new Bench()
  bench.table.serials.set('store', 99)
  const name = 'a.com.cluster.local'
  const opt = optRecord(1232)
  const asked = query(name, { udp: 1232 })
  const message = reply(asked, { rcode: NXDOMAIN, authority: [soa(zoneAt(name))], opt })
  bench.publish(asked, message, { deniedBelow: 3, optOctets: opt.length, liveSerial: 'store' })
  const other = 'bb.ccc.com.cluster.local'
  const asks = query(other, { udp: 1240, cookie: '12345678' })
  const expected = reply(asks, {
    rcode: NXDOMAIN,
    authority: [soa(zoneAt(other), 99)],
    opt: optRecord(1240, { cookie: '12345678' }),
  })
  t.same(bench.ask(asks), expected)
})

t.test('a closed zone denies what its filter does not hold', async (t) => {
  const bench = new Bench()
  const filter = bench.table.openFilter(100)
  if (filter === undefined) throw new Error('no filter')
  filter.add(wire('svc.cluster.local'), false)
  filter.add(wire('shop.svc.cluster.local'), false)
  filter.add(wire('web.shop.svc.cluster.local'), true)
  filter.add(wire('pod.cluster.local'), false)
  filter.add(wire('shop.pod.cluster.local'), true)
  const name = 'nope.shop.svc.cluster.local'
  const closed = { zoneLabels: 2, filter, versions: [] }
  bench.publish(query(name), denial(name), { deniedBelow: 5, closed })
  const denied = [
    'other.shop.svc.cluster.local',
    'x.other.shop.svc.cluster.local',
    'web.hops.svc.cluster.local',
    'example.com.cluster.local',
    'Com.cluster.Local',
    '1-2-3-4.hops.pod.cluster.local',
  ]
  for (const other of denied) t.same(bench.ask(query(other)), denial(other), other)
  for (const other of [
    'cluster.local',
    'svc.cluster.local',
    'web.shop.svc.cluster.local',
    'WEB.shop.svc.cluster.local',
    '_http._tcp.web.shop.svc.cluster.local',
    'ep.web.shop.svc.cluster.local',
    'shop.svc.cluster.local',
    '1-2-3-4.shop.pod.cluster.local',
    'ns.dns.cluster.local',
    'example.com',
  ]) {
    t.equal(bench.ask(query(other)), undefined, other)
  }
  filter.add(wire('other.shop.svc.cluster.local'), true)
  t.equal(bench.ask(query('other.shop.svc.cluster.local')), undefined)
  bench.table.closeFilter(filter)
  for (const other of denied.slice(1)) t.equal(bench.ask(query(other)), undefined)
})

t.test(
  'the filter that takes the place of another is not asked by denials made with that one',
  async (t) => {
    const bench = new Bench()
    const name = 'nope.shop.svc.cluster.local'
    const publish = (filter: NonNullable<ReturnType<typeof bench.table.openFilter>>) =>
      bench.publish(query(name), denial(name), {
        deniedBelow: 5,
        closed: { zoneLabels: 2, filter, versions: [] },
      })
    for (let i = 0; i < 200; i++) {
      const filter = bench.table.openFilter(1000)
      if (filter === undefined) throw new Error('no filter')
      t.equal(bench.ask(query('b.cluster.local')), undefined)
      publish(filter)
      t.ok(bench.ask(query('b.cluster.local')))
      bench.table.closeFilter(filter)
      bench.table.collect()
    }
    t.ok(bench.table.openFilter(1), 'memory comes back')
    t.equal(bench.table.openFilter(1 << 24), undefined, 'and has a bound')
  },
)
