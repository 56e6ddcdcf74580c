// In a network namespace of its own, with an interface behind which nobody is: queries from neighbours that are gone, to data threads or, by `plain`, without them. Prints what came of the others.
import { setTimeout } from 'node:timers/promises'
import { query } from '../table/harness.ts'
import { UdpClient } from './clients.ts'
import { PlaneBench, WEB } from './plane-bench.ts'
import { type Address, openSpoofer } from './spoof.ts'

const HERE: Address = [10, 99, 0, 1]
const NEIGHBOURS = 60
/** What the kernel keeps for one neighbour while it looks for it is a fifth of a MiB; all together it is more than a socket may have on the way. */
const ROUNDS = 4
const QUERIES = 80
const PATIENCE_MS = 6000

const spoof = openSpoofer()
const bench = new PlaneBench(1, process.argv[2] === 'plain' ? { syscalls: 'for a test' } : {})
const port = await bench.open(HERE.join('.'))
bench.publish(WEB)
const client = await UdpClient.open()
await client.ask(query(WEB, { id: 0 }), port, HERE.join('.'))
let sent = 1
for (let round = 0; round < ROUNDS; round++) {
  for (let id = 0; id < QUERIES; id++) {
    for (let neighbour = 0; neighbour < NEIGHBOURS; neighbour++) {
      const packet = query(id % 8 === 0 ? 'n.example' : WEB, { id })
      const from: Address = [10, 99, 0, 10 + neighbour]
      spoof(packet, { from, fromPort: 5353, to: HERE, toPort: port })
      sent++
    }
  }
  await taken()
}
const { received, unsent } = bench.taken
let answered = false
for (let id = 1; !answered && id < 300; id++) {
  await client.send(query(WEB, { id }), port, HERE.join('.'))
  answered = (await client.collected(2, 200)) > 1
}
console.log(JSON.stringify({ sent, received, refused: unsent > 0, answered }))
client.close()
await bench.close()

/** Waits until the server has dealt with all that was sent, or for a while. */
async function taken(): Promise<void> {
  const ends = performance.now() + PATIENCE_MS
  while (bench.taken.received < sent && performance.now() < ends) await setTimeout(10)
}
