import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { type Cluster, startApiServer } from '../../src/sandbox/cluster.ts'
import { freePort } from '../ports.ts'
import { Dice, seedOf } from '../sameness/dice.ts'
import { Loader } from '../sameness/loader.ts'
import { Rig } from '../sameness/rig.ts'
import { clock, storeOf, Timeline } from '../sameness/timeline.ts'
import { Universe } from '../sameness/universe.ts'

const CHANGES_PER_SECOND = 100
const CHECKED_PER_SECOND = 10_000
/** dnsperf asks a second server of the same objects, in a process of its own: so its memory is nobody else's. */
const DNSPERF_PER_SECOND = 10_000
/** An answer that comes later than this is lost: long, for a machine that has other things to do. */
const LOST_SECONDS = 30
/** Shares of the time at which a data thread of each server throws. */
const THROWS = [0.1, 0.2, 0.3]
/** Seconds between two collections of garbage of the server whose memory is measured: when Node comes to one by itself is chance. */
const COLLECT_SECONDS = 5
/** Share of the time after which memory must be flat, and what it may be more at the end. */
const WARM = 0.4
const MAX_GROWTH = 0.05

/** A soak of so many seconds: objects that change, twenty thousand queries a second as far as the machine gives them, threads that throw. */
export function soak(seconds: number): void {
  const dice = new Dice(seedOf(process.env))
  t.comment(`MUSTER_SEED=${dice.seed}`)
  t.setTimeout((seconds + 330) * 1000)
  t.test(
    `${seconds} seconds under change: no wrong answer, none lost, memory flat, threads that throw replaced`,
    async (t) => {
      t.setTimeout((seconds + 300) * 1000)
      const directory = mkdtempSync(join(tmpdir(), 'muster-soak-'))
      t.teardown(() => rmSync(directory, { recursive: true }))
      const cluster = await startApiServer({ port: 0, historyEvents: 1000 })
      t.teardown(() => cluster.close())
      const kubeconfig = join(directory, 'kubeconfig')
      writeFileSync(kubeconfig, cluster.kubeconfig)
      const rig = await Rig.start(corefile('{{0}}', kubeconfig), {
        table: true,
        directory,
        threads: 2,
      })
      t.teardown(() => rig.close())
      const second = await startSecond(directory, kubeconfig)
      t.teardown(() => second.stop())
      await run(t, { seconds, cluster, rig, second, dice, directory })
    },
  )
}

const corefile = (port: string, kubeconfig: string) => `.:${port} {
  errors
  prometheus 127.0.0.1:0
  kubernetes cluster.local {
    kubeconfig ${kubeconfig}
    startup_timeout 1m
    pods verified
  }
  loadbalance
}
`

interface Parts {
  readonly seconds: number
  readonly cluster: Cluster
  readonly rig: Rig
  readonly second: Second
  readonly dice: Dice
  readonly directory: string
}

async function run(t: Test, parts: Parts): Promise<void> {
  const { seconds, cluster, rig, second, dice, directory } = parts
  const universe = new Universe(cluster, dice)
  const timeline = new Timeline(await storeOf(rig.server), universe.questions)
  const [port = 0] = rig.ports
  const options = { port, seed: dice.int(2 ** 32), window: 64, rate: CHECKED_PER_SECOND }
  const lostMs = LOST_SECONDS * 1000
  const loader = new Loader({ ...options, lostMs }, universe.questions, timeline)
  const dnsperf = runDnsperf(directory, second.port, seconds - 2)
  const memory: number[] = []
  const throwAt = THROWS.map((share) => share * seconds)
  let thrown = 0
  let changed = 0
  const started = clock()
  const passed = () => (clock() - started) / 1000
  for (let now = 0; now < seconds; now = passed()) {
    for (; changed < now * CHANGES_PER_SECOND; changed++) universe.change()
    if (memory.length <= now) {
      memory.push(second.memoryMib())
      if (memory.length % COLLECT_SECONDS === 0) second.collect()
      timeline.trim(clock() - 3 * lostMs)
    }
    if ((throwAt[0] ?? Number.POSITIVE_INFINITY) <= now) {
      throwAt.shift()
      const thread = thrown++ % rig.plane.threads
      rig.plane.throwInThread(thread)
      second.throwInThread(thread)
    }
    await sleep(5)
  }
  const { asked, lost, wrong, slowest } = await loader.stop()
  const peer = await dnsperf
  timeline.close()

  t.comment(
    `${asked} answers checked over ${timeline.changes} changes, ${Math.round(asked / seconds)} a second; the slowest took ${slowest.toFixed(0)} ms`,
  )
  t.equal(lost, 0, 'no query lost')
  t.equal(wrong.length, 0, 'no answer that the store did not give')
  for (const one of wrong.slice(0, 5)) t.comment(one)
  t.equal(rig.plane.stats().replaced, thrown, 'each thread that threw is counted')
  t.match(await rig.metrics(), `muster_data_threads_replaced_total ${thrown}\n`)
  if (peer === undefined) t.comment('dnsperf is not installed')
  else {
    t.comment(`dnsperf: ${peer.completed} of ${peer.sent} answered, ${peer.rate} a second`)
    t.equal(peer.lost, 0, 'dnsperf lost none')
  }
  t.comment(`memory, MiB each second: ${memory.map((mib) => mib.toFixed(0)).join(' ')}`)
  const warm = memory.slice(Math.floor(WARM * memory.length))
  const third = Math.floor(warm.length / 3)
  const [first, last] = [mean(warm.slice(0, third)), mean(warm.slice(-third))]
  t.comment(`memory: ${first.toFixed(1)} MiB, at the end ${last.toFixed(1)} MiB`)
  t.ok(last <= (1 + MAX_GROWTH) * first, 'memory is flat')
}

const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length

/** A server in a process of its own. */
interface Second {
  readonly port: number
  memoryMib(): number
  collect(): void
  throwInThread(thread: number): void
  stop(): Promise<void>
}

async function startSecond(directory: string, kubeconfig: string): Promise<Second> {
  const port = await freePort()
  const path = join(directory, 'Corefile')
  writeFileSync(path, corefile(String(port), kubeconfig))
  const script = fileURLToPath(new URL('./rolling-server.ts', import.meta.url))
  const execArgv = ['--no-warnings', '--expose-gc']
  const child: ChildProcess = fork(script, [path], { execArgv })
  await once(child, 'message')
  return {
    port,
    memoryMib: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
    },
    collect: () => void child.send('collect'),
    throwInThread: (thread) => void child.send(String(thread)),
    stop: async () => {
      const ended = once(child, 'exit')
      child.send('stop')
      await ended
    },
  }
}

interface Peer {
  readonly sent: number
  readonly completed: number
  readonly lost: number
  readonly rate: string
}

/** What dnsperf says; undefined where it is not installed. */
async function runDnsperf(
  directory: string,
  port: number,
  seconds: number,
): Promise<Peer | undefined> {
  const file = join(directory, 'queries')
  writeFileSync(
    file,
    'web.one.svc.cluster.local A\nweb.two.svc.cluster.local AAAA\napi.example.com.one.svc.cluster.local A\n',
  )
  const how = ['-s', '127.0.0.1', '-p', String(port), '-d', file, '-l', String(seconds)]
  const many = ['-c', '8', '-q', '100', '-t', String(LOST_SECONDS)]
  const child = spawn('dnsperf', [...how, ...many, '-Q', String(DNSPERF_PER_SECOND)])
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
