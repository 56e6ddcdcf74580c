import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { freePort } from '../ports.ts'

t.setTimeout(400_000)
const root = fileURLToPath(new URL('../../', import.meta.url))
/** The freezer of the first version of cgroups can stop one thread of a process; that of the second cannot. */
const FREEZER = '/sys/fs/cgroup/freezer'
/** recvmmsg, where a data thread waits. */
const RECEIVES: Readonly<Record<string, string>> = { x64: '299', arm64: '243' }

const folder = mkdtempSync(join(tmpdir(), 'muster-stuck-'))
t.teardown(() => rmSync(folder, { recursive: true }))

async function start(): Promise<{ child: ChildProcess; port: number; health: string }> {
  const [port, page] = [await freePort(), await freePort()]
  const corefile = join(folder, 'Corefile')
  writeFileSync(
    corefile,
    `.:${port} {
    bind 127.0.0.1
    health 127.0.0.1:${page}
    whoami
}
`,
  )
  const words = ['--no-warnings', join(root, 'src/main.ts'), '-threads', '1', '-conf', corefile]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  let said = ''
  await new Promise<void>((serves, ends) => {
    child.stdout.on('data', (text) => {
      said += text
      if (/^Muster-/m.test(said)) serves()
    })
    child.once('exit', (code) => ends(new Error(`it ended with ${code}: ${said}`)))
  })
  return { child, port, health: `http://127.0.0.1:${page}/health` }
}

/** The threads that wait for datagrams. */
function dataThreads(pid: number): string[] {
  const call = RECEIVES[process.arch]
  return readdirSync(`/proc/${pid}/task`).filter((thread) => {
    try {
      const now = readFileSync(`/proc/${pid}/task/${thread}/syscall`, 'utf8')
      return now.split(' ')[0] === call
    } catch {
      // It has ended meanwhile.
      return false
    }
  })
}

/** Seconds from `began` until it was so; undefined where it never came to that. */
async function until(
  done: () => Promise<boolean> | boolean,
  milliseconds: number,
  began = performance.now(),
) {
  while (!(await done())) {
    if (performance.now() - began > milliseconds) return undefined
    await new Promise((later) => setTimeout(later, 100))
  }
  return (performance.now() - began) / 1000
}

/** Why a thread cannot be stopped by itself here; false where it can. */
function cannotFreeze(): string | false {
  if (!existsSync(FREEZER)) return `no ${FREEZER} here: a thread cannot be stopped by itself`
  if (!(process.arch in RECEIVES) || !existsSync('/proc/self/syscall')) {
    return 'what a thread waits in is not known here'
  }
  const folder = join(FREEZER, `muster-may-${process.pid}`)
  try {
    mkdirSync(folder)
    rmdirSync(folder)
    return false
  } catch (error) {
    return `no cgroup can be made here: ${(error as Error).message}`
  }
}

const skip = cannotFreeze()

t.test('/health fails when a data thread stands still over a filled queue', { skip }, async (t) => {
  const { child, port, health } = await start()
  const pid = child.pid as number
  const frozen = join(FREEZER, `muster-${pid}`)
  mkdirSync(frozen)
  t.teardown(async () => {
    writeFileSync(join(frozen, 'freezer.state'), 'THAWED')
    child.kill('SIGKILL')
    await once(child, 'exit')
    try {
      rmdirSync(frozen)
    } catch {
      // The threads may take a moment to leave; an empty group costs nothing.
    }
  })
  const ask = async () => {
    const answer = await fetch(health)
    return `${answer.status} ${await answer.text()}`
  }
  t.equal(await ask(), '200 OK')
  let waiting: string[] = []
  await until(() => {
    waiting = dataThreads(pid)
    return waiting.length > 0
  }, 30_000)
  for (const thread of waiting) writeFileSync(join(frozen, 'tasks'), thread)
  writeFileSync(join(frozen, 'freezer.state'), 'FROZEN')
  await new Promise((later) => setTimeout(later, 7000))
  t.equal(await ask(), '200 OK', 'nobody asks it: that is no fault')
  const client = createSocket('udp4')
  t.teardown(() => client.close())
  const query = Buffer.from('0007010000010000000000000000010001', 'hex')
  const sent = performance.now()
  client.send(query, port, '127.0.0.1')
  const failed = await until(async () => !(await ask()).startsWith('200'), 60_000, sent)
  t.comment(`it failed ${failed?.toFixed(1)} s after a query came`)
  // Five seconds from the last look that found the queue empty: one every second, and some of them late on a busy machine.
  t.ok(failed !== undefined && failed > 2, 'not at once')
  t.match(await ask(), /^503 data thread 0 has stood still over a filled queue for \d+s/)
  const answered = once(client, 'message')
  writeFileSync(join(frozen, 'freezer.state'), 'THAWED')
  const [answer] = await answered
  t.equal(answer.readUInt16BE(0), 7, 'the query was kept')
  t.ok((await until(async () => (await ask()) === '200 OK', 30_000)) !== undefined)
})
