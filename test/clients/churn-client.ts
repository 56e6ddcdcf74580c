/**
 * A client in a process of its own that asks for the names of Pods and watches their EndpointSlices beside: `churn-client.ts DNS-PORT
 * API-URL RATE SERVER-PID`. It tells its parent what did not agree with what its own watch had said at that moment; the parent, which knows
 * when each change was committed, judges.
 */
import { createSocket } from 'node:dgram'
import { existsSync, readFileSync } from 'node:fs'
import { decode, encode } from 'dns-packet'

/** A moment on the clock that all processes of a machine share, in milliseconds. */
export const now = () => Number(process.hrtime.bigint()) / 1e6

/** An address that was in an answer and not in the watch's view when it came (`extra`), or the other way round (`missing`). */
export interface Disagreement {
  readonly kind: 'extra' | 'missing'
  readonly name: string
  readonly address: string
  readonly sent: number
  readonly received: number
}

export interface Report {
  readonly asked: number
  readonly answered: number
  /** Answers that were refusals or failures, as text. */
  readonly failed: readonly string[]
  readonly disagreements: readonly Disagreement[]
  /** When this client's watch said that an address left: `name address`. */
  readonly left: Readonly<Record<string, number>>
  /** When this process itself did not run for longer than it may. */
  readonly stalls: readonly (readonly [from: number, to: number])[]
  /** The milliseconds that the server's thread had waited for a processor until a moment. */
  readonly waits: readonly (readonly [at: number, waitedMs: number])[]
}

const [port, url, rate] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])]
const schedstat = `/proc/${process.argv[5]}/task/${process.argv[5]}/schedstat`
const counts = existsSync(schedstat)
const ZONE = 'default.svc.cluster.local'
const STALL_MS = 3
const SOCKETS = 4
/** So many questions wait for their answers at most: more would be lost in sockets while one of the processes does not run. */
const MAX_WAITING = 100
const LOST_MS = 20_000
const [NOERROR, NXDOMAIN] = [0, 3]

const view = new Map<string, Set<string>>()
const left: Record<string, number> = {}
const slices = new Map<string, Map<string, string>>()

/** What one slice says: `name address` for every name that an endpoint which is ready has. */
function stated(slice: {
  metadata: { name: string; labels: Record<string, string> }
  endpoints: { addresses: string[]; hostname?: string; conditions: { ready: boolean } }[]
}): Map<string, string> {
  const service = slice.metadata.labels['kubernetes.io/service-name'] ?? ''
  const pairs = new Map<string, string>()
  for (const { addresses, hostname, conditions } of slice.endpoints) {
    if (!conditions.ready) continue
    for (const name of [`${service}.${ZONE}`, `${hostname}.${service}.${ZONE}`]) {
      pairs.set(`${name} ${addresses[0]}`, name)
    }
  }
  return pairs
}

function take(name: string, pairs: Map<string, string>): void {
  const before = slices.get(name) ?? new Map()
  slices.set(name, pairs)
  const at = now()
  for (const [pair, owner] of before) {
    if (pairs.has(pair)) continue
    view.get(owner)?.delete(pair.slice(owner.length + 1))
    left[pair] = at
  }
  for (const [pair, owner] of pairs) {
    const addresses = view.get(owner) ?? new Set()
    view.set(owner, addresses.add(pair.slice(owner.length + 1)))
  }
}

async function watch(): Promise<void> {
  const response = await fetch(`${url}/apis/discovery.k8s.io/v1/endpointslices?watch=1`)
  let rest = ''
  const decoder = new TextDecoder()
  for await (const part of response.body ?? []) {
    rest += decoder.decode(part, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { type, object } = JSON.parse(line)
      take(object.metadata.name, type === 'DELETED' ? new Map() : stated(object))
    }
  }
}

const waiting = new Map<number, { name: string; sent: number }>()
const disagreements: Disagreement[] = []
const failed: string[] = []
const stalls: [number, number][] = []
const waits: [number, number][] = []
let asked = 0
let answered = 0

function judge(message: Buffer): void {
  const received = now()
  const question = waiting.get(message.readUInt16BE(0))
  if (question === undefined) return
  waiting.delete(message.readUInt16BE(0))
  answered++
  const { name, sent } = question
  const rcode = message.readUInt16BE(2) & 0xf
  if (rcode !== NOERROR && rcode !== NXDOMAIN) {
    failed.push(`${name}: rcode ${rcode}`)
    return
  }
  const given = new Set(
    (decode(message).answers ?? []).flatMap((one) => (one.type === 'A' ? [one.data] : [])),
  )
  const expected = view.get(name) ?? new Set<string>()
  const tell = (kind: Disagreement['kind'], address: string) =>
    disagreements.push({ kind, name, address, sent, received })
  for (const address of given) if (!expected.has(address)) tell('extra', address)
  for (const address of expected) if (!given.has(address)) tell('missing', address)
}

const sockets = Array.from({ length: SOCKETS }, () => createSocket('udp4').on('message', judge))

function send(): void {
  const names = [...view.keys()]
  const name = names[Math.floor(Math.random() * names.length)]
  if (name === undefined) return
  const id = asked++ & 0xffff
  waiting.set(id, { name, sent: now() })
  const packet = encode({ type: 'query', id, flags: 256, questions: [{ type: 'A', name }] })
  sockets[id % SOCKETS]?.send(packet, port, '127.0.0.1')
}

function forgetLost(at: number): void {
  for (const [id, { name, sent }] of waiting) {
    if (at - sent < LOST_MS) continue
    waiting.delete(id)
    failed.push(`${name}: no answer`)
  }
}

/** How long the server's thread that reads the watch has been ready to run and did not (proc's schedstat, which not every kernel has). */
function sampleServer(at: number): void {
  if (!counts || at - (waits.at(-1)?.[0] ?? 0) < 2) return
  const text = readFileSync(schedstat, 'latin1')
  waits.push([at, Number(text.split(' ')[1]) / 1e6])
}

let started = 0
let last = 0
let timer: NodeJS.Timeout

function tick(): void {
  const at = now()
  if (at - last > STALL_MS) stalls.push([last, at])
  last = at
  const due = Math.floor(((at - started) * rate) / 1000 - asked)
  for (let count = 0; count < due && waiting.size < MAX_WAITING; count++) send()
  if (waiting.size >= MAX_WAITING) forgetLost(at)
  sampleServer(at)
  timer = setTimeout(tick, 1)
}

process.on('message', (said: string) => {
  if (said === 'ask') {
    started = now()
    last = started
    tick()
    return
  }
  clearTimeout(timer)
  void finish(now() + LOST_MS)
})

/** Reports, once all has been answered or it is too late for that. */
async function finish(latest: number): Promise<void> {
  while (waiting.size > 0 && now() < latest) await new Promise((later) => setTimeout(later, 20))
  for (const { name } of waiting.values()) failed.push(`${name}: no answer`)
  const report: Report = { asked, answered, failed, disagreements, left, stalls, waits }
  process.send?.(report, () => process.exit())
}

void watch()
process.send?.('ready')
