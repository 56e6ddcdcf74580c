import t from 'tap'
import { address, Bench, query, reply } from './harness.ts'

/** As many as a busy cluster asks for; by chance some share a place among those that were noted. */
const NAMES = 2000

t.test('names that are asked for by turns are all in the table at their second ask', async (t) => {
  const bench = new Bench(8 << 20)
  const ask = (i: number) => {
    const asked = query(`service${i}.shop.svc.cluster.local`)
    return bench.publish(asked, reply(asked, { answer: [address(i)] }), { dear: false })
  }
  for (let i = 0; i < NAMES; i++) t.equal(ask(i), 'noted')
  let late = 0
  for (let i = 0; i < NAMES; i++) if (ask(i) !== 'published') late++
  t.equal(late, 0)
})

t.test('a name whose note was pushed out by a flood of others comes in all the same', async (t) => {
  const bench = new Bench(8 << 20)
  const asked = query('web.shop.svc.cluster.local')
  const message = reply(asked, { answer: [address(1)] })
  let asks = 0
  for (let flood = 0; flood < 20_000; flood++) {
    const other = query(`x${flood}.shop.svc.cluster.local`)
    bench.publish(other, reply(other, { answer: [address(2)] }), { dear: false })
    if (flood % 100 !== 0) continue
    asks++
    if (bench.publish(asked, message, { dear: false }) === 'published') break
  }
  t.equal(asks, 2)
})
