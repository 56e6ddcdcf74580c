/**
 * Muster over a real API server while that fails in every way it can: how long until it is right again, and whether it was ever wrong meanwhile. An answer is
 * wrong where it is neither what was true before nor what is true now.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Test } from 'tap'
import { NO_OBSERVER } from '../../src/kube/observer.ts'
import { openStore } from '../../src/kube/open.ts'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'
import { Relay } from '../kube/relay.ts'
import { freePort } from '../ports.ts'
import { LONGEST_MS, Watcher } from './fault-watcher.ts'
import { type Fault, LINE, until } from './faults.ts'
import { FaultyProxy } from './faulty-proxy.ts'
import { type ApiObject, binary, Kapi } from './kapi.ts'

/** Why there is nothing to test, where that is so. */
export const skip = binary('kapi') === undefined ? 'no kapi on PATH' : false

/** All at a time, each over a server and a proxy of its own. */
export async function survivesTogether(t: Test, faults: readonly Fault[]): Promise<void> {
  const kapi = await clusterFor(faults)
  t.teardown(() => kapi.stop())
  await Promise.all(faults.map((fault, i) => survives(t, kapi, fault, i)))
}

/** One after the other, as they happen to the API server itself. */
export async function survivesInTurn(t: Test, faults: readonly Fault[]): Promise<void> {
  const kapi = await clusterFor(faults)
  t.teardown(() => kapi.stop())
  for (const [i, fault] of faults.entries()) await survives(t, kapi, fault, i, true)
}

/** The watch never hears of a change, and the audit does. */
export async function auditFinds(t: Test): Promise<void> {
  const kapi = await clusterFor(LINE)
  const proxy = await FaultyProxy.start(kapi)
  const repaired: string[] = []
  const open = await openStore(
    { endpoint: proxy.url, endpoints: true, pods: false, multicluster: false },
    {
      log: createLogger({ write: () => {} }),
      observer: {
        ...NO_OBSERVER,
        repaired: (resource, count) => void repaired.push(`${resource} ${count}`),
      },
    },
  )
  t.teardown(async () => {
    await open.stop()
    await proxy.stop()
    await kapi.stop()
  })
  open.start()
  t.ok(await open.whenSynced(LONGEST_MS))
  proxy.fate = (frame) => (frame.includes('service-0-1') ? 'swallow' : 'forward')
  await kapi.put(slice('service-0', 2))
  await kapi.put(slice('service-1', 2))
  await until(() => addressIn(open.store.slices('service-1', 'faults')) === '10.0.0.2')
  t.equal(addressIn(open.store.slices('service-0', 'faults')), '10.0.0.1', 'nobody told')
  t.equal(await open.audit(), 1)
  t.equal(addressIn(open.store.slices('service-0', 'faults')), '10.0.0.2')
  t.strictSame(repaired, ['endpointslices 1'])
}

async function survives(
  t: Test,
  kapi: Kapi,
  { what, run, counted, gone }: Fault,
  number: number,
  direct = false,
): Promise<void> {
  const service = `service-${number}`
  const proxy = await FaultyProxy.start(kapi)
  const relay = new Relay()
  const through = await relay.listen(kapi.port)
  const port = await freePort()
  const api = direct ? `kubeconfig ${kubeconfigOf(t, kapi, through)}` : `endpoint ${proxy.url}`
  const { server, log } = await startServer(port, api)
  const watcher = await Watcher.start(port, service, gone === true)
  try {
    await watcher.sees('NOERROR 10.0.0.1')
    const change = (address = 2) => kapi.put(slice(service, address))
    const sees = (address: number) => watcher.sees(`NOERROR 10.0.0.${address}`)
    await run({ kapi, proxy, relay, change, sees })
    const began = performance.now()
    const healed = await watcher.sees(gone === true ? 'NXDOMAIN' : 'NOERROR 10.0.0.2')
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    const metrics = await server.metrics.expose()
    t.ok(healed, `${what}: right again after ${seconds} s`)
    t.strictSame(watcher.wrong(), [], `${what}: no wrong answer among ${watcher.asked}`)
    if (counted !== undefined) t.match(metrics, counted, `${what}: the metrics say so`)
    t.comment(`${what}: ${seconds} s, ${watcher.asked} answers, ${told(metrics)}`)
    if (!healed) t.comment(log.join(''))
  } finally {
    await watcher.stop()
    await server.stop()
    await proxy.stop()
    relay.close()
  }
}

/** The kubeconfig of the API server with another port. */
function kubeconfigOf(t: Test, kapi: Kapi, port: number): string {
  const text = readFileSync(kapi.kubeconfig, 'utf8').replaceAll(`:${kapi.port}`, `:${port}`)
  const path = join(mkdtempSync(join(tmpdir(), 'muster-faults-')), 'kubeconfig')
  t.teardown(() => rmSync(dirname(path), { recursive: true }))
  writeFileSync(path, text)
  return path
}

async function startServer(port: number, api: string): Promise<{ server: Server; log: string[] }> {
  const text = `.:${port} {\n bind 127.0.0.1\n kubernetes cluster.local {\n  ${api}\n  startup_timeout 2m\n }\n}\n`
  const log: string[] = []
  const server = new Server({
    log: createLogger({ write: (line) => void log.push(line) }),
    environment: {},
    workingDirectory: tmpdir(),
    tableMib: 1,
  })
  await server.start(() => ({ text, path: 'Corefile' }))
  return { server, log }
}

/** What was counted that has to do with trouble. */
function told(metrics: string): string {
  const lines = metrics
    .split('\n')
    .filter((line) =>
      /^muster_kubernetes_(resyncs|silent|repaired)|rest_client_requests_total\{code="(?!200)/.test(
        line,
      ),
    )
  return lines
    .filter((line) => !line.includes('first'))
    .map((line) => line.replace(/^(muster_kubernetes|coredns_kubernetes_rest_client)_/, ''))
    .map((line) => line.replace(/,?(host|method)="[^"]*"/g, ''))
    .join(' ')
}

async function clusterFor(faults: readonly Fault[]): Promise<Kapi> {
  const kapi = await Kapi.start()
  await kapi.put(namespace('faults'))
  for (const service of ['steady', ...faults.map((_, i) => `service-${i}`)]) {
    await kapi.put(headless(service))
    await kapi.put(slice(service, service === 'steady' ? 9 : 1))
  }
  return kapi
}

function namespace(named: string): ApiObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: named } }
}

function headless(service: string): ApiObject {
  const ports = [{ name: 'p', port: 80, protocol: 'TCP' }]
  const spec = { clusterIP: 'None', clusterIPs: ['None'], ports }
  const metadata = { name: service, namespace: 'faults' }
  return { apiVersion: 'v1', kind: 'Service', metadata, spec } as ApiObject
}

function slice(service: string, i: number): ApiObject {
  const address = i === 9 ? '10.9.9.9' : `10.0.0.${i}`
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      name: `${service}-1`,
      namespace: 'faults',
      labels: { 'kubernetes.io/service-name': service },
    },
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'p', port: 80, protocol: 'TCP' }],
  } as ApiObject
}

function addressIn(
  slices: readonly { endpoints: readonly { address: string }[] }[],
): string | undefined {
  return slices[0]?.endpoints[0]?.address
}
