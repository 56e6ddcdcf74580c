import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { Table } from '../../src/table/table.ts'
import { TableVersions } from '../../src/table/versions.ts'
import { query, record, reply } from './harness.ts'

const READERS = 3
const NAMES = 400
const PUBLICATIONS = 60_000

t.test('readers see whole answers, each the newest, while one thread writes', async (t) => {
  const versions = new TableVersions(1 << 8)
  const { counters } = versions
  const table = new Table({
    octets: 1 << 20,
    readers: READERS + 1,
    versions: counters,
    seed: 11,
    now: () => 0,
  })
  const scope = table.openScope()
  const flags = new Int32Array(new SharedArrayBuffer(8))
  const workers = Array.from({ length: READERS }, (_, number) => {
    const workerData = { shared: table.shared, number, scope, names: NAMES, flags }
    return new Worker(new URL('./stress-reader.ts', import.meta.url), { workerData, execArgv: [] })
  })
  const results = workers.map((worker) => once(worker, 'message'))
  while (Atomics.load(flags, 1) < READERS) await new Promise((later) => setTimeout(later, 5))
  let heard = 0
  const counts = [{ inc: (times: number) => (heard += times) }]
  for (let i = 0; i < PUBLICATIONS; i++) {
    const name = (i * 31) % NAMES
    const generation = Math.floor(i / NAMES)
    const text = String.fromCharCode(name >> 8, name & 0xff, generation >> 8, generation & 0xff)
    const asked = query(`name${name}.shop.svc.cluster.local`)
    const answer = Array.from({ length: 1 + (i % 23) }, () => record(1, text))
    const slot = name & 0xff
    table.publish({
      scope,
      query: asked,
      stream: false,
      message: reply(asked, { answer }),
      optOctets: 0,
      opt: 'echoed',
      versions: [{ slot, version: versions.read(slot) }],
      until: Number.POSITIVE_INFINITY,
      rotates: i % 2 === 0,
      anySpelling: true,
      deniedBelow: 0,
      dear: true,
      counts,
      observed: false,
    })
    if (i % 5 === 0) Atomics.add(counters, (i * 17) & 0xff, 1)
    if (i % 1000 === 0) await new Promise((turn) => setImmediate(turn))
  }
  Atomics.store(flags, 0, 1)
  let answers = 0
  for (const [result] of await Promise.all(results)) {
    t.equal(result.torn, 0)
    t.equal(result.old, 0)
    answers += result.answers
  }
  table.collect()
  t.ok(answers > 0)
  t.equal(heard, answers, 'every answer was counted once')
  t.ok(table.stats.evicted > 0, 'memory was used again')
})
