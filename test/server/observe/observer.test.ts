import t from 'tap'
import { replyTo, silence } from '../../../src/plugin/reply.ts'
import { Observer, SAMPLES_PER_SECOND } from '../../../src/server/observe/observer.ts'
import { RCODE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import { queryFor } from '../../plugin/harness.ts'

function make() {
  const asked: number[] = []
  let now = 0
  const observer = new Observer({ now: () => now, wallClock: () => 1e12 + now }, () => ({
    sample: (perSecond) => asked.push(perSecond),
    takeSamples: () => {},
  }))
  const pass = (milliseconds: number) => {
    now += milliseconds
    observer.tick()
  }
  return { observer, asked, pass }
}

const none = () => []
const sample = { client: '10.0.0.1', name: name('a.test.'), qtype: 1, rcode: 0, hasAnswer: true }
const query = queryFor('a.test. A', {})
const repeats = {
  times: 5,
  proto: 'udp',
  family: 1,
  queryOctets: 0,
  nameOctets: 0,
  seconds: 0,
} as const

t.test('it observes for as long as somebody wants to know', async (t) => {
  const { observer, asked } = make()
  t.equal(observer.isOn, false)
  const one = observer.open(none)
  const other = observer.open(none)
  t.strictSame([observer.isOn, asked], [true, [SAMPLES_PER_SECOND]])
  one.close()
  one.close()
  t.equal(observer.isOn, true)
  other.close()
  t.strictSame([observer.isOn, asked], [false, [SAMPLES_PER_SECOND, 0]])
})

t.test('nothing of before is there when somebody wants to know again', async (t) => {
  const { observer, pass } = make()
  const first = observer.open(none)
  const count = observer.repeated(replyTo(query, 'test'))
  observer.answered(query, replyTo(query, 'test'))
  observer.sample({ ...sample, seconds: 1, weight: 1 })
  pass(1000)
  t.match(first.snapshot(), { queries: 1, topNames: [{ count: 2 }] })
  first.close()
  observer.answered(query, replyTo(query, 'test'))
  observer.sample({ ...sample, seconds: 1, weight: 1 })
  count.inc(5, repeats)
  observer.rejected(RCODE.FORMERR, { transport: 'udp' } as never)
  const second = observer.open(none)
  pass(1000)
  t.match(second.snapshot(60), { queries: 0, topNames: [], topClients: [], topFailing: [] })
})

t.test('repetitions are counted by their tallies, not by the sample', async (t) => {
  const { observer, pass } = make()
  const { snapshot } = observer.open(none)
  const nodata = observer.repeated(replyTo(query, 'test'))
  const denied = observer.repeated(replyTo(query, 'test', { rcode: RCODE.NXDOMAIN }))
  nodata.inc(5, repeats)
  denied.inc(7, { ...repeats, times: 7, proto: 'tcp' })
  observer.sample({ ...sample, seconds: 1e-5, weight: 1000 })
  observer.answered(query, silence(query, 'test'))
  pass(1000)
  t.match(snapshot(), {
    at: 1e12 + 1000,
    queries: 13,
    hits: 12,
    misses: 1,
    outcomes: { NODATA: 5, NXDOMAIN: 7, DROPPED: 1 },
    transports: { udp: 6, tcp: 7 },
    latency: { hits: { count: 1000 }, misses: { count: 1 } },
    topClients: [
      { address: '10.0.0.1', count: 1000 },
      { address: '127.0.0.1', count: 1 },
    ],
    topFailing: [{ outcome: 'DROPPED' }],
  })
})

t.test('all who want to know are told of each second, and see the same', async (t) => {
  const { observer, pass } = make()
  const seen: string[] = []
  const one = observer.open(none, () => seen.push(`one ${one.snapshot().queries}`))
  const other = observer.open(none, () => seen.push(`other ${other.snapshot().queries}`))
  observer.answered(query, replyTo(query, 'test'))
  pass(1000)
  one.close()
  pass(1000)
  t.strictSame(seen, ['one 1', 'other 1', 'other 0'])
})

t.test('a flood of misses is looked at in part, and counted in full', async (t) => {
  const { observer, pass } = make()
  const { snapshot } = observer.open(none)
  for (let i = 0; i < 20_000; i++) observer.answered(query, replyTo(query, 'test'))
  pass(1000)
  const { queries, sampledOneIn, topNames } = snapshot()
  t.equal(queries, 20_000)
  t.ok(sampledOneIn > 10, `one in ${sampledOneIn}`)
  t.ok((topNames[0]?.count ?? 0) > 18_000 && (topNames[0]?.count ?? 0) <= 20_000)
})
