import t from 'tap'
import { Registry } from '../../src/admin/metrics.ts'
import { createLogger } from '../../src/log.ts'
import { Drain, MAX_DRAIN_MS, QUIET_MS } from '../../src/server/drain.ts'
import { STILL_MS, Stillness } from '../../src/server/stillness.ts'
import { SAMPLES, Utilisation } from '../../src/server/utilisation.ts'

/** A drain in a world whose clock moves when somebody waits; `queriesAt` tells how many queries have come by a moment. */
function draining(queriesAt: (now: number) => number, lostAt = (_now: number) => 0) {
  let now = 0
  const log: string[] = []
  const metrics = new Registry()
  const drain = new Drain({
    traffic: () => ({ received: queriesAt(now), lost: lostAt(now) }),
    log: createLogger({ write: (line) => void log.push(line) }),
    metrics,
    now: () => now,
    wait: async (milliseconds) => {
      now += milliseconds
    },
  })
  return { drain, log, metrics, now: () => now }
}

t.test('without queries the end comes as soon as that is sure', async (t) => {
  const { drain, now } = draining(() => 5)
  await drain.run(Promise.resolve())
  t.equal(now(), QUIET_MS)
})

t.test(
  'it goes on while queries come, and as long again as makes sure that they have stopped',
  async (t) => {
    const { drain, log, metrics, now } = draining((now) => 100 + Math.min(now, 7000) / 100)
    await drain.run(Promise.resolve())
    t.equal(now(), 7000 + QUIET_MS)
    const samples = (await metrics.expose())
      .split('\n')
      .filter((line) => line.startsWith('muster_drain'))
    t.strictSame(samples, [
      'muster_drain_queries_total{outcome="served"} 70',
      'muster_drain_queries_total{outcome="lost"} 0',
    ])
    drain.end()
    t.strictSame(log, ['[INFO] 70 queries in 9.0s after the signal, 0 of them lost\n'])
  },
)

t.test('queries that never stop are not waited for beyond the bound', async (t) => {
  const { drain, log, now } = draining(
    (now) => now,
    (now) => Math.floor(now / 10_000),
  )
  await drain.run(Promise.resolve())
  t.equal(now(), MAX_DRAIN_MS)
  drain.end()
  t.match(log[0], /^\[WARNING\] 25000 queries in 25\.0s after the signal, 2 of them lost/)
})

t.test('a lameduck is the least', async (t) => {
  const { drain } = draining(() => 0)
  const lameduck = Promise.withResolvers<void>()
  let ended = false
  const run = drain.run(lameduck.promise).then(() => {
    ended = true
  })
  for (let turn = 0; turn < 100; turn++) await Promise.resolve()
  t.notOk(ended)
  lameduck.resolve()
  await run
})

t.test('utilisation is the busiest thread’s, over the last seconds', async (t) => {
  const utilisation = new Utilisation()
  t.equal(utilisation.ratio, 0)
  utilisation.take({ at: 0, busy: [0, 0, 0] })
  t.equal(utilisation.ratio, 0)
  for (let second = 1; second <= SAMPLES; second++) {
    utilisation.take({ at: 1000 * second, busy: [100 * second, 750 * second, 0] })
  }
  t.equal(utilisation.ratio, 0.75)
  for (let second = SAMPLES + 1; second <= 2 * SAMPLES + 1; second++) {
    utilisation.take({ at: 1000 * second, busy: [100 * second, 750 * SAMPLES, 0] })
  }
  t.equal(utilisation.ratio, 0.1, 'what lies further back counts no more')
})

t.test(
  'a data thread is stuck when it has stood still over a filled queue, and only then',
  async (t) => {
    const stillness = new Stillness()
    const idle = { batches: 7, queuedOctets: 0, busyMs: 0 }
    const waiting = { ...idle, queuedOctets: 2304 }
    for (let now = 0; now <= 20_000; now += 1000) stillness.look([idle, idle], now)
    t.equal(stillness.ailment, undefined, 'nobody asks')
    stillness.look([waiting, idle], 20_000 + STILL_MS - 1)
    t.equal(stillness.ailment, undefined)
    stillness.look([waiting, idle], 20_000 + STILL_MS)
    t.equal(stillness.ailment, 'data thread 0 has stood still over a filled queue for 5s')
    stillness.look([{ ...waiting, batches: 8 }, idle], 30_000)
    t.equal(stillness.ailment, undefined, 'it moves again')
  },
)
