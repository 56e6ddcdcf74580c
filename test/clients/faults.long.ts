/**
 * Muster over a real API server while that fails in every way it can: how long until it is right again, and whether it was ever wrong meanwhile. An answer is
 * wrong where it is neither what was true before nor what is true now.
 *
 * What happens to the line is done by a proxy, several servers at a time; what happens to the API server itself comes after, one by one.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { openStore } from '../../src/kube/open.ts'
import { createLogger } from '../../src/log.ts'
import { Server } from '../../src/server.ts'
import { name } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'
import { freePort } from '../ports.ts'
import { FaultyProxy, refuse } from './faulty-proxy.ts'
import { type ApiObject, binary, Kapi } from './kapi.ts'

const skip = binary('kapi') === undefined ? 'no kapi on PATH' : false

/** A dead connection is noticed within 45 s, and what was missed then comes at once; the rest is for a slow machine. */
const LONGEST_MS = 60_000
const ASK_EVERY_MS = 20
const STEADY = 'steady.faults'

t.setTimeout(280_000)

/** One fault, and one name of its own whose only address changes. */
interface Fault {
  readonly what: string
  /** Does what is to be done, the change with it; ends when the new address is true and can be known. */
  run(scene: Scene): Promise<void>
  /** What the metrics must have counted. */
  readonly counted?: RegExp
  /** The name is gone after it, rather than somewhere else. */
  readonly gone?: true
}

interface Scene {
  readonly kapi: Kapi
  readonly proxy: FaultyProxy
  /** Moves the name to its second address, or another one. */
  change(address?: number): Promise<void>
  /** Waits until that address is answered. */
  sees(address: number): Promise<boolean>
}

const LINE: readonly Fault[] = [
  {
    what: 'a watch that falls silent, as old as its list',
    run: (scene) => blackHole(scene),
  },
  {
    what: 'a watch that falls silent after it was resumed',
    async run(scene) {
      scene.proxy.dropWatches()
      await sleep(5000)
      await blackHole(scene)
    },
    counted: /silent_connections_total\{resource="endpointslices"\} [1-9]/,
  },
  {
    what: 'an event cut in its middle',
    async run({ proxy, change }) {
      let cut = false
      proxy.fate = (frame) => {
        if (cut || !frame.includes('line-2-1')) return 'forward'
        cut = true
        return 'cut'
      }
      await change()
    },
  },
  {
    what: '410 to every watch that is resumed',
    async run({ proxy, change }) {
      proxy.instead = (request, response) =>
        (request.url ?? '').includes('watch=true') &&
        !(request.url ?? '').includes('sendInitialEvents') &&
        refuse(response, 410, 'Expired')
      proxy.dropWatches()
      await change()
    },
    counted: /resyncs_total\{resource="endpointslices",reason="expired"\} [1-9]/,
  },
  {
    what: '429 with Retry-After for five seconds',
    async run({ proxy, change }) {
      proxy.instead = (_request, response) =>
        refuse(response, 429, 'TooManyRequests', { 'retry-after': '1' })
      proxy.dropWatches()
      await change()
      await sleep(5000)
      proxy.instead = () => false
    },
    counted: /requests_total\{code="429",[^}]*\} [1-9]/,
  },
  {
    what: '500 for five seconds',
    async run({ proxy, change }) {
      proxy.instead = (_request, response) => refuse(response, 500, 'InternalError')
      proxy.dropWatches()
      await change()
      await sleep(5000)
      proxy.instead = () => false
    },
    counted: /requests_total\{code="500",[^}]*\} [1-9]/,
  },
  {
    what: 'a list that stalls',
    async run({ proxy, change }) {
      let refused = 0
      proxy.listOctets = 200
      proxy.instead = (request, response) => {
        const resumed = /endpointslices.*watch=true/.test(request.url ?? '')
        if (!resumed || (request.url ?? '').includes('sendInitialEvents') || refused++ > 0)
          return false
        return refuse(response, 410, 'Expired')
      }
      proxy.dropWatches()
      await change()
      await sleep(8000)
      proxy.listOctets = Number.POSITIVE_INFINITY
    },
    counted: /resyncs_total\{resource="endpointslices",reason="expired"\} [1-9]/,
  },
]

const SERVER: readonly Fault[] = [
  {
    what: 'an API server that is away for 15 seconds',
    async run({ kapi, change }) {
      await kapi.kill()
      await sleep(15_000)
      await kapi.run()
      await change()
    },
    counted: /requests_total\{code="<error>",[^}]*\} [1-9]/,
  },
  {
    what: 'kill -9 and a start over its data',
    async run({ kapi, change }) {
      await change()
      await kapi.kill()
      await kapi.run()
    },
  },
  {
    what: 'data restored from a backup, with older versions',
    async run({ kapi, change, sees }) {
      await change()
      await kapi.backUp()
      await change(3)
      await sees(3)
      await kapi.restore()
    },
    counted: /resyncs_total\{resource="endpointslices",reason="(rewound|expired)"\} [1-9]/,
  },
  {
    what: 'a start over emptied data',
    run: ({ kapi }) => kapi.empty(),
    gone: true,
    counted: /resyncs_total\{resource="[a-z]+",reason="(rewound|expired)"\} [1-9]/,
  },
]

/** Nothing comes through the watches of now, and the change with it is lost; new ones are sound. */
async function blackHole({ proxy, change }: Scene): Promise<void> {
  proxy.fate = () => 'hole'
  await change()
  await sleep(1000)
  proxy.fate = undefined
}

t.test('faults of the line are survived without a wrong answer', { skip }, async (t) => {
  const kapi = await clusterFor(LINE)
  t.teardown(() => kapi.stop())
  await Promise.all(LINE.map((fault, i) => survives(t, kapi, fault, `line-${i}`)))
})

t.test('an event that is swallowed is found by the audit', { skip }, async (t) => {
  const kapi = await clusterFor(LINE)
  const proxy = await FaultyProxy.start(kapi)
  const repaired: string[] = []
  const open = await openStore(
    { endpoint: proxy.url, endpoints: true, pods: false, multicluster: false },
    {
      log: createLogger({ write: () => {} }),
      observer: {
        latency() {},
        request() {},
        resync() {},
        silence() {},
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
  proxy.fate = (frame) => (frame.includes('line-0-1') ? 'swallow' : 'forward')
  await kapi.put(slice('line-0', 2))
  await kapi.put(slice('line-1', 2))
  await until(() => addressIn(open.store.slices('line-1', 'faults')) === '10.0.0.2')
  t.equal(addressIn(open.store.slices('line-0', 'faults')), '10.0.0.1', 'nobody told')
  t.equal(await open.audit(), 1)
  t.equal(addressIn(open.store.slices('line-0', 'faults')), '10.0.0.2')
  t.strictSame(repaired, ['endpointslices 1'])
})

t.test('faults of the server are survived without a wrong answer', { skip }, async (t) => {
  const kapi = await clusterFor(SERVER, 'server')
  t.teardown(() => kapi.stop())
  for (const [i, fault] of SERVER.entries()) await survives(t, kapi, fault, `server-${i}`)
})

async function survives(
  t: {
    ok(so: boolean, what: string): void
    match(a: string, b: RegExp, what: string): void
    strictSame(a: unknown, b: unknown, what: string): void
    comment(text: string): void
  },
  kapi: Kapi,
  { what, run, counted, gone }: Fault,
  service: string,
): Promise<void> {
  const proxy = await FaultyProxy.start(kapi)
  const port = await freePort()
  const { server, log } = await startServer(port, proxy.url)
  const watcher = await Watcher.start(port, service, gone === true)
  try {
    await watcher.sees('NOERROR 10.0.0.1')
    const change = (address = 2) => kapi.put(slice(service, address))
    const sees = (address: number) => watcher.sees(`NOERROR 10.0.0.${address}`)
    await run({ kapi, proxy, change, sees })
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
  }
}

async function startServer(port: number, url: string): Promise<{ server: Server; log: string[] }> {
  const text = `.:${port} {\n bind 127.0.0.1\n kubernetes cluster.local {\n  endpoint ${url}\n  startup_timeout 30s\n }\n}\n`
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
    .filter((line) => /^muster_kubernetes_(resyncs|silent|repaired)/.test(line))
  return lines
    .filter((line) => !line.includes('first'))
    .map((line) => line.replace('muster_kubernetes_', ''))
    .join(' ')
}

/** Asks for a name that never changes and for one that does, over and over. */
class Watcher {
  asked = 0
  private readonly port: number
  private readonly service: string
  private readonly allGoes: boolean
  private readonly socket: Socket
  private readonly seen = new Map<string, number>()
  private readonly waiting = new Map<number, (answer: string) => void>()
  private last = ''
  private id = 0
  private stopped = false
  private running: Promise<void> = Promise.resolve()

  private constructor(port: number, service: string, allGoes: boolean, socket: Socket) {
    this.port = port
    this.service = service
    this.allGoes = allGoes
    this.socket = socket
    socket.on('message', (message) => this.waiting.get(message.readUInt16BE(0))?.(textOf(message)))
  }

  static async start(port: number, service: string, allGoes: boolean): Promise<Watcher> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const watcher = new Watcher(port, service, allGoes, socket)
    watcher.running = watcher.run()
    return watcher
  }

  /** Whether the changing name comes to be answered so before it is too late. */
  async sees(answer: string): Promise<boolean> {
    for (
      const end = performance.now() + LONGEST_MS;
      performance.now() < end;
      await sleep(ASK_EVERY_MS)
    ) {
      if (this.last === answer) return true
    }
    return false
  }

  /** Answers that were never true, with how often they came. */
  wrong(): string[] {
    const right = new Set([
      `${STEADY} NOERROR 10.9.9.9`,
      `${this.service}.faults NOERROR 10.0.0.1`,
      `${this.service}.faults NOERROR 10.0.0.2`,
      // Only where the test moved it there.
      `${this.service}.faults NOERROR 10.0.0.3`,
    ])
    // With the Service its last endpoint goes, and the other way round: a Service without endpoints is NODATA.
    if (this.allGoes)
      for (const one of [STEADY, `${this.service}.faults`])
        right.add(`${one} NXDOMAIN`).add(`${one} NOERROR`)
    return [...this.seen]
      .filter(([answer]) => !right.has(answer))
      .map(([answer, times]) => `${answer}: ${times}`)
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.running
    this.socket.close()
  }

  private async run(): Promise<void> {
    for (; !this.stopped; await sleep(ASK_EVERY_MS)) {
      this.note(STEADY, await this.ask(STEADY))
      this.last = this.note(`${this.service}.faults`, await this.ask(`${this.service}.faults`))
    }
  }

  private note(asked: string, answer: string): string {
    this.asked++
    const line = `${asked} ${answer}`
    this.seen.set(line, (this.seen.get(line) ?? 0) + 1)
    return answer
  }

  private async ask(relative: string): Promise<string> {
    const [service, namespace] = relative.split('.')
    const id = ++this.id & 0xffff
    const question = {
      qname: name(`${service}.${namespace}.svc.cluster.local`),
      qtype: 1,
      qclass: 1,
    }
    const none = { answer: [], authority: [], additional: [], opt: undefined }
    const packet = new Writer().write({ id, flags: 0x0100, question, ...none }, 512)
    const answered = new Promise<string>((resolve) => this.waiting.set(id, resolve))
    this.socket.send(packet, this.port, '127.0.0.1')
    const answer = await Promise.race([answered, sleep(5000, 'no answer', { ref: false })])
    this.waiting.delete(id)
    return answer
  }
}

const RCODES: Record<number, string> = { 0: 'NOERROR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 5: 'REFUSED' }

function textOf(message: Buffer): string {
  const rcode = RCODES[message.readUInt16BE(2) & 15] ?? 'another rcode'
  const addresses = readMessage(message).answer.map(({ rdata }) =>
    [...Buffer.from(rdata, 'latin1')].join('.'),
  )
  return [rcode, ...addresses].join(' ')
}

async function clusterFor(faults: readonly Fault[], prefix = 'line'): Promise<Kapi> {
  const kapi = await Kapi.start()
  await kapi.put(namespace('faults'))
  for (const service of ['steady', ...faults.map((_, i) => `${prefix}-${i}`)]) {
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

async function until(so: () => boolean): Promise<void> {
  for (const end = performance.now() + LONGEST_MS; !so(); await sleep(ASK_EVERY_MS)) {
    if (performance.now() > end) throw new Error('it never came to that')
  }
}
