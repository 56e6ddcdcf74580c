// In a network namespace of its own: datagrams as no honest client sends them, among honest ones. Prints what came of them.
import { query } from '../table/harness.ts'
import { until } from '../until.ts'
import { UdpClient } from './clients.ts'
import { PlaneBench, WEB } from './plane-bench.ts'
import { type Address, openSpoofer } from './spoof.ts'

const ROUNDS = 500
/** No way leads there from the namespace. */
const UNREACHABLE: Address = [192, 0, 2, 1]
const HERE: Address = [127, 0, 0, 1]

const spoof = openSpoofer()
const bench = new PlaneBench(1)
const port = await bench.open()
bench.publish(WEB)
const client = await UdpClient.open()
await client.ask(query(WEB, { id: 0 }), port)
for (let id = 1; id <= ROUNDS; id++) {
  // One that the table answers, and one that the chain answers.
  const packet = query(id % 2 === 0 ? WEB : 'n.example', { id })
  spoof(packet, { from: HERE, fromPort: 0, to: HERE, toPort: port })
  spoof(packet, { from: UNREACHABLE, fromPort: 5353, to: HERE, toPort: port })
  await client.send(packet, port)
}
const answered = await client.collected(ROUNDS + 1)
// A thread counts what it has dealt with after the answers have left.
await until(() => {
  const { received, unsent } = bench.plane.stats()
  return received > 3 * ROUNDS && unsent >= ROUNDS
})
const { received, noPort, unsent, replaced } = bench.plane.stats()
console.log(JSON.stringify({ sent: ROUNDS + 1, answered, received, noPort, unsent, replaced }))
client.close()
await bench.close()
