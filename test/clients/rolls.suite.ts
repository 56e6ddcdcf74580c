import { type ChildProcess, fork, spawn } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createCluster } from '../../src/sandbox/index.ts'
import { freePort } from '../ports.ts'
import { skipWithout } from './peers/scene.ts'
import { Switch } from './switch.ts'

/** Rolls, reloads and data threads that throw; `MUSTER_ROLLS=20` for the long run. */
const ROLLS = Number(process.env.MUSTER_ROLLS ?? 3)
const THROWS = Math.max(2, Math.min(5, ROLLS))
/** Queries on their way at a time, and a second. */
const OUTSTANDING = 100
const RATE = 2000
/** Seconds after which a query without an answer is lost: long, for a machine that has other things to do. */
const PATIENCE_S = 20
/** The patience of glibc's resolver, for what is only measured. */
const USUAL_S = 5
/** How long packets still go to a server that was told to end, until whoever steers them has noticed. */
const LAG_MS = 1000
t.setTimeout(900_000 + ROLLS * 40_000)

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'muster-rolls-'))
const cluster = await createCluster()
t.teardown(async () => {
  await cluster.close()
  rmSync(folder, { recursive: true })
})
cluster.apply(
  Array.from({ length: 20 }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `s${i}`, namespace: 'default' },
    spec: { ports: [{ port: 80 }] },
  })),
)
writeFileSync(join(folder, 'kubeconfig'), cluster.kubeconfig)
const names = Array.from({ length: 20 }, (_, i) => [
  `s${i}.default.svc.cluster.local A`,
  `s${i}.default.svc.cluster.local AAAA`,
  `www${i}.example.com.default.svc.cluster.local A`,
])
writeFileSync(join(folder, 'names'), `${names.flat().join('\n')}\n`)

const dnsperf = ['/usr/bin/dnsperf', '/usr/local/bin/dnsperf'].find((path) => existsSync(path))
const skip = dnsperf === undefined && 'no dnsperf'
const withoutTls = skip || skipWithout('openssl')
const coredns = join(homedir(), '.cache/muster/coredns')

function corefileFor(port: number, more = ''): string {
  const path = join(folder, `Corefile-${port}`)
  const text = `.:${port} {
    bind 127.0.0.1
    errors
    kubernetes cluster.local {
        kubeconfig ${folder}/kubeconfig
        startup_timeout 1m
    }
${more}}
`
  writeFileSync(path, text)
  return path
}

interface Running {
  readonly child: ChildProcess
  readonly port: number
  readonly exited: Promise<number | null>
}

/** Starts a server and waits until it has said that it serves. */
async function start(command: 'muster' | 'coredns', more = ''): Promise<Running> {
  const port = await freePort()
  const corefile = corefileFor(port, more)
  const words = command === 'muster' ? ['--no-warnings', join(root, 'src/main.ts')] : []
  const child = spawn(
    command === 'muster' ? process.execPath : coredns,
    [...words, '-conf', corefile],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const serves = command === 'muster' ? /^Muster-/m : /^CoreDNS-/m
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text) => {
      said += text
      if (serves.test(said)) resolve()
    })
    void exited.then((code) => reject(new Error(`it ended with ${code}: ${said}`)))
  })
  return { child, port, exited }
}

interface Outcome {
  readonly sent: number
  readonly lost: number
  /** How long the slowest answer took. */
  readonly slowestS: number
}

/** Begins to ask; the result ends it and tells what was sent and lost. */
function ask(port: number, patienceS: number, more = ''): () => Promise<Outcome> {
  const words = `-s 127.0.0.1 -p ${port} -d ${folder}/names -q ${OUTSTANDING} -Q ${RATE} -t ${patienceS} -l 900 ${more}`
  const child = spawn(dnsperf as string, words.trim().split(' '), {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  child.stdout.on('data', (text) => {
    said += text
  })
  return async () => {
    // What is still on its way when it ends counts neither as answered nor as lost.
    await sleep(patienceS * 1000 + 500)
    child.kill('SIGINT')
    await once(child, 'close')
    const number = (what: string) => Number(new RegExp(`${what}\\s+([\\d.]+)`).exec(said)?.[1])
    return {
      sent: number('Queries sent:'),
      lost: number('Queries lost:'),
      slowestS: number('Average Latency.*max'),
    }
  }
}

const sleep = (milliseconds: number) => new Promise((later) => setTimeout(later, milliseconds))

/** One server after the other behind a switch, each told to end while the next is there already. */
async function roll(t: Test, command: 'muster' | 'coredns', rolls: number, more = '') {
  const patienceS = command === 'muster' ? PATIENCE_S : USUAL_S
  let running = await start(command, more)
  const front = await Switch.open(running.port)
  t.teardown(() => {
    front.close()
    running.child.kill('SIGKILL')
  })
  const answered = ask(front.port, patienceS)
  await sleep(500)
  const codes: (number | null)[] = []
  for (let i = 0; i < rolls; i++) {
    const next = await start(command, more)
    running.child.kill('SIGTERM')
    await sleep(LAG_MS)
    front.target = next.port
    codes.push(await running.exited)
    running = next
  }
  return { ...(await answered()), codes }
}

t.test(`nothing is lost in ${ROLLS} rolls, and each ends with 0`, { skip }, async (t) => {
  const { sent, lost, slowestS, codes } = await roll(t, 'muster', ROLLS)
  t.comment(`${sent} queries, ${lost} lost, the slowest answer after ${slowestS} s`)
  t.ok(sent > 500 * ROLLS)
  t.equal(lost, 0)
  t.ok(codes.every((code) => code === 0))
})

t.test(`nothing is lost while Corefiles change and data threads throw`, { skip }, async (t) => {
  const port = await freePort()
  const corefile = corefileFor(port)
  const child = fork(join(root, 'test/clients/rolling-server.ts'), [corefile], {
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'message')
  // From so many sockets that each thread has some.
  const answered = ask(port, PATIENCE_S, '-c 24')
  await sleep(500)
  for (let i = 0; i < ROLLS; i++) {
    corefileFor(port, i % 2 === 0 ? '    loadbalance\n' : '')
    child.send('reload')
    await once(child, 'message')
  }
  for (let i = 0; i < THROWS; i++) {
    child.send(String(i % 2))
    await sleep(500)
  }
  const { sent, lost, slowestS } = await answered()
  t.comment(`${sent} queries, ${lost} lost, the slowest answer after ${slowestS} s`)
  t.ok(sent > 1000)
  t.equal(lost, 0)
  child.send('stop')
  await once(child, 'exit')
})

/** A new certificate in the place of the one before. */
async function certify(): Promise<string> {
  const words = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=muster -keyout ${folder}/key.new -out ${folder}/cert.new`
  await once(spawn('openssl', words.split(' '), { stdio: 'ignore' }), 'exit')
  renameSync(join(folder, 'key.new'), join(folder, 'key.pem'))
  renameSync(join(folder, 'cert.new'), join(folder, 'cert.pem'))
  return new X509Certificate(readFileSync(join(folder, 'cert.pem'))).fingerprint256
}

/** Which certificate a new connection gets. */
async function shown(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

t.test('nothing is lost over TLS while certificates change', { skip: withoutTls }, async (t) => {
  const port = await freePort()
  const first = await certify()
  const corefile = join(folder, 'Corefile-tls')
  const hosts = names.flat().map((name) => `192.0.2.1 ${name.split(' ')[0]}`)
  writeFileSync(join(folder, 'hosts'), `${hosts.join('\n')}\n`)
  const text = `tls://.:${port} {
    bind 127.0.0.1
    tls ${folder}/cert.pem ${folder}/key.pem
    hosts ${folder}/hosts
}
`
  writeFileSync(corefile, text)
  const child = fork(join(root, 'test/clients/rolling-server.ts'), [corefile], {
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'message')
  t.equal(await shown(port), first)
  const answered = ask(port, PATIENCE_S, '-m dot')
  await sleep(500)
  let last = first
  for (let i = 0; i < ROLLS; i++) {
    last = await certify()
    child.send('reload')
    await once(child, 'message')
    await sleep(300)
  }
  t.not(last, first)
  t.equal(await shown(port), last, 'new connections get the new one')
  const { sent, lost, slowestS } = await answered()
  const all = `${sent} queries over TLS, ${ROLLS} certificates`
  t.comment(`${all}, ${lost} lost, the slowest answer after ${slowestS} s`)
  t.ok(sent > 1000)
  t.equal(lost, 0)
  child.send('stop')
  await once(child, 'exit')
})

t.test('SIGINT ends it at once, with 0', async (t) => {
  const { child, exited } = await start('muster', '    health 127.0.0.1:0 {\n lameduck 2m\n }\n')
  const began = performance.now()
  child.kill('SIGINT')
  t.equal(await exited, 0)
  t.ok(performance.now() - began < 60_000, 'it did not wait for the lameduck')
})

/** What is lost when a server is killed and another started in its place, on the same port. */
async function killed(
  t: Test,
  command: 'muster' | 'coredns',
): Promise<{ sent: number; lost: number }> {
  const first = await start(command)
  const front = await Switch.open(first.port)
  t.teardown(() => front.close())
  const answered = ask(front.port, USUAL_S)
  await sleep(500)
  first.child.kill('SIGKILL')
  await first.exited
  const second = await start(command)
  t.teardown(() => second.child.kill('SIGKILL'))
  front.target = second.port
  await sleep(1000)
  return answered()
}

t.test('what a kill -9 costs is known', { skip }, async (t) => {
  const { sent, lost } = await killed(t, 'muster')
  t.comment(`killed and started again: ${sent} queries, ${lost} lost`)
  t.ok(lost <= OUTSTANDING * 20, 'no more than the client had on its way, a few times over')
})

t.test(
  'the same with CoreDNS, for comparison',
  { skip: skip || (!existsSync(coredns) && 'no CoreDNS here') },
  async (t) => {
    const rolled = await roll(t, 'coredns', 2)
    t.comment(`CoreDNS, 2 rolls: ${rolled.sent} queries, ${rolled.lost} lost`)
    const lameduck = '    health 127.0.0.1:0 {\n        lameduck 5s\n    }\n'
    const waited = await roll(t, 'coredns', 2, lameduck)
    t.comment(`CoreDNS, lameduck 5s, 2 rolls: ${waited.sent} queries, ${waited.lost} lost`)
    const gone = await killed(t, 'coredns')
    t.comment(`CoreDNS, killed and started again: ${gone.sent} queries, ${gone.lost} lost`)
    t.ok(rolled.sent > 0)
  },
)
