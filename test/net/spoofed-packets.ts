// In a network namespace of its own: datagrams as no honest client sends them, among honest ones. Prints what came of them.
import { createRequire } from 'node:module'
import { loadSyscalls } from '../../src/net/syscalls.ts'
import { query } from '../table/harness.ts'
import { UdpClient } from './clients.ts'
import { PlaneBench, WEB } from './plane-bench.ts'

const ROUNDS = 500
const AF_INET = 2
const SOCK_RAW = 3
const IPPROTO_RAW = 255
/** No way leads there from the namespace. */
const UNREACHABLE = [192, 0, 2, 1]
const HERE = [127, 0, 0, 1]

interface Libc {
  func(definition: string): (...args: unknown[]) => number
}

const syscalls = loadSyscalls()
if (typeof syscalls === 'string') throw new Error(syscalls)
const libc = (createRequire(import.meta.url)('koffi') as { load(path: null): Libc }).load(null)
const sendto = libc.func('long sendto(int, void *, size_t, int, void *, int)')
const raw = libc.func('int socket(int, int, int)')(AF_INET, SOCK_RAW, IPPROTO_RAW)
if (raw < 0) throw new Error('no raw socket')

const bench = new PlaneBench(1)
const port = await bench.open()
bench.publish(WEB)
const client = await UdpClient.open()
await client.ask(query(WEB, { id: 0 }), port)
for (let id = 1; id <= ROUNDS; id++) {
  // One that the table answers, and one that the chain answers.
  const packet = query(id % 2 === 0 ? WEB : 'n.example', { id })
  spoof(packet, HERE, 0)
  spoof(packet, UNREACHABLE, 5353)
  await client.send(packet, port)
}
const answered = await client.collected(ROUNDS + 1, 30_000)
const { received, noPort, unsent, replaced } = bench.plane.stats()
console.log(JSON.stringify({ sent: ROUNDS + 1, answered, received, noPort, unsent, replaced }))
client.close()
await bench.close()

/** An IPv4 datagram with the source that it says. */
function spoof(packet: Buffer, source: readonly number[], sourcePort: number): void {
  const ip = Buffer.from([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ...source, ...HERE])
  const udp = Buffer.alloc(8)
  udp.writeUInt16BE(sourcePort, 0)
  udp.writeUInt16BE(port, 2)
  udp.writeUInt16BE(8 + packet.length, 4)
  const whole = Buffer.concat([ip, udp, packet])
  const to = Buffer.from([AF_INET, 0, 0, 0, ...HERE, ...Buffer.alloc(8)])
  if (sendto(raw, whole, whole.length, 0, to, to.length) < 0) throw new Error('not sent')
}
