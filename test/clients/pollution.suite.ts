// One client asks for names that nobody else wants, as fast as it can, and must not cost the others their place in the table.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { TYPE } from '../../src/wire/codes.ts'
import type { Asker } from '../sameness/asker.ts'
import { Dice, seedOf } from '../sameness/dice.ts'
import { Rig } from '../sameness/rig.ts'
import { packetOf } from '../sameness/universe.ts'

const ROUNDS = 40
/** Polluting questions between two rounds of the others. */
const BURST = 600
const LANES = 16
const NAMES = 200
/** What comes later is lost: long, for a machine that has other things to do. */
const LOST_MS = 30_000
const AT = 'here.svc.cluster.local'

const directory = mkdtempSync(join(tmpdir(), 'muster-pollution-'))
t.teardown(() => rmSync(directory, { recursive: true }))
const dice = new Dice(seedOf(process.env))
t.comment(`MUSTER_SEED=${dice.seed}`)

for (const [title, asks] of [
  ['once', 1],
  ['three times, so that they enter the table', 3],
] as const) {
  t.test(
    `a client that asks for ever other names, types and depths, ${title}, leaves the others their hits`,
    async (t) => {
      t.setTimeout(900_000)
      const { rig, end } = await start()
      t.teardown(end)
      const others = Array.from({ length: NAMES }, (_, i) => packetOf(`web${i}.${AT}`, TYPE.A))
      const asker = await rig.asker({ proto: 'udp', from: '127.0.0.1' })
      const polluter = await rig.asker({ proto: 'udp', from: '127.0.0.2' })
      let lost = 0
      let asked = 0
      const askOthers = async () => {
        for (const packet of others) {
          if ((await asker.ask(packet, LOST_MS)) === undefined) lost++
        }
        asked += NAMES
      }
      // A data thread counts a batch when it has sent it: what came first is the answer.
      const counted = async (): Promise<number> => {
        for (const ends = Date.now() + LOST_MS; ; await sleep(1)) {
          const { answered, missed, overflowed } = rig.plane.stats()
          if (answered + missed + overflowed >= asked || Date.now() > ends) return answered
        }
      }
      for (let round = 0; round < 6; round++) await askOthers()
      let hits = 0
      let polluting = 0
      for (let round = 0; round < ROUNDS; round++) {
        lost += await pollute(polluter, polluting, asks)
        polluting += BURST
        asked += BURST * asks
        const before = await counted()
        await askOthers()
        hits += (await counted()) - before
      }
      t.comment(
        `${polluting} polluting names; of ${ROUNDS * NAMES} questions of the others ${hits} were hits`,
      )
      t.comment(rig.plane.front?.table.stats)
      t.equal(lost, 0, 'no query lost')
      t.ok(hits >= 0.999 * ROUNDS * NAMES, 'the others have their hits')
    },
  )
}

/** Names that nobody asked for before, each so many times; returns how many questions were lost. */
async function pollute(polluter: Asker, from: number, asks: number): Promise<number> {
  let lost = 0
  let next = from
  const lane = async () => {
    for (let n = next++; n < from + BURST; n = next++) {
      const packet = pollution(n)
      for (let ask = 0; ask < asks; ask++) {
        if ((await polluter.ask(packet, LOST_MS)) === undefined) lost++
      }
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return lost
}

/** None of these lies in a branch that is denied. */
function pollution(n: number): Buffer {
  const octets = `${(n >> 16) & 255}-${(n >> 8) & 255}-${n & 255}`
  switch (n % 3) {
    case 0:
      return packetOf(`10-${octets}.here.pod.cluster.local`, TYPE.A)
    case 1:
      return packetOf(`web${n % NAMES}.${AT}`, 300 + ((n * 7) % 65_000))
    default:
      return packetOf(`${'x.'.repeat(1 + dice.int(6))}n${n}.web${n % NAMES}.${AT}`, TYPE.A)
  }
}

async function start(): Promise<{ rig: Rig; end(): Promise<void> }> {
  const cluster = await startApiServer({ port: 0, historyEvents: 1000 })
  const kubeconfig = join(directory, `kubeconfig-${cluster.port}`)
  writeFileSync(kubeconfig, cluster.kubeconfig)
  cluster.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'here' } },
    ...Array.from({ length: NAMES }, (_, i) => service(`web${i}`, `10.96.1.${i}`)),
  ])
  const text = `.:{{0}} {
  errors
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
    startup_timeout 1m
    pods insecure
  }
  loadbalance
}
`
  const rig = await Rig.start(text, { table: true, directory, threads: 2 })
  const end = async () => {
    await rig.close()
    await cluster.close()
  }
  return { rig, end }
}

const service = (name: string, clusterIP: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'here', name },
  spec: { clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80 }] },
})
