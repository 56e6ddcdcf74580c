import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { PING_EVERY_MS, PING_TIMEOUT_MS } from '../../src/kube/http2.ts'
import { NO_OBSERVER } from '../../src/kube/observer.ts'
import { type OpenStore, openStore } from '../../src/kube/open.ts'
import { FakeApi } from './fake-api.ts'
import { HandClock } from './hand-clock.ts'
import { namespace, service } from './objects.ts'
import { Relay } from './relay.ts'
import { keptLog, until } from './scene.ts'

const fixture = (path: string) => new URL(`../${path}`, import.meta.url).pathname
const CERT = fixture('net/fixtures/cert.pem')
const KEY = fixture('net/fixtures/key.pem')
const client = (name: string) => ({
  cert: readFileSync(fixture(`plugin/tls/fixtures/${name}.crt`)),
  key: readFileSync(fixture(`plugin/tls/fixtures/${name}.key`)),
})

interface Scene {
  readonly api: FakeApi
  readonly open: OpenStore
  readonly clock: HandClock
  readonly told: string[]
  readonly lines: readonly string[]
  /** Whose connection was given up. */
  readonly silent: string[]
  /** Files of the client's certificate and its key. */
  readonly cert: string
  readonly key: string
}

/** A store over an API server with TLS, by the way of `through` where there is something in between. */
async function scene(
  t: Test,
  { http2 = true, through }: { http2?: boolean; through?: (port: number) => Promise<number> } = {},
): Promise<Scene> {
  const api = new FakeApi({ key: readFileSync(KEY), cert: readFileSync(CERT), http2 })
  api.put('namespaces', namespace('shop'))
  api.put('services', service('db', 'shop'))
  await api.listen()
  const port = (await through?.(api.port)) ?? api.port
  const folder = t.testdir()
  const [cert, key] = [join(folder, 'cert'), join(folder, 'key')]
  writeFileSync(cert, client('one').cert)
  writeFileSync(key, client('one').key)
  const clock = new HandClock()
  const log = keptLog()
  const told: string[] = []
  const silent: string[] = []
  const open = await openStore(
    {
      endpoint: `https://127.0.0.1:${port}`,
      tls: { cert, key, ca: CERT },
      endpoints: true,
      pods: false,
      multicluster: false,
    },
    {
      log,
      clock,
      observer: {
        ...NO_OBSERVER,
        resync: (resource, reason) => void told.push(`${resource} ${reason}`),
        silence: (resource) => void silent.push(resource),
      },
    },
  )
  t.teardown(async () => {
    await open.stop()
    await api.close()
  })
  open.start()
  await until(() => open.store.synced)
  return { api, open, clock, told, lines: log.lines, silent, cert, key }
}

const follows = async ({ api, open, clock }: Scene, name: string, advanceMs = 0) => {
  api.put('services', service(name, 'shop'))
  await until(() => open.store.service(name, 'shop') !== undefined, clock, advanceMs)
}

const resyncs = ({ told }: Scene) => told.filter((what) => !what.endsWith('first'))

t.test('all watches and lists share one connection', async (t) => {
  const sc = await scene(t)
  const { api, open, clock } = sc
  await follows(sc, 'one')
  let repaired: number | undefined
  void open.audit().then((count) => {
    repaired = count
  })
  // A ping has its time-out in turns of the event loop, and the kernel may be slow.
  await until(() => repaired !== undefined, clock, 50)
  t.equal(repaired, 0)
  api.endWatches()
  await follows(sc, 'two')
  t.equal(api.connections.length, 1)
  t.equal(api.connections[0]?.protocol, 'h2')
  t.same(resyncs(sc), [])
})

t.test('a server that speaks HTTP/1.1 only is asked over that', async (t) => {
  const sc = await scene(t, { http2: false })
  await follows(sc, 'one')
  t.ok(sc.api.connections.length >= 3)
})

t.test('a watch that is reset goes on from the last version, and the others with it', async (t) => {
  const sc = await scene(t)
  await follows(sc, 'one')
  sc.api.dropWatches()
  await follows(sc, 'two', 20)
  for (const session of sc.api.sessions) session.destroy()
  await follows(sc, 'three', 20)
  t.equal(sc.api.connections.length, 2)
  t.same(resyncs(sc), [])
})

t.test(
  'a server that wants its connections closed keeps its watches until they end, and gets what comes next on a new one',
  async (t) => {
    const sc = await scene(t)
    const { api } = sc
    for (const session of api.sessions) session.goaway()
    await follows(sc, 'one')
    t.equal(api.connections.length, 1)
    api.endWatches()
    await follows(sc, 'two', 20)
    t.equal(api.connections.length, 2)
    t.same(resyncs(sc), [])
  },
)

t.test('a connection that is dead without a word is given up by a ping', async (t) => {
  const relay = new Relay()
  t.teardown(() => relay.close())
  const sc = await scene(t, { through: (port) => relay.listen(port) })
  const { api, clock, open } = sc
  relay.freeze()
  api.put('services', service('hidden', 'shop'))
  const began = clock.monotonic()
  await until(() => sc.silent.includes('services'), clock, 100)
  const took = clock.monotonic() - began
  t.ok(sc.silent.includes('services'))
  // Some turns in which the clock runs on.
  t.ok(took <= PING_EVERY_MS + PING_TIMEOUT_MS + 2_000, `${took} ms`)
  await until(() => open.store.service('hidden', 'shop') !== undefined, clock, 20)
  t.same(resyncs(sc), [])
})

t.test('a renewed certificate is used by what comes next, on a new connection', async (t) => {
  const sc = await scene(t)
  const { api, cert, key } = sc
  const other = client('other')
  writeFileSync(cert, other.cert)
  writeFileSync(key, other.key)
  await follows(sc, 'one')
  t.equal(api.connections.length, 1, 'the watches of before go on')
  api.endWatches()
  await follows(sc, 'two', 20)
  t.same(
    api.connections.map(({ subject }) => subject),
    ['one.test', 'other.test'],
  )
  t.same(resyncs(sc), [])
})

t.test('certificates that are half written are told of, and read again', async (t) => {
  const sc = await scene(t)
  const { api, cert, key, clock, open, lines } = sc
  const other = client('other')
  writeFileSync(cert, other.cert.subarray(0, 20))
  writeFileSync(key, other.key.subarray(0, 20))
  api.dropWatches()
  for (const session of api.sessions) session.destroy()
  await until(() => /certificates that cannot be used/.test(lines.join('\n')), clock, 20)
  t.ok(open.store.service('db', 'shop'), 'answers stay as they are')
  writeFileSync(cert, other.cert)
  writeFileSync(key, other.key)
  await follows(sc, 'mended', 20)
})

t.test('a kubeconfig that names another token or another server is followed', async (t) => {
  const first = new FakeApi()
  const second = new FakeApi()
  for (const api of [first, second]) {
    api.put('namespaces', namespace('shop'))
    api.put('services', service('db', 'shop'))
    await api.listen()
  }
  let token = 'old'
  const kubeconfig = join(t.testdir(), 'config')
  const write = (port: number, token: string) =>
    writeFileSync(
      kubeconfig,
      `apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}"}}]\nusers: [{name: u, user: {token: ${token}}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n`,
    )
  for (const api of [first, second]) {
    api.fault = (request, response) => {
      if (request.headers.authorization === `Bearer ${token}`) return false
      response.writeHead(401).end()
      return true
    }
  }
  write(first.port, token)
  const clock = new HandClock()
  const log = keptLog()
  const { lines } = log
  const open = await openStore(
    { kubeconfig: { path: kubeconfig }, endpoints: true, pods: false, multicluster: false },
    { log, clock },
  )
  t.teardown(async () => {
    await open.stop()
    await second.close()
  })
  open.start()
  await until(() => open.store.synced)
  token = 'new'
  write(first.port, token)
  first.dropWatches()
  // The same cluster at another address has the same objects and versions.
  for (const api of [first, second]) api.put('services', service('after-token', 'shop'))
  await until(() => open.store.service('after-token', 'shop') !== undefined, clock, 20)
  first.dropWatches()
  writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replace('http://127.0.0.1', 'nowhere'))
  token = 'newer'
  await until(
    () => /"nowhere:\d+" is no address of an API server/.test(lines.join('\n')),
    clock,
    20,
  )
  write(second.port, token)
  await first.close()
  second.put('services', service('after-move', 'shop'))
  await until(() => open.store.service('after-move', 'shop') !== undefined, clock, 20)
  t.ok(open.store.service('db', 'shop'))
})
