import t from 'tap'
import { openDatagram } from '../../src/net/listener.ts'
import { loadSyscalls } from '../../src/net/syscalls.ts'
import { Dice, seedOf } from '../sameness/dice.ts'
import { query } from '../table/harness.ts'
import { UdpClient } from './clients.ts'
import { chain, PlaneBench, WEB } from './plane-bench.ts'

/** `MUSTER_ROUNDS` makes them hundreds. */
const ROUNDS = Number(process.env.MUSTER_ROUNDS ?? 24)
const THROWS = 5
/** Of each thread. */
const CLIENTS = 4
/** Queries of a client between two throws, where the kernel grants all that is asked for. */
const BURST = 200
/** What a query takes in a queue: the kernel takes as much again as it says that it grants. */
const QUERY_OCTETS = 768 / 2
/** For a machine that has other things to do. */
const PATIENCE_MS = 30_000

const dice = new Dice(seedOf(process.env))
t.comment(`MUSTER_SEED=${dice.seed}`)
t.setTimeout(3_600_000)

const pause = (most: number) => new Promise((later) => setTimeout(later, dice.int(most)))

/** Half of them are in the table. */
const asked = (id: number) => query(id % 2 === 0 ? WEB : `n${id}.example`, { id })

if (typeof loadSyscalls() === 'string') t.comment(`skipped: ${loadSyscalls()}`)
else {
  t.test(
    'threads that throw at any moment of a flood are replaced, and no query is lost',
    async (t) => {
      t.setTimeout(300_000)
      const bench = new PlaneBench(2)
      t.teardown(() => bench.close())
      const port = await bench.open()
      bench.publish(WEB)
      const clients = await clientsOfAll(bench, port)
      t.teardown(() => {
        for (const client of clients) client.close()
      })
      // A queue holds twice what comes while its thread is gone, were it gone all the while.
      const room = bench.receiveBufferOctets / QUERY_OCTETS
      const burst = Math.min(BURST, Math.floor(room / CLIENTS / (2 * THROWS)))
      let sent = 0
      for (let thrown = 0; thrown < THROWS; thrown++) {
        await pause(100)
        bench.plane.throwInThread(thrown % 2)
        for (const ends = sent + burst; sent < ends; sent++) {
          for (const client of clients) await client.send(asked(sent), port)
        }
        while (bench.plane.stats().replaced <= thrown) {
          for (const client of clients) await client.send(asked(sent), port)
          sent++
          await pause(20)
        }
      }
      for (const client of clients) t.equal(await client.collected(sent, PATIENCE_MS), sent)
      t.equal(bench.plane.stats().replaced, THROWS)
    },
  )

  t.test(
    'a socket that closes while its thread waits to be replaced is emptied first',
    async (t) => {
      const bench = new PlaneBench(1)
      const port = await bench.open()
      const client = await UdpClient.open()
      t.teardown(() => client.close())
      let id = 0
      // Each wait is twice as long as the one before.
      for (let thrown = 0; thrown < 9; thrown++) {
        bench.plane.throwInThread(0)
        while (bench.plane.stats().replaced <= thrown) {
          await client.send(asked(id++), port)
          await pause(20)
        }
      }
      for (const ends = id + 50; id < ends; id++) await client.send(asked(id), port)
      await bench.close()
      t.equal(await client.collected(id, PATIENCE_MS), id)
    },
  )

  t.test(
    `${ROUNDS} times started and stopped at any moment, it never hangs and loses nothing`,
    async (t) => {
      t.setTimeout(3_600_000)
      let lost = 0
      for (let round = 0; round < ROUNDS; round++) lost += await startAndStop()
      t.equal(lost, 0)
    },
  )
}

/** So many clients for every thread, with nothing answered yet: the kernel chooses the thread by a client's port, and may choose one for all. */
async function clientsOfAll(bench: PlaneBench, port: number): Promise<UdpClient[]> {
  const batches = () => bench.plane.threadStates().map((state) => state.batches)
  const found = batches().map((): UdpClient[] => [])
  while (found.some((clients) => clients.length < CLIENTS)) {
    const client = await UdpClient.open()
    const before = batches()
    const taker = () => batches().findIndex((count, thread) => count > (before[thread] as number))
    await client.ask(asked(0), port)
    client.answers.clear()
    while (taker() < 0) await new Promise((later) => setTimeout(later, 1))
    const clients = found[taker()] as UdpClient[]
    if (clients.length < CLIENTS) clients.push(client)
    else client.close()
  }
  return found.flat()
}

/** Starts, asks and stops, with pauses in between that are none as often as not; returns how many queries were lost. */
async function startAndStop(): Promise<number> {
  const threads = 1 + dice.int(3)
  const bench = new PlaneBench(threads)
  const perhaps = async () => {
    if (dice.chance(0.6)) await pause(dice.pick([2, 50, 400]))
  }
  const port = await bench.open()
  const client = await UdpClient.open()
  let sent = 0
  const ask = async () => {
    for (const ends = sent + dice.int(100); sent < ends; sent++) {
      await client.send(asked(sent), port)
    }
  }
  await perhaps()
  await ask()
  if (dice.chance(0.3)) bench.plane.throwInThread(dice.int(threads))
  await perhaps()
  await ask()
  // Another address comes and goes meanwhile.
  const { plane } = bench
  const other = dice.chance(0.5)
    ? await openDatagram({ host: '127.0.0.1', port: 0, plane }, chain)
    : undefined
  await Promise.all([bench.close(), other?.close(), dice.chance(0.2) ? bench.close() : undefined])
  const came = await client.collected(sent, PATIENCE_MS)
  client.close()
  return sent - came
}
