import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { MAX_CONNECTIONS } from '../../src/net/listener.ts'
import { connectionsFor, readFileLimit } from '../../src/server/descriptors.ts'
import { freePort } from '../ports.ts'
import { query } from '../table/harness.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const FILES = 160
const CLIENTS = 300
const PATIENCE_MS = 60_000

t.test('one listener takes a quarter of the files that the process may open', (t) => {
  t.equal(connectionsFor(1024), 256)
  t.equal(connectionsFor(3), 1)
  t.equal(connectionsFor(1 << 20), MAX_CONNECTIONS)
  t.equal(connectionsFor(Number.POSITIVE_INFINITY), MAX_CONNECTIONS)
  const line = (soft: string) =>
    `Limit  Soft  Hard  Units\nMax open files            ${soft}       4096  files\n`
  t.equal(
    readFileLimit(() => line('1024')),
    1024,
  )
  t.equal(
    readFileLimit(() => line('unlimited')),
    Number.POSITIVE_INFINITY,
  )
  t.equal(
    readFileLimit(() => {
      throw new Error('no such file')
    }),
    Number.POSITIVE_INFINITY,
  )
  t.end()
})

t.test(
  'more clients than files keep nobody from /health',
  { skip: process.platform !== 'linux' },
  async (t) => {
    const [port, health] = [await freePort(), await freePort()]
    const corefile = `.:${port} {\n bind 127.0.0.1\n whoami\n health 127.0.0.1:${health}\n}\n`
    const folder = t.testdir({ Corefile: corefile })
    const command = `ulimit -n ${FILES} && exec '${process.execPath}' --no-warnings '${MAIN}' -conf '${folder}/Corefile' -threads 1`
    const server = spawn('sh', ['-c', command], { stdio: 'ignore' })
    const sockets: Socket[] = []
    t.teardown(async () => {
      for (const socket of sockets) socket.destroy()
      await ended(server)
    })
    t.ok(await isHealthy(health, PATIENCE_MS))
    const asked = query('n.example')
    const framed = Buffer.concat([Buffer.from([0, asked.length]), asked])
    for (let i = 0; i < CLIENTS; i++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect').catch(() => {})
      socket.write(framed)
    }
    // The kernel has taken connections that the server has yet to come to.
    for (let look = 0; look < 5; look++) {
      await new Promise((later) => setTimeout(later, 200))
      t.ok(await isHealthy(health, 0), 'at once')
    }
  },
)

async function isHealthy(port: number, patienceMs: number): Promise<boolean> {
  const ends = performance.now() + patienceMs
  for (;;) {
    // On a connection of its own, each time.
    const headers = { connection: 'close' }
    const found = await fetch(`http://127.0.0.1:${port}/health`, { headers }).catch(() => undefined)
    if (found?.ok === true) return true
    if (performance.now() > ends) return false
    await new Promise((later) => setTimeout(later, 50))
  }
}

async function ended(server: ChildProcess): Promise<void> {
  const end = once(server, 'exit')
  server.kill('SIGKILL')
  await end
}
