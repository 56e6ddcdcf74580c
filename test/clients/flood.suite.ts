import { type ChildProcess, execFile, fork, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { freePort } from '../ports.ts'
import { CpuShare } from './cgroup.ts'

/** Part of one processor that the server has. */
const CORES = 0.1
/** The flood, in what the server can answer. */
const TIMES = 10
const POLITE = 100
/** Questions of each polite client a second, and for how long; none is asked twice. */
const EACH = 10
const SECONDS = 30
/** The patience of glibc's resolver. */
const PATIENCE_MS = 5000
const NAMES = 50
/** Of the polite queries. Without fairness it is the part that the server can answer of all, a tenth or so. */
const WANTED = 0.99
/** A machine with other work may hold the server up for longer than its share does: the best of so many counts. */
const ATTEMPTS = 5
/** What Node's heap may take before it collects its garbage. Half a million queries that left a hundred octets each would be more. */
const MAX_GROWTH_MIB = 64
t.setTimeout(1_800_000)

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const coredns = join(homedir(), '.cache/muster/coredns')
const dnsperf = ['/usr/bin/dnsperf', '/usr/local/bin/dnsperf'].find((path) => existsSync(path))
const folder = mkdtempSync(join(tmpdir(), 'muster-flood-'))
t.teardown(() => rmSync(folder, { recursive: true }))

const numbers = Array.from({ length: NAMES }, (_, i) => i)
const file = (name: string, lines: readonly string[]): string => {
  writeFileSync(join(folder, name), `${lines.join('\n')}\n`)
  return join(folder, name)
}
const hosts = file(
  'hosts',
  numbers.map((i) => `192.0.2.${i + 1} n${i}.ex.test`),
)
const questions = file(
  'questions',
  numbers.map((i) => `n${i}.ex.test A`),
)

type Command = 'muster' | 'coredns'

async function start(t: Test, command: Command): Promise<{ child: ChildProcess; port: number }> {
  const port = await freePort()
  const corefile = file(`Corefile-${port}`, [
    `.:${port} {`,
    '    bind 127.0.0.1',
    `    hosts ${hosts}`,
    '}',
  ])
  // A container with this limit has one data thread; this process does not see the cgroup that its server is put into.
  const child =
    command === 'muster'
      ? spawn(process.execPath, [
          '--no-warnings',
          join(root, 'src/main.ts'),
          '-threads',
          '1',
          '-conf',
          corefile,
        ])
      : spawn(coredns, ['-conf', corefile])
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  await new Promise<void>((serves, ends) => {
    child.stdout.on('data', (text) => {
      said += text
      if (/^(Muster|CoreDNS)-/m.test(said)) serves()
    })
    child.once('exit', (code) => ends(new Error(`it ended with ${code}: ${said}`)))
  })
  return { child, port }
}

/** Answers a second, of as many as the server can give. */
async function capacityOf(port: number): Promise<number> {
  const words = `-s 127.0.0.1 -p ${port} -d ${questions} -l 3 -q 1000 -c 4 -t 5`
  const { stdout } = await run(dnsperf as string, words.split(' '))
  return Number(/Queries per second:\s+([\d.]+)/.exec(stdout)?.[1])
}

/** A client with an address of its own that asks now and then, and counts what it is told. */
class Polite {
  sent = 0
  answered = 0
  private readonly socket: Socket
  private readonly waiting = new Set<number>()

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('message', (answer) => {
      if (this.waiting.delete(answer.readUInt16BE(0))) this.answered++
    })
    socket.on('error', () => {})
  }

  static async open(address: string, port: number): Promise<Polite> {
    const socket = createSocket('udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    socket.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    return new Polite(socket)
  }

  ask(): void {
    const id = this.sent++
    this.waiting.add(id)
    const label = `n${id % NAMES}`
    const header = Buffer.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    const qname = `${String.fromCharCode(label.length)}${label}\x02ex\x04test\0\0\x01\0\x01`
    this.socket.send(Buffer.concat([header, Buffer.from(qname, 'latin1')]))
  }

  close(): void {
    this.socket.close()
  }
}

const sleep = (milliseconds: number) => new Promise((later) => setTimeout(later, milliseconds))

async function askPolitely(port: number): Promise<{ sent: number; answered: number }> {
  const clients = await Promise.all(
    Array.from({ length: POLITE }, (_, i) => Polite.open(`127.1.0.${i + 1}`, port)),
  )
  const began = performance.now()
  for (let asked = 0; asked < EACH * SECONDS * POLITE; asked++) {
    clients[asked % POLITE]?.ask()
    const due = began + (1000 * asked) / (EACH * POLITE)
    if (due > performance.now()) await sleep(due - performance.now())
  }
  await sleep(PATIENCE_MS)
  const sum = (of: 'sent' | 'answered') => clients.reduce((all, client) => all + client[of], 0)
  const [sent, answered] = [sum('sent'), sum('answered')]
  for (const client of clients) client.close()
  return { sent, answered }
}

/** Without pages of files: those that only the start needed are given back a while after it, and come again when they are needed. */
const memoryMib = (pid: number): number =>
  Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** One client floods a server that has a part of a processor, and a hundred others go on asking. */
async function flooded(t: Test, command: Command, share: CpuShare, names: readonly string[]) {
  const { child, port } = await start(t, command)
  const pid = child.pid as number
  await capacityOf(port)
  share.hold(pid)
  const capacity = await capacityOf(port)
  const before = memoryMib(pid)
  const words = ['127.9.9.9', String(port), String(TIMES * capacity), ...names]
  const flood = fork(join(root, 'test/clients/flooding.ts'), words, {
    execArgv: ['--no-warnings'],
  })
  t.teardown(() => flood.kill('SIGKILL'))
  await once(flood, 'message')
  const { sent, answered } = await askPolitely(port)
  flood.kill('SIGTERM')
  const [perSecond] = await once(flood, 'message')
  const grown = memoryMib(pid) - before
  child.removeAllListeners('exit')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const times = perSecond / capacity
  t.comment(
    `${command}: ${Math.round(capacity)} answers a second; a flood of ${times.toFixed(1)} times that; ` +
      `${((100 * answered) / sent).toFixed(2)}% of ${sent} polite queries answered; memory ${grown.toFixed(1)} MiB more than ${before.toFixed(1)}`,
  )
  return { answered: answered / sent, grown }
}

const share = CpuShare.create(CORES)
const skip = dnsperf === undefined ? 'no dnsperf' : typeof share === 'string' && share
t.teardown(() => typeof share !== 'string' && share.remove())
const hot = ['n1.ex.test']
const random = Array.from({ length: 5000 }, (_, i) => `x${i}.other.test`)

for (const [what, names] of [
  ['one name', hot],
  ['names that go to the chain', random],
] as const) {
  t.test(`a flood of ${what}: polite clients are answered, memory stays`, { skip }, async (t) => {
    let found = await flooded(t, 'muster', share as CpuShare, names)
    for (let more = 1; more < ATTEMPTS && found.answered < WANTED; more++) {
      const another = await flooded(t, 'muster', share as CpuShare, names)
      if (another.answered > found.answered) found = another
    }
    const { answered, grown } = found
    t.ok(answered >= WANTED, `${(100 * answered).toFixed(2)}% answered`)
    t.ok(grown < MAX_GROWTH_MIB, `${grown.toFixed(1)} MiB more`)
  })
}

t.test(
  'the same with CoreDNS, for comparison',
  { skip: skip || (!existsSync(coredns) && 'no CoreDNS here') },
  async (t) => {
    const { answered } = await flooded(t, 'coredns', share as CpuShare, hot)
    t.ok(answered >= 0)
  },
)
