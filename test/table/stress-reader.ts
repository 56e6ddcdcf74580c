// A reader of the stress test: asks for names at random, and looks whether each answer is one whole.
import { parentPort, workerData } from 'node:worker_threads'
import type { Shared } from '../../src/table/layout.ts'
import { Reader } from '../../src/table/reader.ts'
import { query } from './harness.ts'

interface Data {
  readonly shared: Shared
  readonly number: number
  readonly scope: number
  readonly names: number
  /** Whether to stop, and how many readers have begun. */
  readonly flags: Int32Array
}

const { shared, number, scope, names, flags } = workerData as Data
const reader = new Reader(shared, number)
const queries = Array.from({ length: names }, (_, i) => query(`name${i}.shop.svc.cluster.local`))
const packet = new Uint8Array(4096)
let answers = 0
let torn = 0
let old = 0
/** The newest generation that was seen of each name: an older one must not come back. */
const seen = new Int32Array(names)

/** Every address of a reply has the name's number and one generation. */
function check(name: number, end: number, octets: number): void {
  let generation = -1
  for (let at = end; at < octets; at += 16) {
    const high = ((packet[at + 12] as number) << 8) | (packet[at + 13] as number)
    const low = ((packet[at + 14] as number) << 8) | (packet[at + 15] as number)
    if (high !== name || (generation >= 0 && low !== generation)) torn++
    generation = low
  }
  if (generation < (seen[name] as number)) old++
  seen[name] = generation
  answers++
}

Atomics.add(flags, 1, 1)
for (let batch = 0; Atomics.load(flags, 0) === 0; batch++) {
  reader.enter()
  reader.useScope(scope)
  for (let i = 0; i < 64; i++) {
    const name = (batch * 7919 + i * 104_729) % names
    const asked = queries[name] as Buffer
    packet.set(asked)
    const octets = reader.answer(packet, 0, asked.length, packet.length, 0, 0)
    if (octets > 0) check(name, asked.length, octets)
  }
  reader.leave()
}
parentPort?.postMessage({ answers, torn, old })
