/**
 * Fills an API server with a cluster of a given size, and measures the store over it.
 *
 *   node test/bench/load-cluster.ts fill    --server URL [--services 50000] [--endpoints 3] [--namespaces 500]
 *   node test/bench/load-cluster.ts measure --kubeconfig FILE [--relists 3]
 *   node test/bench/load-cluster.ts all     [--kapi FILE] [--services N] ...   both, over a kapi of its own
 *
 * Memory depends much on V8's young generation: compare `node --semi-space-growth-factor=1 …` and
 * `--max-semi-space-size=2` with the default.
 * With `--expose-gc` the report also has the size after a collection.
 *
 * Without kapi (on PATH, or under ~/.cache/muster) `all` says so and ends well.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openStore } from '../../src/kube/open.ts'
import { createLogger } from '../../src/log.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string' },
    kubeconfig: { type: 'string' },
    kapi: { type: 'string' },
    token: { type: 'string', default: 'labtoken' },
    services: { type: 'string', default: '50000' },
    endpoints: { type: 'string', default: '3' },
    namespaces: { type: 'string', default: '500' },
    relists: { type: 'string', default: '3' },
    parallel: { type: 'string', default: '32' },
    'no-protobuf': { type: 'boolean', default: false },
    'no-watch-list': { type: 'boolean', default: false },
  },
})

/** A Service in every tenth place is headless; every slice has pods of a StatefulSet behind it. */
export function* clusterObjects(
  services: number,
  endpoints: number,
  namespaces: number,
): Generator<{ path: string; object: object }, undefined> {
  for (let i = 0; i < namespaces; i++) {
    const metadata = { name: `team-${i}` }
    yield { path: '/api/v1/namespaces', object: { apiVersion: 'v1', kind: 'Namespace', metadata } }
  }
  for (let i = 0; i < services; i++) {
    const namespace = `team-${i % namespaces}`
    const name = `service-${i}`
    yield { path: `/api/v1/namespaces/${namespace}/services`, object: service(i, name, namespace) }
    yield {
      path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      object: slice(i, name, namespace, endpoints),
    }
  }
}

function service(i: number, name: string, namespace: string): object {
  const clusterIP = i % 10 === 0 ? 'None' : address(10, 96, i)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: { app: name, 'app.kubernetes.io/managed-by': 'Helm' } },
    spec: {
      type: 'ClusterIP',
      clusterIP,
      clusterIPs: [clusterIP],
      selector: { app: name },
      ports: [
        { name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 },
        { name: 'metrics', port: 9100, protocol: 'TCP', targetPort: 'metrics' },
      ],
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
    },
    status: { loadBalancer: {} },
  }
}

function slice(i: number, name: string, namespace: string, endpoints: number): object {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-x${i}`,
      namespace,
      labels: { 'kubernetes.io/service-name': name, app: name },
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z' },
    },
    addressType: 'IPv4',
    endpoints: Array.from({ length: endpoints }, (_, k) => ({
      addresses: [address(10, 128, i * endpoints + k)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `node-${(i * endpoints + k) % 1000}`,
      zone: `zone-${'abc'[k % 3]}`,
      targetRef: { kind: 'Pod', namespace, name: `${name}-7d9c6b5f4d-${k}abcd` },
    })),
    ports: [
      { name: 'http', port: 8080, protocol: 'TCP' },
      { name: 'metrics', port: 9100, protocol: 'TCP' },
    ],
  }
}

function address(a: number, b: number, i: number): string {
  return `${a}.${b + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
}

async function fill(server: string): Promise<void> {
  const { services, endpoints, namespaces, parallel, token } = values
  const agent = new (server.startsWith('https') ? https : http).Agent({
    keepAlive: true,
    maxSockets: Number(parallel),
    rejectUnauthorized: false,
  })
  const objects = clusterObjects(Number(services), Number(endpoints), Number(namespaces))
  const began = performance.now()
  let sent = 0
  const work = async (): Promise<void> => {
    for (let next = objects.next(); next.done !== true; next = objects.next()) {
      await post(server, agent, token, next.value.path, next.value.object)
      if (++sent % 10_000 === 0) console.error(`${sent} objects`)
    }
  }
  await Promise.all(Array.from({ length: Number(parallel) }, work))
  agent.destroy()
  console.error(`filled ${sent} objects in ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

function post(
  server: string,
  agent: http.Agent,
  token: string,
  path: string,
  object: object,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const request = (server.startsWith('https') ? https : http).request(
    server + path,
    {
      method: 'POST',
      agent,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    },
    (response) => {
      response.resume()
      const { statusCode = 0 } = response
      if (statusCode === 201 || statusCode === 409) response.on('end', resolve)
      else reject(new Error(`${path}: ${statusCode}`))
    },
  )
  request.on('error', reject)
  request.end(JSON.stringify(object))
  return promise
}

/** Opens a store as Muster does and tells of time, memory and pauses, over the first lists and some more. */
async function measure(kubeconfig: string): Promise<void> {
  const report: Record<string, unknown> = { rssBeforeMiB: rss() }
  let longestPauseMs = 0
  let last = performance.now()
  const ticker = setInterval(() => {
    const now = performance.now()
    longestPauseMs = Math.max(longestPauseMs, now - last - 2)
    last = now
  }, 2)
  let peakMiB = 0
  const watcher = setInterval(() => {
    peakMiB = Math.max(peakMiB, rss())
  }, 10)
  const log = createLogger({ write: (line) => void process.stderr.write(line) })
  const began = performance.now()
  let resyncs = 0
  const open = await openStore(
    {
      kubeconfig: { path: kubeconfig },
      endpoints: true,
      pods: false,
      multicluster: false,
      watchList: !values['no-watch-list'],
      protobuf: !values['no-protobuf'],
    },
    {
      log,
      observer: {
        latency() {},
        request() {},
        resync: () => void resyncs++,
        repaired() {},
        silence() {},
      },
    },
  )
  // Muster listens to every change, so the cost of the keys belongs to the measure.
  let keys = 0
  open.store.onChange((changed) => {
    keys += changed.length
  })
  report.importedMs = Math.round(performance.now() - began)
  report.importedMiB = rss()
  await sleep(50)
  longestPauseMs = 0
  open.start()
  while (!(await open.whenSynced(1000))) console.error(open.stats().objects)
  report.syncedMs = Math.round(performance.now() - began)
  report.longestPauseMs = Math.round(longestPauseMs)
  report.objects = open.stats().objects
  report.endpoints = open.stats().endpoints
  report.keys = keys
  report.peakFirstMiB = peakMiB
  await sleep(5_000)
  report.steadyMiB = rss()
  if (globalThis.gc) {
    globalThis.gc()
    await sleep(500)
    report.collectedMiB = rss()
    report.memory = process.memoryUsage()
    report.heapMiB = Math.round(process.memoryUsage().heapUsed / 2 ** 20)
    report.estimateMiB = Math.round(open.stats().octets / 2 ** 20)
  }
  peakMiB = 0
  longestPauseMs = 0
  for (let i = 0; i < Number(values.relists); i++) {
    const done = resyncs + 3
    open.relist()
    while (resyncs < done) await sleep(20)
    await sleep(6_000)
  }
  report.relistPeakMiB = peakMiB
  report.relistPauseMs = Math.round(longestPauseMs)
  report.afterMiB = rss()
  clearInterval(ticker)
  clearInterval(watcher)
  await open.stop()
  console.log(JSON.stringify(report, null, 2))
}

function rss(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20)
}

function findKapi(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), '.cache/muster')]
  return (
    values.kapi ?? folders.map((folder) => join(folder, 'kapi')).find((file) => existsSync(file))
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function startKapi(kapi: string, folder: string): Promise<ChildProcess> {
  const port = await freePort()
  const etcdPort = await freePort()
  const options = ['-port', String(port), '-etcd-port', String(etcdPort), '-dir', folder]
  const child = spawn(kapi, options, { stdio: 'ignore' })
  for (let i = 0; i < 300; i++) {
    await sleep(100)
    if (!existsSync(join(folder, 'kubeconfig'))) continue
    const server = serverOf(join(folder, 'kubeconfig'))
    if (await answers(server)) return child
  }
  child.kill()
  throw new Error('kapi did not come up')
}

function answers(server: string): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { Authorization: `Bearer ${values.token}` }
    const options = { headers, rejectUnauthorized: false }
    const request = https.get(`${server}/api/v1/services?limit=1`, options, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.on('error', () => resolve(false))
  })
}

function serverOf(kubeconfig: string): string {
  return /server: (\S+)/.exec(readFileSync(kubeconfig, 'utf8'))![1]!.replaceAll('"', '')
}

async function all(): Promise<void> {
  const kapi = findKapi()
  if (kapi === undefined) {
    console.log('skipped: kapi is not on PATH')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'muster-load-'))
  const child = await startKapi(kapi, folder)
  try {
    await fill(serverOf(join(folder, 'kubeconfig')))
    await measure(join(folder, 'kubeconfig'))
  } finally {
    child.kill('SIGKILL')
    await sleep(300)
    rmSync(folder, { recursive: true, force: true })
  }
}

const [mode = 'all'] = positionals
if (mode === 'fill') await fill(values.server ?? serverOf(values.kubeconfig!))
else if (mode === 'measure') await measure(values.kubeconfig!)
else await all()
