// Minutes under load and change; MUSTER_SOAK_SECONDS makes them more.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { startApiServer } from '../../src/sandbox/cluster.ts'
import { TYPE } from '../../src/wire/codes.ts'
import { Dice, seedOf } from '../sameness/dice.ts'
import { Loader } from '../sameness/loader.ts'
import { Rig } from '../sameness/rig.ts'
import { clock, storeOf, Timeline } from '../sameness/timeline.ts'
import { packetOf, Universe } from '../sameness/universe.ts'

const SECONDS = Number(process.env.MUSTER_SOAK_SECONDS ?? 120)
const CHANGES_PER_SECOND = 100
const CHECKED_PER_SECOND = 10_000
/** dnsperf asks hot names beside it, where it is installed. */
const DNSPERF_PER_SECOND = 10_000
/** Share of the time after which memory must be flat, and by how much it may grow from then on: the test and its API server live in the same process. */
const WARM = 0.4
const MAX_GROWTH_MIB_PER_MINUTE = 24
const POLLUTION_SECONDS = 8
const LOST_MS = 5000

const directory = mkdtempSync(join(tmpdir(), 'muster-soak-'))
const dice = new Dice(seedOf(process.env))
t.comment(`MUSTER_SEED=${dice.seed}`)
t.teardown(() => rmSync(directory, { recursive: true }))
t.setTimeout((SECONDS + 120) * 1000)

t.test(
  'a soak under change: no wrong answer, none lost, memory flat, threads that throw replaced',
  async (t) => {
    t.setTimeout((SECONDS + 60) * 1000)
    const { cluster, rig } = await start('verified')
    t.teardown(async () => {
      await rig.close()
      await cluster.close()
    })
    const universe = new Universe(cluster, dice)
    const timeline = new Timeline(await storeOf(rig.server), universe.questions)
    const [port = 0] = rig.ports
    const options = { port, seed: dice.int(2 ** 32), window: 64, rate: CHECKED_PER_SECOND }
    const loader = new Loader(options, universe.questions, timeline)
    const dnsperf = runDnsperf(port, SECONDS - 5)
    const memory: [seconds: number, mib: number][] = []
    const throwAt = [0.3, 0.5, 0.7].map((share) => share * SECONDS)
    let thrown = 0
    let changed = 0
    const started = clock()
    for (let seconds = 0; seconds < SECONDS; seconds = (clock() - started) / 1000) {
      for (; changed < seconds * CHANGES_PER_SECOND; changed++) universe.change()
      if (memory.length <= seconds) {
        memory.push([seconds, process.memoryUsage.rss() / 2 ** 20])
        timeline.trim(clock() - 3 * LOST_MS)
      }
      if ((throwAt[0] ?? Number.POSITIVE_INFINITY) <= seconds) {
        throwAt.shift()
        rig.plane.throwInThread(thrown++ % rig.plane.threads)
      }
      await sleep(5)
    }
    const { asked, lost, wrong } = await loader.stop()
    const peer = await dnsperf
    timeline.close()

    t.comment(
      `${asked} answers checked over ${timeline.changes} changes, ${Math.round(asked / SECONDS)} a second`,
    )
    t.equal(lost, 0, 'no query lost')
    t.equal(wrong.length, 0, 'no answer that the store did not give')
    for (const one of wrong.slice(0, 5)) t.comment(one)
    t.equal(rig.plane.stats().replaced, thrown, 'each thread that threw is counted')
    t.match(await rig.metrics(), `muster_data_threads_replaced_total ${thrown}\n`)
    if (peer !== undefined) {
      t.comment(`dnsperf: ${peer.completed} of ${peer.sent} answered, ${peer.rate} a second`)
      t.equal(peer.lost, 0, 'dnsperf lost none')
    }
    const warm = memory.filter(([seconds]) => seconds >= WARM * SECONDS)
    const growth = 60 * slope(warm)
    t.comment(`memory, MiB each second: ${memory.map(([, mib]) => mib.toFixed(0)).join(' ')}`)
    t.comment(
      `memory: ${warm[0]?.[1].toFixed(0)} to ${warm.at(-1)?.[1].toFixed(0)} MiB, ${growth.toFixed(2)} MiB a minute`,
    )
    t.ok(growth < MAX_GROWTH_MIB_PER_MINUTE, 'memory is flat')
  },
)

t.test(
  'a client that asks for ever other names, types and depths leaves the others their hits',
  async (t) => {
    const { cluster, rig } = await start('insecure')
    t.teardown(async () => {
      await rig.close()
      await cluster.close()
    })
    const [namespace, service] = ['here', 'web']
    cluster.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      ...Array.from({ length: 200 }, (_, i) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace, name: `${service}${i}` },
        spec: { clusterIP: `10.96.1.${i}`, clusterIPs: [`10.96.1.${i}`], ports: [{ port: 80 }] },
      })),
    ])
    await sleep(500)
    const others = Array.from({ length: 200 }, (_, i) =>
      packetOf(`${service}${i}.${namespace}.svc.cluster.local`, TYPE.A),
    )
    const asker = await rig.asker({ proto: 'udp', from: '127.0.0.1' })
    const polluter = await rig.asker({ proto: 'udp', from: '127.0.0.2' })
    const askOthers = async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        for (const packet of others) if ((await asker.ask(packet, LOST_MS)) === undefined) lost++
        await sleep(10)
      }
      return rounds * others.length
    }
    let lost = 0
    await askOthers(6)
    const state = { stopped: false, asked: 0, times: 0 }
    // None of these is ever asked twice, nor lies in a branch that is denied.
    const pollute = async () => {
      for (let i = 0; !state.stopped; i++) {
        await polluter.ask(pollution(state.asked++, dice), LOST_MS)
        if (i % 32 === 0) await sleep(1)
      }
    }
    const polluting = Array.from({ length: 16 }, pollute)
    const before = rig.plane.stats()
    let asked = 0
    for (const ends = clock() + POLLUTION_SECONDS * 1000; clock() < ends; )
      asked += await askOthers(1)
    state.stopped = true
    await Promise.all(polluting)
    const after = rig.plane.stats()
    const hits = after.answered - before.answered
    t.comment(
      `${state.asked} polluting questions; ${hits} of the others' ${asked} answered from the table`,
    )
    t.equal(lost, 0)
    t.ok(state.asked > 5000, 'there was a flood')
    t.ok(hits >= 0.99 * asked, 'the others have their hits')
  },
)

function pollution(n: number, dice: Dice): Buffer {
  const at = 'here.svc.cluster.local'
  const octets = `${(n >> 16) & 255}-${(n >> 8) & 255}-${n & 255}`
  switch (n % 3) {
    case 0:
      return packetOf(`10-${octets}.here.pod.cluster.local`, TYPE.A)
    case 1:
      return packetOf(`web${n % 200}.${at}`, 300 + ((n * 7) % 65_000))
    default:
      return packetOf(`${'x.'.repeat(1 + dice.int(6))}n${n}.web${n % 200}.${at}`, TYPE.A)
  }
}

async function start(pods: string) {
  const cluster = await startApiServer({ port: 0, historyEvents: 1000 })
  const kubeconfig = join(directory, `kubeconfig-${cluster.port}`)
  writeFileSync(kubeconfig, cluster.kubeconfig)
  const text = `.:{{0}} {
  errors
  prometheus 127.0.0.1:0
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
    pods ${pods}
  }
  loadbalance
}
`
  const rig = await Rig.start(text, { table: true, directory, threads: 2 })
  return { cluster, rig }
}

/** Least squares, per unit of the first. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length
  const [x, y] = [mean(0), mean(1)]
  const above = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0)
  return above / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0)
}

interface Peer {
  readonly sent: number
  readonly completed: number
  readonly lost: number
  readonly rate: string
}

/** What dnsperf says; undefined where it is not installed. */
async function runDnsperf(port: number, seconds: number): Promise<Peer | undefined> {
  const file = join(directory, 'queries')
  writeFileSync(
    file,
    'web.one.svc.cluster.local A\nweb.two.svc.cluster.local AAAA\napi.example.com.one.svc.cluster.local A\n',
  )
  const how = ['-s', '127.0.0.1', '-p', String(port), '-d', file, '-l', String(seconds)]
  const child = spawn('dnsperf', [...how, '-Q', String(DNSPERF_PER_SECOND), '-q', '100'])
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const ran = await new Promise<boolean>((done) => {
    child.on('error', () => done(false))
    child.on('close', () => done(true))
  })
  if (!ran) return undefined
  const number = (label: string) => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(text)?.[1])
  const rate = /Queries per second:\s+(\d+)/.exec(text)?.[1] ?? ''
  return {
    sent: number('Queries sent'),
    completed: number('Queries completed'),
    lost: number('Queries lost'),
    rate,
  }
}
