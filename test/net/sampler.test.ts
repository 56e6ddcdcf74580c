import t from 'tap'
import { MAX_EVERY, Sampler, WINDOW_MS } from '../../src/net/sampler.ts'
import fc from '../fast-check.ts'

const BATCH = 32

/** So many a second, in batches, for so many seconds: the weights of those that were chosen. */
function run(sampler: Sampler, rate: number, seconds: number, budget: number, from = 0): number[] {
  const weights: number[] = []
  const batches = Math.round((rate * seconds) / BATCH)
  for (let batch = 0; batch < batches; batch++) {
    sampler.turn(budget, from + (batch * BATCH * 1000) / rate)
    for (let i = 0; i < BATCH; i++) {
      const weight = sampler.weigh()
      if (weight > 0) weights.push(weight)
    }
  }
  return weights
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

t.test('few are all looked at, each for itself', async (t) => {
  const weights = run(new Sampler(1), 300, 10, 500)
  t.equal(weights.length, Math.round(3000 / BATCH) * BATCH)
  t.ok(weights.every((weight) => weight === 1))
})

t.test('many are looked at about as often as was asked for, and speak for all', async (t) => {
  const sampler = new Sampler(1)
  const begun = run(sampler, 400_000, 1, 500)
  t.ok(begun.length < 500 * 3, `${begun.length} in the first second`)
  const weights = run(sampler, 400_000, 4, 500, 1000)
  t.ok(weights.length > 4 * 200 && weights.length < 4 * 1000, `${weights.length}`)
  const total = sum(begun) + sum(weights)
  t.ok(total <= 2_000_000 && total > 2_000_000 - 2 * MAX_EVERY, 'but for those since the last')
})

t.test('after a flood, few are all looked at again', async (t) => {
  const sampler = new Sampler(1)
  run(sampler, 1_000_000, 1, 500)
  t.ok(sampler.every > 256)
  run(sampler, 100, 20, 500, 1000)
  t.equal(sampler.every, 1)
})

t.test('what comes by turns is looked at by turns', async (t) => {
  const sampler = new Sampler(1)
  const seen = [0, 0]
  for (let i = 0; i < 1_000_000; i++) {
    if (i % BATCH === 0) sampler.turn(500, i / 200)
    const weight = sampler.weigh()
    if (weight > 0) seen[i % 2] = (seen[i % 2] as number) + weight
  }
  const [even = 0, odd = 0] = seen
  t.ok(Math.abs(even - odd) < 0.1 * (even + odd), `${even} and ${odd}`)
})

t.test('no weight is too great for its record, whatever the rate', async () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 100 }), (seed, budget) => {
      const sampler = new Sampler(seed)
      sampler.turn(budget, 0)
      let greatest = 0
      for (let i = 0; i < 300_000; i++) greatest = Math.max(greatest, sampler.weigh())
      return sampler.every <= MAX_EVERY && greatest < 2 * MAX_EVERY
    }),
    { numRuns: 20 },
  )
})

t.test('none is chosen for as long as nobody asks', async (t) => {
  const sampler = new Sampler(1)
  t.strictSame(run(sampler, 1000, 1, 0), [])
  t.ok(run(sampler, 100, 1, 500, 1000 + WINDOW_MS).length > 0)
  t.strictSame(run(sampler, 1000, 1, 0, 3000), [])
})
