/**
 * One client that asks as fast as it is told to and listens to nothing, in a process of its own: `node flooding.ts SOURCE PORT RATE NAME…`. From 64 sockets, as a client with
 * as many queries under way has. Says how many it has sent a second at its end (SIGTERM).
 */

import { Batch } from '../../src/net/batch.ts'
import { sockaddr } from '../../src/net/sockaddr.ts'
import { bindSockets } from '../../src/net/sockets.ts'
import { loadSyscalls } from '../../src/net/syscalls.ts'
import { TYPE } from '../../src/wire/codes.ts'
import { name } from '../../src/wire/name.ts'
import { Writer } from '../../src/wire/writer.ts'

const [source = '', port = '', rate = '', ...names] = process.argv.slice(2)
const loaded = loadSyscalls()
if (typeof loaded === 'string') throw new Error(loaded)
const syscalls = loaded
const SIZE = 64
const sockets = Array.from({ length: SIZE }, () => {
  const { descriptors } = bindSockets(syscalls, { host: source, port: 0, count: 1 })
  return descriptors[0] as number
})
const batch = new Batch(syscalls, SIZE)
const to = sockaddr('127.0.0.1', Number(port))
const writer = new Writer()
const queries = names.map((text) => {
  const question = { qname: name(text), qtype: TYPE.A, qclass: 1 }
  const none = { answer: [], authority: [], additional: [], opt: undefined }
  return Buffer.from(writer.write({ id: 1, flags: 0x0100, question, ...none }, 512))
})

const began = performance.now()
let sent = 0
let next = 0
let over = false
process.once('SIGTERM', () => {
  over = true
})
process.send?.('ready')
while (!over) {
  const due = ((performance.now() - began) / 1000) * Number(rate)
  for (let i = 0; i < 32 && sent < due; i++) sendBatch()
  await new Promise((later) => (sent < due ? setImmediate(later) : setTimeout(later, 1)))
}
process.send?.(sent / ((performance.now() - began) / 1000))
process.disconnect?.()

function sendBatch(): void {
  for (let slot = 0; slot < SIZE; slot++) {
    const query = queries[(next + slot) % queries.length] as Buffer
    batch.bytes.set(query, batch.packetAt(slot))
    batch.bytes.set(to, batch.nameAt(slot))
    batch.queueTo(slot, query.length, to.length, 0)
  }
  sent += batch.send(sockets[next % SIZE] as number)
  next += 1
}
