import t from 'tap'
import { MAX_TOP } from '../../../src/plugin/observe.ts'
import { DROPPED, NODATA } from '../../../src/server/observe/outcome.ts'
import { CAPACITY, EPOCH_MS, MAX_CLIENTS, Tops } from '../../../src/server/observe/tops.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'

const nobody = () => undefined

function ask(
  tops: Tops,
  text: string,
  change: { client?: string; outcome?: number; qtype?: number; weight?: number } = {},
) {
  const { client = '10.0.0.1', outcome = RCODE.NOERROR, qtype = TYPE.A, weight = 1 } = change
  tops.add({ client, name: name(text), qtype, outcome, weight })
}

t.test(
  'clients, names and failures are told most first, each with its type, outcome and Pod',
  async (t) => {
    const tops = new Tops(0)
    ask(tops, 'web.shop.', { weight: 3 })
    ask(tops, 'web.shop.', { qtype: TYPE.AAAA, outcome: NODATA, client: '10.0.0.2' })
    ask(tops, 'gone.shop.', { outcome: RCODE.NXDOMAIN, client: '2001:db8::1', weight: 2 })
    ask(tops, 'up.example.', { outcome: RCODE.SERVFAIL })
    ask(tops, 'no.example.', { outcome: DROPPED, qtype: 65_280 })
    const podOf = (address: string) => (address === '10.0.0.1' ? 'shop/web-0' : undefined)
    const { topClients, topNames, topFailing, topSeconds } = tops.tables(5000, podOf)
    t.equal(topSeconds, 5)
    t.strictSame(topClients, [
      { address: '10.0.0.1', pod: 'shop/web-0', count: 5, error: 0 },
      { address: '2001:db8::1', count: 2, error: 0 },
      { address: '10.0.0.2', count: 1, error: 0 },
    ])
    t.match(topNames, [
      { name: 'web.shop.', type: 'A', count: 3 },
      { name: 'gone.shop.', type: 'A', count: 2 },
      {},
      {},
      {},
    ])
    t.same(
      topFailing.map(({ name, type, outcome, clients }) => [name, type, outcome, clients]),
      [
        ['up.example.', 'A', 'SERVFAIL', [{ address: '10.0.0.1', pod: 'shop/web-0' }]],
        ['no.example.', 'TYPE65280', 'DROPPED', [{ address: '10.0.0.1', pod: 'shop/web-0' }]],
        ['gone.shop.', 'A', 'NXDOMAIN', [{ address: '2001:db8::1' }]],
      ],
      'an empty answer is no failure',
    )
  },
)

t.test('a flood of random names and clients takes no more memory, and hides nobody', async (t) => {
  const tops = new Tops(0)
  for (let i = 0; i < 100_000; i++) {
    ask(tops, `x${i}.example.`, {
      outcome: RCODE.NXDOMAIN,
      client: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    })
    if (i % 100 === 0) ask(tops, 'web.shop.', { client: '192.0.2.1' })
    if (i % 1000 === 0) ask(tops, 'up.example.', { outcome: RCODE.SERVFAIL, client: '192.0.2.2' })
    if (i % 100 === 50) ask(tops, 'gone.shop.', { outcome: RCODE.NXDOMAIN, client: '192.0.2.3' })
  }
  // Of clients, names and denied names as many as there are counters, of failed names one; and who asked for the failing ones.
  t.equal(tops.size, 3 * CAPACITY + 1 + CAPACITY + 1)
  const { topClients, topNames, topFailing } = tops.tables(1000, nobody)
  t.strictSame(
    [topClients.length, topNames.length, topFailing.length],
    [MAX_TOP, MAX_TOP, MAX_TOP + 1],
  )
  t.same(
    topClients
      .slice(0, 2)
      .map(({ address }) => address)
      .sort(),
    ['192.0.2.1', '192.0.2.3'],
  )
  t.same(
    topNames
      .slice(0, 2)
      .map((one) => one.name)
      .sort(),
    ['gone.shop.', 'web.shop.'],
  )
  t.match(topFailing.slice(0, 2), [
    { name: 'up.example.', outcome: 'SERVFAIL', count: 100, error: 0 },
    { name: 'gone.shop.', outcome: 'NXDOMAIN' },
  ])
})

t.test('of a failing name the last three who asked are remembered, in both epochs', async (t) => {
  const tops = new Tops(0)
  for (const client of ['a', 'b', 'c', 'd', 'b'])
    ask(tops, 'gone.', { client, outcome: RCODE.NXDOMAIN })
  const clients = (at: number) =>
    tops.tables(at, nobody).topFailing[0]?.clients.map(({ address }) => address)
  t.equal(MAX_CLIENTS, 3)
  t.strictSame(clients(0), ['b', 'd', 'c'])
  t.equal(tops.size, 4 + 1 + 1 + 3, 'clients, names, denied names, and who asked')
  tops.tick(EPOCH_MS)
  ask(tops, 'gone.', { client: 'e', outcome: RCODE.NXDOMAIN })
  t.strictSame(clients(EPOCH_MS), ['e', 'b', 'd'])
})

t.test('what was asked longer ago than two epochs is forgotten', async (t) => {
  const tops = new Tops(0)
  ask(tops, 'old.')
  tops.tick(EPOCH_MS - 1)
  tops.tick(EPOCH_MS)
  ask(tops, 'new.')
  t.match(tops.tables(EPOCH_MS + 1000, nobody), {
    topSeconds: 61,
    topNames: [{ name: 'new.' }, { name: 'old.' }],
  })
  tops.tick(2 * EPOCH_MS)
  const { topSeconds, topNames, topClients } = tops.tables(2 * EPOCH_MS, nobody)
  t.equal(topSeconds, 60)
  t.strictSame(
    topNames.map((one) => one.name),
    ['new.'],
  )
  t.strictSame(topClients, [{ address: '10.0.0.1', count: 1, error: 0 }])
  tops.tick(3 * EPOCH_MS)
  t.equal(tops.size, 0)
})

t.test('names of any octets and of the greatest length come out as they went in', async (t) => {
  const tops = new Tops(0)
  const longest = `${`${'a'.repeat(63)}.`.repeat(3)}${'b'.repeat(61)}.`
  ask(tops, longest)
  ask(tops, '\\255\\000\\.x.example.', { qtype: 0xffff, outcome: 0xfff })
  const { topNames, topFailing } = tops.tables(0, nobody)
  t.same(topNames.map((one) => one.name).sort(), ['\\255\\000\\.x.example.', longest])
  t.match(topFailing, [
    { name: '\\255\\000\\.x.example.', type: 'TYPE65535', outcome: 'RCODE4095' },
  ])
})
