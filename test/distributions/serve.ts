// Runs the Corefiles of this folder one after the other, in the namespaces that isolate.sh makes: serve.ts [--reference BINARY] NAME... For each a line of
// JSON: its name, and what it answers. The reference is how the recordings NAME.txt were made.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLogger } from '../../src/log.ts'
import { type Cluster, startApiServer } from '../../src/sandbox/index.ts'
import { Server } from '../../src/server.ts'
import { transcriptOf } from './asking.ts'
import { OBJECTS } from './cluster.ts'
import { DISTRIBUTIONS } from './landscape.ts'

/** Milliseconds for a server to become ready. */
const READY_MS = 60_000
const FOLDER = '/etc/coredns'
const ACCOUNT = '/run/secrets/kubernetes.io/serviceaccount'
const TOKEN = 'account-token'

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
const certificate = read('../net/fixtures/cert.pem')
const [first = '', ...rest] = process.argv.slice(2)
const reference = first === '--reference' ? rest.shift() : undefined
const names = first === '--reference' ? rest : [first, ...rest]

writeAll(ACCOUNT, { token: TOKEN, 'ca.crt': certificate, namespace: 'kube-system' })
writeAll('/etc', { 'resolv.conf': 'search example.org\nnameserver 192.0.2.53\noptions ndots:5\n' })
const cluster = await startApiServer({
  token: TOKEN,
  tls: { cert: certificate, key: read('../net/fixtures/key.pem') },
})
cluster.apply([...OBJECTS])
for (const name of names) console.log(JSON.stringify(await run(name, cluster)))
await cluster.close()

/** Runs one distribution's Corefile. */
async function run(name: string, { port }: Cluster) {
  const distribution = DISTRIBUTIONS[name]
  if (distribution === undefined) throw new Error(`no distribution ${name}`)
  rmSync(FOLDER, { recursive: true, force: true })
  writeAll(FOLDER, { ...distribution.files, Corefile: read(`${name}.Corefile`) })
  const environment = {
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(port),
  }
  const log: string[] = []
  try {
    const stop = await (reference === undefined
      ? startMuster(environment, log)
      : startReference(reference, environment, log))
    const began = performance.now()
    const transcript = await transcriptOf(distribution, READY_MS)
    const seconds = (performance.now() - began) / 1000
    await stop()
    return { name, transcript, seconds, log: log.join('') }
  } catch (error) {
    return { name, transcript: String(error), log: log.join('') }
  }
}

async function startMuster(environment: Record<string, string>, log: string[]) {
  const server = new Server({
    log: createLogger({ write: (line) => void log.push(line) }),
    environment,
    workingDirectory: '/',
    threads: 1,
  })
  const path = join(FOLDER, 'Corefile')
  await server.start(() => ({ text: readFileSync(path, 'utf8'), path }))
  return () => server.stop()
}

async function startReference(binary: string, environment: Record<string, string>, log: string[]) {
  const child: ChildProcess = spawn(binary, ['-conf', join(FOLDER, 'Corefile')], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => void log.push(String(text)))
  await sleep(2000)
  return async () => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}

function writeAll(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}
