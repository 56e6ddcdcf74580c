import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { loadSyscalls } from '../../src/net/syscalls.ts'
import { TYPE } from '../../src/wire/codes.ts'
import { holdUp } from '../hold-up.ts'
import { Rig } from '../sameness/rig.ts'
import { packetOf } from '../sameness/universe.ts'
import { until } from '../until.ts'

const PATIENCE_MS = 30_000
/** More than a second, and enough for the data threads to take what has come. */
const BUSY_MS = 3000
const directory = mkdtempSync(join(tmpdir(), 'muster-waiting-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const skip = typeof loadSyscalls() === 'string' && 'no data threads here'
const packet = new Uint8Array(packetOf('a.test', TYPE.A))

async function start(plugins: string): Promise<Rig> {
  const text = `.:{{0}} {\n  prometheus 127.0.0.1:0\n  ${plugins}\n  whoami\n}\n`
  const rig = await Rig.start(text, { table: false, directory })
  const asker = await rig.asker({ proto: 'udp', from: '127.0.0.1' })
  await asker.ask(Buffer.from(packet), PATIENCE_MS)
  return rig
}

/** So many queries come while the control thread does nothing, and for so long after. */
function sendWhileBusy(rig: Rig, count: number, milliseconds: number): void {
  const done = new Int32Array(new SharedArrayBuffer(4))
  const workerData = { packet, count, port: rig.ports[0], done }
  const worker = new Worker(new URL('./waiting-sender.ts', import.meta.url), { workerData })
  worker.unref()
  Atomics.wait(done, 0, 0, PATIENCE_MS)
  holdUp(milliseconds)
}

t.test('with shed, queries that waited for more than a second are dropped', { skip }, async (t) => {
  const rig = await start('shed')
  t.teardown(() => rig.close())
  const before = rig.plane.stats().missed
  sendWhileBusy(rig, 50, BUSY_MS)
  await until(async () => / 50\n/.test(dropped(await rig.metrics())))
  t.match(dropped(await rig.metrics()), /reason="query".* 50\n/)
  t.equal(rig.plane.stats().missed - before, 50)
  const asker = await rig.asker({ proto: 'udp', from: '127.0.0.1' })
  t.ok(await asker.ask(Buffer.from(packet), PATIENCE_MS), 'who comes now is answered')
})

const dropped = (metrics: string): string =>
  /coredns_shed_dropped_total\{.*reason="query".*\n/.exec(metrics)?.[0] ?? ''

t.test('without it they are answered late', { skip }, async (t) => {
  const rig = await start('')
  t.teardown(() => rig.close())
  const requests = async () =>
    Number(/coredns_dns_responses_total\{.*\} (\d+)/.exec(await rig.metrics())?.[1])
  sendWhileBusy(rig, 50, BUSY_MS)
  await until(async () => (await requests()) === 51)
  t.equal(await requests(), 51)
})

t.test(
  'the queue to the chain is bounded, and what finds no room is counted',
  { skip },
  async (t) => {
    const rig = await start('')
    t.teardown(() => rig.close())
    const count = 8000
    const sum = () => {
      const { missed, overflowed, kernelDrops, limited } = rig.plane.stats()
      return missed + overflowed + kernelDrops + limited
    }
    sendWhileBusy(rig, count, BUSY_MS)
    await until(() => sum() === count + 1)
    t.equal(sum(), count + 1, 'each of them is counted once')
    const { overflowed, missed } = rig.plane.stats()
    t.ok(overflowed > 0, `${overflowed} found no room`)
    t.ok(missed < count, `${missed} were handed over`)
  },
)
