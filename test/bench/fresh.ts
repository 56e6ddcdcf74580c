/**
 * How long a change takes to be answered: from the API's acknowledgement of a write to the first answer that shows it, over a real API server.
 *
 *   node test/bench/fresh.ts [--changes 300] [--load]
 *
 * Side by side in one run: Muster, CoreDNS where `coredns` is on PATH, and a bare watch of the same resource, which is what no server can beat.
 * With `--load` each server meanwhile answers 10,000 queries a second (of dnsperf, on PATH) and the API takes 100 changes a second of other slices.
 * For each: an EndpointSlice whose address changes, and a name that was asked for, and denied, before its Service and slice existed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { name } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'
import { binary, Kapi } from '../clients/kapi.ts'
import { freePort } from '../ports.ts'

const { values } = parseArgs({
  options: {
    changes: { type: 'string', default: '300' },
    load: { type: 'boolean', default: false },
  },
})
const changes = Number(values.changes)
/** Under load. */
const QUERIES_A_SECOND = 10_000
const CHANGES_A_SECOND = 100
const BUSY_SERVICES = 200
/** Milliseconds after which a change counts as never seen. */
const GIVE_UP_MS = 10_000

if (binary('kapi') === undefined) {
  console.log('skipped: no kapi on PATH')
  process.exit(0)
}

const writer = new Writer()
const directory = mkdtempSync(join(tmpdir(), 'muster-fresh-'))
const kapi = await Kapi.start()
const children: ChildProcess[] = []
try {
  await kapi.put(object('v1', 'Namespace', 'fresh'))
  await kapi.put(headless('moving'))
  await kapi.put(slice('moving', 0))
  if (values.load) {
    for (let i = 0; i < BUSY_SERVICES; i++) await kapi.put(headless(`busy-${i}`))
    for (let i = 0; i < BUSY_SERVICES; i++) await kapi.put(slice(`busy-${i}`, i))
  }
  console.log(
    `${changes} changes; milliseconds from the acknowledgement of a write to the first answer that shows it\n`,
  )
  console.log('| who | change | p50 | p90 | p99 | most |\n| --- | --- | --- | --- | --- | --- |')
  await measureWatch()
  for (const [who, start] of await servers()) {
    const port = await start()
    const load = values.load ? loadOn(port) : undefined
    await measureMoves(who, port)
    await measureBirths(who, port)
    if (values.load) await measureWatch(`a bare watch beside ${who}`)
    await load?.stop()
  }
} finally {
  for (const child of children) child.kill('SIGKILL')
  await kapi.stop()
  rmSync(directory, { recursive: true, force: true })
}

async function servers(): Promise<[string, () => Promise<number>][]> {
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
  const run = async (command: string, ...args: string[]) => {
    const port = await freePort()
    const corefile = join(directory, `Corefile.${port}`)
    writeFileSync(
      corefile,
      `.:${port} {\n bind 127.0.0.1\n errors\n kubernetes cluster.local {\n  kubeconfig ${kapi.kubeconfig}\n  ttl 30\n }\n cache 30 {\n  disable success cluster.local\n  disable denial cluster.local\n }\n}\n`,
    )
    children.push(spawn(command, [...args, '-conf', corefile], { stdio: 'ignore' }))
    await until(port, 'moving', (address) => address !== undefined)
    return port
  }
  const list: [string, () => Promise<number>][] = [
    ['Muster', () => run(process.execPath, main, '-threads', '1')],
  ]
  const coredns = binary('coredns')
  if (coredns === undefined) console.log('CoreDNS: skipped, no coredns on PATH')
  else list.push(['CoreDNS', () => run(coredns)])
  return list
}

/** Queries for the names that change, and changes of them, until it is stopped. */
function loadOn(port: number): { stop(): Promise<void> } {
  const queries = join(directory, 'queries')
  const names = Array.from(
    { length: BUSY_SERVICES },
    (_, i) => `busy-${i}.fresh.svc.cluster.local A`,
  )
  writeFileSync(queries, `${names.join('\n')}\n`)
  const options = `-s 127.0.0.1 -p ${port} -d ${queries} -l 3600 -c 4 -Q ${QUERIES_A_SECOND}`
  const dnsperf = spawn('dnsperf', options.split(' '), { stdio: ['ignore', 'pipe', 'ignore'] })
  children.push(dnsperf)
  dnsperf.on('error', () => console.log('no dnsperf on PATH: changes, but no queries'))
  let printed = ''
  dnsperf.stdout.on('data', (text: Buffer) => {
    printed += text.toString()
  })
  let [count, failed] = [0, 0]
  const began = performance.now()
  const timer = setInterval(() => {
    // As many as are due by now: a timer that is late has to catch up.
    while (count < ((performance.now() - began) * CHANGES_A_SECOND) / 1000) {
      count++
      kapi.put(slice(`busy-${count % BUSY_SERVICES}`, count)).catch(() => failed++)
    }
  }, 1000 / CHANGES_A_SECOND)
  return {
    async stop() {
      clearInterval(timer)
      const seconds = (performance.now() - began) / 1000
      const ended = once(dnsperf, 'close')
      if (dnsperf.kill('SIGINT')) await ended
      const told = (what: string) => new RegExp(`${what}:\\s+([\\d.]+)`).exec(printed)?.[1] ?? '?'
      console.log(
        `|  | meanwhile | ${told('Queries per second')} queries/s, ${told('Queries lost')} lost, ${(count / seconds).toFixed(0)} changes/s, ${failed} failed | | | |`,
      )
    },
  }
}

async function measureMoves(who: string, port: number): Promise<void> {
  const took: number[] = []
  for (let i = 1; i <= changes; i++) {
    const address = addressOf(i)
    took.push(
      await after(
        () => kapi.put(slice('moving', i)),
        () => until(port, 'moving', (a) => a === address),
      ),
    )
  }
  report(who, 'an address moves', took)
}

async function measureBirths(who: string, port: number): Promise<void> {
  const took: number[] = []
  for (let i = 1; i <= Math.ceil(changes / 3); i++) {
    const service = `born-${who.toLowerCase()}-${i}`
    await until(port, service, (address) => address === undefined)
    await kapi.put(headless(service))
    took.push(
      await after(
        () => kapi.put(slice(service, i)),
        () => until(port, service, (a) => a === addressOf(i)),
      ),
    )
  }
  report(who, 'a denied name comes to be', took)
}

/** A watch with nothing behind it: when the event's octets arrive. */
async function measureWatch(who = 'a bare watch'): Promise<void> {
  const path = '/apis/discovery.k8s.io/v1/namespaces/fresh/endpointslices?watch=true'
  const headers = { authorization: 'Bearer labtoken' }
  const request = get({
    host: '127.0.0.1',
    port: kapi.port,
    path,
    headers,
    rejectUnauthorized: false,
  })
  const [response] = await once(request, 'response')
  let seen = ''
  let told = () => {}
  response.on('data', (text: Buffer) => {
    seen += text.toString()
    told()
  })
  const took: number[] = []
  for (let i = 1; i <= changes; i++) {
    const address = `"${addressOf(i)}"`
    seen = ''
    const arrived = new Promise<void>((resolve) => {
      told = () => seen.includes(address) && resolve()
    })
    took.push(
      await after(
        () => kapi.put(slice('moving', i)),
        () => arrived,
      ),
    )
  }
  request.destroy()
  report(who, 'an address moves', took)
}

/** Milliseconds from the end of `write` to the end of `shows`, which runs meanwhile; 0 where it was first. */
async function after(write: () => Promise<void>, shows: () => Promise<void>): Promise<number> {
  const shown = shows().then(() => performance.now())
  await write()
  const acknowledged = performance.now()
  return Math.max(0, (await shown) - acknowledged)
}

/** Asks again and again until the first address of the name satisfies. */
async function until(
  port: number,
  service: string,
  satisfied: (address: string | undefined) => boolean,
): Promise<void> {
  const question = { qname: name(`${service}.fresh.svc.cluster.local`), qtype: 1, qclass: 1 }
  const none = { answer: [], authority: [], additional: [], opt: undefined }
  const packet = Buffer.from(writer.write({ id: 1, flags: 0x0100, question, ...none }, 512))
  const socket = createSocket('udp4')
  socket.on('error', () => {})
  try {
    for (const end = performance.now() + GIVE_UP_MS; performance.now() < end; ) {
      socket.send(packet, port, '127.0.0.1')
      const answer = await Promise.race([
        once(socket, 'message').then(([message]) => message as Buffer),
        new Promise<undefined>((resolve) => setTimeout(resolve, 200, undefined)),
      ])
      if (answer === undefined) continue
      const rcode = answer.readUInt16BE(2) & 15
      const [first] = readMessage(answer).answer
      const address = first && Buffer.from(first.rdata, 'latin1').join('.')
      if ((rcode === 0 || rcode === 3) && satisfied(address)) return
    }
    throw new Error(`${service} was not answered in time`)
  } finally {
    socket.close()
  }
}

function report(who: string, what: string, took: number[]): void {
  const sorted = [...took].sort((a, b) => a - b)
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(2)
  console.log(`| ${who} | ${what} | ${at(0.5)} | ${at(0.9)} | ${at(0.99)} | ${at(1)} |`)
}

function addressOf(i: number): string {
  return `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`
}

function object(apiVersion: string, kind: string, named: string, rest: object = {}) {
  return { apiVersion, kind, metadata: { name: named, namespace: 'fresh' }, ...rest }
}

function headless(service: string) {
  const spec = {
    clusterIP: 'None',
    clusterIPs: ['None'],
    ports: [{ name: 'p', port: 80, protocol: 'TCP' }],
  }
  return object('v1', 'Service', service, { spec })
}

function slice(service: string, i: number) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      name: service,
      namespace: 'fresh',
      labels: { 'kubernetes.io/service-name': service },
    },
    endpoints: [{ addresses: [addressOf(i)], conditions: { ready: true } }],
    ports: [{ name: 'p', port: 80, protocol: 'TCP' }],
  }
}
