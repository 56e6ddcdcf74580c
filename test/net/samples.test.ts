import t from 'tap'
import { openDatagram } from '../../src/net/listener.ts'
import { DataPlane, type PlaneOptions } from '../../src/net/plane.ts'
import { RingReader, RingWriter, ringMemory } from '../../src/net/ring.ts'
import type { Sample } from '../../src/net/sample.ts'
import { loadSyscalls } from '../../src/net/syscalls.ts'
import type { Publication } from '../../src/table/publish.ts'
import { Table } from '../../src/table/table.ts'
import { TableVersions } from '../../src/table/versions.ts'
import { name } from '../../src/wire/name.ts'
import { freePort } from '../ports.ts'
import { address, publication, query, reply } from '../table/harness.ts'
import { until } from '../until.ts'
import { UdpClient } from './clients.ts'

const silent = { info: () => {}, warning: () => {}, error: () => {} }
const WEB = 'web.shop.svc.cluster.local'
const NXDOMAIN = 3

/** A table with two answers and a denial, data threads before it, and what they told of samples. */
async function serve(
  t: { teardown(run: () => Promise<void>): void },
  change: Partial<PlaneOptions> = {},
) {
  const { counters: versions } = new TableVersions(1 << 8)
  const now = () => performance.now()
  const table = new Table({ octets: 1 << 20, readers: 2, versions, seed: 5, now })
  const scope = table.openScope()
  const samples: Sample[] = []
  const onSample = (sample: Sample) => samples.push(sample)
  const repeats: Buffer[] = []
  const onRepeat = ({ query }: { query: Buffer }) => repeats.push(query)
  const plane = new DataPlane({ threads: 1, table, log: silent, onSample, onRepeat, ...change })
  const listener = await openDatagram(
    { host: '127.0.0.1', port: await freePort(), plane, scope },
    () => undefined,
  )
  const publish = (asked: Buffer, message: Buffer, more: Partial<Publication> = {}) =>
    table.publish(publication(scope, asked, message, more))
  publish(query(WEB), reply(query(WEB), { answer: [address(1)] }))
  publish(query(WEB, { type: 28 }), reply(query(WEB, { type: 28 }), {}))
  publish(query('gone'), reply(query('gone'), { rcode: NXDOMAIN }))
  const client = await UdpClient.open()
  t.teardown(async () => {
    client.close()
    await listener.close()
    await plane.close()
  })
  return {
    plane,
    listener,
    publish,
    samples,
    repeats,
    /** An answer leaves a moment before its sample is shown. */
    taken: async (count: number) => {
      await until(() => {
        plane.takeSamples()
        return samples.length >= count
      })
    },
    ask: (asked: Buffer) => client.ask(asked, listener.port),
    client,
  }
}

const machines: readonly (readonly [string, Partial<PlaneOptions>])[] = [
  ['data threads', {}],
  ['node:dgram', { syscalls: 'koffi is not installed' }],
]

for (const [machine, options] of machines) {
  if (machine === 'data threads' && typeof loadSyscalls() === 'string') continue

  t.test(`${machine}: a sample says who asked, what, and what became of it`, async (t) => {
    const { plane, samples, taken, ask } = await serve(t, options)
    await ask(query(WEB, { id: 1 }))
    plane.takeSamples()
    t.strictSame(samples, [], 'nobody wants to know')
    plane.sample(500)
    await ask(query(WEB.toUpperCase(), { id: 2 }))
    await ask(query(WEB, { id: 3, type: 28 }))
    await ask(query('gone', { id: 4 }))
    await taken(3)
    const same = { client: '127.0.0.1', weight: 1 }
    t.match(samples, [
      { ...same, name: name(`${WEB}.`), qtype: 1, rcode: 0, hasAnswer: true },
      { ...same, name: name(`${WEB}.`), qtype: 28, rcode: 0, hasAnswer: false },
      { ...same, name: name('gone.'), qtype: 1, rcode: NXDOMAIN, hasAnswer: false },
    ])
    t.ok(samples.every(({ seconds }) => seconds >= 0 && seconds < 10))
    plane.sample(0)
    await ask(query(WEB, { id: 5 }))
    plane.takeSamples()
    t.equal(samples.length, 3)
  })
}

for (const [machine, options] of machines) {
  if (machine === 'data threads' && typeof loadSyscalls() === 'string') continue

  t.test(
    `${machine}: who wants to see each answer and who wants a sample both get theirs`,
    async (t) => {
      const { plane, publish, samples, repeats, taken, ask } = await serve(t, options)
      const both = query('both')
      publish(both, reply(both, { answer: [address(3)] }), { observed: true })
      plane.sample(500)
      await ask(query('both', { id: 1 }))
      await ask(query(WEB, { id: 2 }))
      await until(() => repeats.length > 0)
      await taken(2)
      t.strictSame(repeats, [query('both', { id: 1 })])
      t.strictSame(
        samples.map((sample) => sample.name),
        [name('both.'), name(`${WEB}.`)],
      )
    },
  )
}

if (typeof loadSyscalls() !== 'string') {
  t.test('samples that nobody takes fill their queue and hold no answer up', async (t) => {
    const { plane, samples, taken, ask } = await serve(t)
    plane.sample(1e9)
    for (let id = 0; id < 4000; id++) t.ok(await ask(query(id % 2 ? WEB : 'gone', { id })))
    plane.takeSamples()
    t.ok(samples.length > 1000 && samples.length < 4000, `${samples.length} of 4000`)
    const before = samples.length
    await ask(query(WEB, { id: 4001 }))
    await taken(before + 1)
    t.match(samples.slice(before), [{ name: name(`${WEB}.`) }], 'there is room again')
  })

  t.test(
    'a thread that throws leaves no half of a sample, and its successor goes on',
    async (t) => {
      const { plane, samples, taken, client, listener } = await serve(t)
      plane.sample(1e9)
      for (let round = 0; round < 3; round++) {
        client.answers.clear()
        plane.throwInThread(0)
        for (let id = 0; id < 100; id++) await client.send(query(WEB, { id }), listener.port)
        // The one that it throws at the control thread answers from the table.
        t.equal(await client.collected(100), 100)
      }
      t.equal(plane.stats().replaced, 3)
      await taken(300)
      t.equal(samples.length, 300)
      t.ok(
        samples.every((sample) => sample.name === name(`${WEB}.`) && sample.client === '127.0.0.1'),
      )
    },
  )
}

t.test(
  'what a writer did not show before it ended is never read, and its successor writes over it',
  async (t) => {
    const memory = ringMemory(1 << 12)
    const reader = new RingReader(memory)
    const read = () => {
      const words: number[] = []
      for (let at = reader.read(); at >= 0; at = reader.read()) {
        words.push(reader.words[at >> 2] as number)
        reader.release()
      }
      return words
    }
    for (let life = 0; life < 200; life++) {
      const writer = new RingWriter(memory)
      const write = (word: number) => {
        writer.words[writer.reserve(40) >> 2] = word
      }
      write(life)
      writer.commit()
      write(-1)
      writer.reserve(100)
      t.strictSame(read(), [life])
    }
  },
)
