import t from 'tap'
import { mostOf, Sketch } from '../../../src/server/observe/sketch.ts'
import fc from '../../fast-check.ts'

const CAPACITY = 8

/** Keys with weights, some keys far more often than others. */
const stream = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 5 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 200 }) },
    ),
    fc.integer({ min: 1, max: 20 }),
  ),
  { maxLength: 400 },
)

function countAll(pairs: readonly (readonly [number, number])[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [key, weight] of pairs) counts.set(`k${key}`, (counts.get(`k${key}`) ?? 0) + weight)
  return counts
}

function sketchOf(pairs: readonly (readonly [number, number])[], capacity = CAPACITY): Sketch {
  const sketch = new Sketch(capacity)
  for (const [key, weight] of pairs) sketch.add(`k${key}`, weight)
  return sketch
}

t.test('a sketch never holds more keys than its capacity', async (t) => {
  const sketch = new Sketch(CAPACITY)
  for (let i = 0; i < 10_000; i++) sketch.add(`name${i}`, 1 + (i % 3))
  t.equal(sketch.size, CAPACITY)
  t.equal([...sketch.keys()].length, CAPACITY)
})

t.test('with no more keys than counters, counts are exact', async () => {
  fc.assert(
    fc.property(stream, (pairs) => {
      const exact = countAll(pairs)
      const sketch = sketchOf(pairs, 201)
      for (const [key, count] of exact) {
        const found = sketch.get(key)
        if (found?.count !== count || found.error !== 0) return false
      }
      return sketch.floor === 0 && sketch.size === exact.size
    }),
  )
})

t.test(
  'a count is at least what it says and at most, and no error is above the share of one counter',
  async () => {
    fc.assert(
      fc.property(stream, (pairs) => {
        const exact = countAll(pairs)
        const sketch = sketchOf(pairs)
        const total = pairs.reduce((sum, [, weight]) => sum + weight, 0)
        if (sketch.total !== total) return false
        for (const key of sketch.keys()) {
          const { count, error } = sketch.get(key) as { count: number; error: number }
          const truth = exact.get(key) ?? 0
          if (truth > count || truth < count - error || error > total / CAPACITY) return false
        }
        return true
      }),
    )
  },
)

t.test('a key with more than the share of one counter is always there', async () => {
  fc.assert(
    fc.property(stream, (pairs) => {
      const sketch = sketchOf(pairs)
      for (const [key, count] of countAll(pairs)) {
        if (count > sketch.total / CAPACITY && sketch.get(key) === undefined) return false
        if (sketch.get(key) === undefined && count > sketch.floor) return false
      }
      return true
    }),
  )
})

t.test('a flood of names that come once does not push out those that come often', async (t) => {
  const sketch = new Sketch(64)
  for (let i = 0; i < 200_000; i++) {
    sketch.add(`random${i}`, 1)
    if (i % 40 === 0) sketch.add('often', 1)
    if (i % 50 === 1) sketch.add('too', 1)
  }
  const [first, second, third] = mostOf([sketch, new Sketch(64)], 64)
  t.strictSame([first?.key, second?.key], ['often', 'too'])
  t.ok(first && first.count - first.error <= 5000 && first.count >= 5000)
  t.ok(third && third.count - third.error < 4000 / 2, 'the others are known to be guesses')
})

t.test('two sketches together keep the bounds of each', async () => {
  fc.assert(
    fc.property(stream, stream, (one, other) => {
      const exact = countAll([...one, ...other])
      const [a, b] = [sketchOf(one), sketchOf(other)]
      const found = mostOf([a, b], 2 * CAPACITY)
      const least = found.map(({ count, error }) => count - error)
      for (const { key, count, error } of found) {
        const truth = exact.get(key) ?? 0
        if (truth > count || truth < count - error) return false
        if (error > (a.total + b.total) / CAPACITY) return false
      }
      return least.every((value, i) => i === 0 || value <= (least[i - 1] as number))
    }),
  )
})

t.test(
  'a counter that is taken over says whose it was, and one that is emptied knows nothing',
  async (t) => {
    const sketch = new Sketch(2)
    t.equal(sketch.add('a', 3), undefined)
    t.equal(sketch.add('b', 5), undefined)
    t.equal(sketch.add('c', 1), 'a')
    t.match(sketch.get('c'), { count: 4, error: 3 })
    sketch.clear()
    t.strictSame([sketch.size, sketch.total, sketch.floor], [0, 0, 0])
  },
)
