import t from 'tap'
import { Epochs } from '../../src/table/epochs.ts'
import { address, Bench, query, reply } from './harness.ts'

const MIB = 1 << 20

const publishName = (bench: Bench, name: string, change = {}) => {
  const asked = query(name)
  return bench.publish(asked, reply(asked, { answer: [address(1)] }), change)
}

t.test('any number of names goes through a table of bounded size', async (t) => {
  const bench = new Bench(MIB)
  const { entries } = bench.table.shared
  let most = 0
  for (let i = 0; i < 20 * entries; i++) {
    publishName(bench, `n${i}.example`)
    most = Math.max(most, bench.table.stats.entries)
  }
  t.ok(most <= entries)
  t.equal(bench.table.stats.refused, 0)
  t.ok(bench.table.stats.evicted > 0)
  t.ok(bench.table.stats.published > 10 * entries, 'what is not in use makes room')
  t.ok(bench.ask(query(`n${20 * entries - 1}.example`)), 'the newest is there')
})

t.test('names that come once or twice do not push out what is in use', async (t) => {
  const bench = new Bench(MIB)
  const hot = Array.from({ length: 300 }, (_, i) => `hot${i}.svc.cluster.local`)
  for (const name of hot) publishName(bench, name)
  let hits = 0
  let asked = 0
  for (let i = 0; i < 60_000; i++) {
    publishName(bench, `n${i}.example`)
    if (i % 3 === 0) bench.ask(query(`n${i}.example`))
    asked++
    if (bench.ask(query(hot[i % hot.length] as string)) !== undefined) hits++
  }
  t.ok(hits > 0.995 * asked, `${hits} of ${asked}`)
})

t.test('when everything is in use, new entries are turned away', async (t) => {
  const bench = new Bench(MIB)
  const { entries } = bench.table.shared
  const queries: Buffer[] = []
  let full = 0
  for (let i = 0; i < 3 * entries; i++) {
    const asked = query(`n${i}.example`)
    if (bench.publish(asked, reply(asked, { answer: [address(1)] })) === 'full') full++
    else queries.push(asked)
    for (let k = 0; k < 3; k++) bench.ask(asked)
  }
  t.ok(full > entries, `${full} were turned away`)
  const found = queries.filter((asked) => bench.ask(asked) !== undefined).length
  t.ok(found > 0.9 * entries, `${found} of ${entries} are there`)
  bench.now += 20_000
  for (let i = 0; i < 2 * entries; i++) publishName(bench, `m${i}.example`)
  t.ok(bench.ask(query(`m${2 * entries - 1}.example`)), 'what is not asked for any more goes')
})

t.test('entries move and come back intact', async (t) => {
  const bench = new Bench(MIB)
  const asked = query('kept.svc.cluster.local')
  const answer = Array.from({ length: 20 }, (_, i) => address(i))
  const message = reply(asked, { answer })
  bench.publish(asked, message)
  let wrong = 0
  for (let i = 0; i < 30_000; i++) {
    publishName(bench, `n${i}.example`)
    for (let k = 0; k < 3; k++) if (bench.ask(asked)?.equals(message) !== true) wrong++
  }
  t.equal(wrong, 0)
})

t.test('memory is not used again while a reader is in a batch', async (t) => {
  const words = new Int32Array(new SharedArrayBuffer(12))
  const epochs = new Epochs(words)
  const freed: string[] = []
  const enter = (reader: number) => Atomics.store(words, reader, Atomics.load(words, 0))
  enter(1)
  epochs.retire(() => freed.push('a'))
  epochs.advance()
  t.strictSame(freed, [])
  enter(2)
  epochs.advance()
  t.strictSame(freed, [], 'the first reader is still there')
  Atomics.store(words, 1, 0)
  epochs.advance()
  t.strictSame(freed, ['a'], 'the second came after it was taken out of the index')
  epochs.retire(() => freed.push('b'))
  epochs.advance()
  t.strictSame(freed, ['a'])
  epochs.forget(1)
  epochs.advance()
  t.strictSame(freed, ['a', 'b'])
})

t.test('epochs go round', async (t) => {
  const words = new Int32Array(new SharedArrayBuffer(8))
  const epochs = new Epochs(words)
  Atomics.store(words, 0, 0x7fffffff)
  Atomics.store(words, 1, 0x7fffffff)
  const freed: number[] = []
  epochs.retire(() => freed.push(1))
  epochs.advance()
  t.strictSame(freed, [])
  Atomics.store(words, 1, Atomics.load(words, 0))
  epochs.advance()
  t.strictSame(freed, [1])
  Atomics.store(words, 0, -1)
  epochs.advance()
  t.not(Atomics.load(words, 0), 0, 'no epoch is the word of a reader that holds nothing')
})

t.test('a reader that is in a batch for ever only stops memory from coming back', async (t) => {
  const bench = new Bench(MIB)
  bench.control.enter()
  let full = 0
  for (let i = 0; i < 20_000; i++) if (publishName(bench, `n${i}.example`) === 'full') full++
  t.ok(full > 0)
  bench.table.forgetReader(1)
  for (let i = 0; i < 10; i++) bench.table.collect()
  for (let i = 0; i < 5000; i++) publishName(bench, `m${i}.example`)
  t.ok(bench.ask(query('m4999.example')))
})
