/**
 * What a whole server takes, side by side with CoreDNS where `coredns` is on PATH: memory at rest and at its highest while everything is listed anew, time from the
 * start to the first right answer, and how long it is deaf meanwhile.
 *
 *   node test/bench/memory.ts [--sizes 0,5000,50000] [--cgroup 170]
 *
 * Over a real API server each, with three endpoints a Service. Everything is listed anew because a proxy in between cuts the watches, and says that their versions are expired
 * when they are resumed. Pauses are from a run of their own: the longest turn of the control thread, by the processor time it used (pauses.cjs) and by the clock, which has
 * what else the machine did; and the longest that one name's answer took meanwhile. With `--cgroup MIB` the largest size runs inside a memory cgroup (version 1) of so much, where one can be made.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { name } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'
import { FaultyProxy } from '../clients/faulty-proxy.ts'
import { binary, Kapi } from '../clients/kapi.ts'
import { hasEnded } from '../ended.ts'
import { freePort } from '../ports.ts'

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '0,5000,50000' },
    cgroup: { type: 'string' },
    relists: { type: 'string', default: '2' },
  },
})
/** Memory is at rest so long after a list. */
const SETTLE_MS = 15_000
const START_MS = 120_000
const SERVICES_A_NAMESPACE = 100
const MIB = 1024

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'muster-memory-'))
const writer = new Writer()

interface Measured {
  firstAnswerMs: number
  atRestMib: number
  peakMib: number
  afterMib: number
  /** Longest turns of the control thread; undefined where it is not ours. */
  start: Pauses | undefined
  relist: Pauses | undefined
  /** The longest that an answer took during a relist. */
  lateMs: number
}

interface Pauses {
  readonly cpu: number
  readonly wall: number
}

async function bench(): Promise<void> {
  if (binary('kapi') === undefined) return console.log('skipped: no kapi on PATH')
  const coredns = binary('coredns')
  if (coredns === undefined) console.log('CoreDNS: skipped, no coredns on PATH\n')
  const muster = [process.execPath, here('../../dist/main.js'), '-threads', '1']
  const servers: [string, readonly string[]][] = [['Muster', muster]]
  if (coredns !== undefined) servers.push(['CoreDNS', [coredns]])
  console.log(HEAD)
  for (const size of values.sizes.split(',').map(Number)) {
    const api = await Api.start(size)
    try {
      for (const [who, command] of servers) report(who, size, await measure(command, api, size))
      if (values.cgroup !== undefined && size > 0) {
        await confined(muster, api, size, Number(values.cgroup))
      }
    } finally {
      await api.stop()
    }
  }
}

const HEAD = `| who | Services | first answer ms | at rest MiB | relist peak MiB | peak / rest | after MiB | longest turn, start: cpu / clock ms | relist | late answers ms |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |`

function report(who: string, size: number, found: Measured): void {
  const mib = (value: number) => value.toFixed(1)
  const turns = (pauses: Pauses | undefined) =>
    pauses === undefined ? '' : `${pauses.cpu.toFixed(0)} / ${pauses.wall.toFixed(0)}`
  const cells = [
    who,
    size,
    Math.round(found.firstAnswerMs),
    mib(found.atRestMib),
    mib(found.peakMib),
    (found.peakMib / found.atRestMib).toFixed(2),
    mib(found.afterMib),
    turns(found.start),
    turns(found.relist),
    Math.round(found.lateMs),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}

/** A cluster of a size behind a proxy. */
class Api {
  readonly kubeconfig: string
  private readonly kapi: Kapi
  private readonly proxy: FaultyProxy

  private constructor(kapi: Kapi, proxy: FaultyProxy) {
    this.kapi = kapi
    this.proxy = proxy
    proxy.whole = true
    this.kubeconfig = join(folder, `kubeconfig.${proxy.port}`)
    const text = readFileSync(kapi.kubeconfig, 'utf8')
    writeFileSync(this.kubeconfig, text.replaceAll(String(kapi.port), String(proxy.port)))
  }

  static async start(size: number): Promise<Api> {
    const kapi = await Kapi.start()
    if (size > 0) {
      const namespaces = String(Math.ceil(size / SERVICES_A_NAMESPACE))
      const args = ['--services', String(size), '--namespaces', namespaces]
      const fill = [here('load-cluster.ts'), 'fill', '--kubeconfig', kapi.kubeconfig, ...args]
      execFileSync(process.execPath, fill, { stdio: 'ignore' })
    }
    return new Api(kapi, await FaultyProxy.start(kapi, { secure: true }))
  }

  /** Has everything listed anew, so often, and waits until memory is at rest. */
  async relist(times = Number(values.relists)): Promise<void> {
    for (let i = 0; i < times; i++) {
      this.proxy.expire()
      await sleep(SETTLE_MS)
    }
  }

  async stop(): Promise<void> {
    await this.proxy.stop()
    await this.kapi.stop()
  }
}

async function measure(command: readonly string[], api: Api, size: number): Promise<Measured> {
  const memory = await measureMemory(command, api, size)
  const ours = command[0] === process.execPath
  const probe = ['--require', here('pauses.cjs')]
  const probed = ours ? [process.execPath, ...probe, ...command.slice(1)] : command
  return { ...memory, ...(await measurePauses(probed, api, size, ours)) }
}

async function measureMemory(command: readonly string[], api: Api, size: number) {
  const port = await freePort()
  const began = performance.now()
  const child = await start(command, port, api)
  const pid = child.pid as number
  try {
    await answered(port, size)
    const firstAnswerMs = performance.now() - began
    await sleep(SETTLE_MS)
    const atRestMib = memory(pid, 'VmRSS')
    writeFileSync(`/proc/${pid}/clear_refs`, '5')
    await api.relist()
    return {
      firstAnswerMs,
      atRestMib,
      peakMib: memory(pid, 'VmHWM'),
      afterMib: memory(pid, 'VmRSS'),
    }
  } finally {
    await end(child)
  }
}

async function measurePauses(command: readonly string[], api: Api, size: number, ours: boolean) {
  const port = await freePort()
  const file = join(folder, `pauses.${port}`)
  const child = await start(command, port, api, { MUSTER_PAUSES: file })
  const pauses = async () => {
    if (!ours) return undefined
    child.kill('SIGUSR2')
    await sleep(1000)
    return JSON.parse(readFileSync(file, 'utf8')) as Pauses
  }
  try {
    await answered(port, size)
    const atStart = await pauses()
    const late = waits(() => ask(port, questionOf(size)))
    await api.relist()
    await late.stop()
    return { start: atStart, relist: await pauses(), lateMs: late.longest() }
  } finally {
    await end(child)
  }
}

async function start(
  command: readonly string[],
  port: number,
  api: Api,
  environment: Record<string, string> = {},
): Promise<ChildProcess> {
  const args = [...command.slice(1), '-conf', await corefileOf(port, api.kubeconfig)]
  const env = { ...process.env, ...environment }
  return spawn(command[0] as string, args, { stdio: 'ignore', env })
}

/** Whether a server lives, and answers, through a start and a relist in so little memory. */
async function confined(
  command: readonly string[],
  api: Api,
  size: number,
  mib: number,
): Promise<void> {
  const group = `/sys/fs/cgroup/memory/muster-bench-${process.pid}`
  try {
    mkdirSync(group)
    writeFileSync(`${group}/memory.limit_in_bytes`, String(mib * MIB * MIB))
  } catch (error) {
    return console.log(`no cgroup of ${mib} MiB: ${(error as Error).message}`)
  }
  const port = await freePort()
  const corefile = await corefileOf(port, api.kubeconfig)
  const line = `echo $$ > ${group}/cgroup.procs && exec "$@"`
  const args = ['-c', line, 'sh', ...command, '-conf', corefile]
  const child = spawn('sh', args, { stdio: 'ignore' })
  try {
    await answered(port, size)
    await api.relist(1)
    const lives = !hasEnded(child)
    const most = Number(readFileSync(`${group}/memory.max_usage_in_bytes`, 'utf8')) / MIB / MIB
    const failures = readFileSync(`${group}/memory.failcnt`, 'utf8').trim()
    const right =
      lives &&
      (await ask(port, questionOf(size)).then(
        () => true,
        () => false,
      ))
    console.log(
      `\n${size} Services in a cgroup of ${mib} MiB: ${right ? 'answers after a relist' : 'did not survive'}, at most ${most.toFixed(1)} MiB with page cache, limit met ${failures} times\n`,
    )
  } finally {
    await end(child)
    await sleep(200)
    rmdirSync(group)
  }
}

async function corefileOf(port: number, kubeconfig: string): Promise<string> {
  const path = join(folder, `Corefile.${port}`)
  writeFileSync(
    path,
    `.:${port} {
  bind 127.0.0.1
  errors
  health 127.0.0.1:${await freePort()}
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    fallthrough in-addr.arpa ip6.arpa
    ttl 30
    startup_timeout 60s
  }
  prometheus 127.0.0.1:${await freePort()}
  forward . 127.0.0.1:1
  cache 30
  reload
  loadbalance
}
`,
  )
  return path
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** MiB by a line of /proc/PID/status. */
function memory(pid: number, line: 'VmRSS' | 'VmHWM'): number {
  const kib = new RegExp(`^${line}:\\s+(\\d+) kB`, 'm').exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
  )
  return Number(kib?.[1]) / MIB
}

/** Asks again and again, and keeps the longest wait for an answer. */
function waits(once: () => Promise<unknown>): { longest(): number; stop(): Promise<void> } {
  let [longest, stopped] = [0, false]
  const run = async () => {
    while (!stopped) {
      const began = performance.now()
      await once().catch(() => {})
      longest = Math.max(longest, performance.now() - began)
      await sleep(2)
    }
  }
  const running = run()
  return {
    longest: () => longest,
    async stop() {
      stopped = true
      await running
    },
  }
}

/** The last Service there is, by the rules of load-cluster.ts, and a name that is always there. */
function questionOf(size: number): { qname: string; qtype: number } {
  if (size === 0) return { qname: 'dns-version.cluster.local', qtype: 16 }
  const last = size - 1
  const namespaces = Math.ceil(size / SERVICES_A_NAMESPACE)
  return { qname: `service-${last}.team-${last % namespaces}.svc.cluster.local`, qtype: 1 }
}

async function answered(port: number, size: number): Promise<void> {
  for (const end = performance.now() + START_MS; performance.now() < end; await sleep(5)) {
    if (
      await ask(port, questionOf(size)).then(
        () => true,
        () => false,
      )
    )
      return
  }
  throw new Error(`no right answer within ${START_MS / 1000} s`)
}

/** @throws Error without a right answer within a second */
async function ask(
  port: number,
  { qname, qtype }: { qname: string; qtype: number },
): Promise<void> {
  const question = { qname: name(qname), qtype, qclass: 1 }
  const none = { answer: [], authority: [], additional: [], opt: undefined }
  const packet = Buffer.from(writer.write({ id: 1, flags: 0x0100, question, ...none }, 512))
  const socket = createSocket('udp4')
  try {
    socket.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.send(packet)
    const signal = AbortSignal.timeout(1000)
    const [answer] = (await once(socket, 'message', { signal })) as [Buffer]
    if (readMessage(answer).answer.length === 0) throw new Error('no answer')
  } finally {
    socket.close()
  }
}

try {
  if (!existsSync(here('../../dist/main.js'))) throw new Error('no bundle: npm run build')
  await bench()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
