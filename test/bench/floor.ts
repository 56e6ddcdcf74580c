// The floor: an echo with the system calls of a data thread that looks nothing up. Each answer is the question and one fixed address.
// node test/bench/floor.ts PORT
import { Batch } from '../../src/net/batch.ts'
import { bindSockets } from '../../src/net/sockets.ts'
import { C, loadSyscalls } from '../../src/net/syscalls.ts'

const ADDRESS = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 0, 0, 1]

const syscalls = loadSyscalls()
if (typeof syscalls === 'string') throw new Error(syscalls)
const { descriptors } = bindSockets(syscalls, {
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? 0),
  count: 1,
})
const batch = new Batch(syscalls)
const { bytes } = batch

/** The header and the address; whatever followed the question is dropped. */
function echo(at: number): number {
  let end = at + 12
  while (bytes[end] !== 0) end += (bytes[end] as number) + 1
  end += 5
  bytes[at + 2] = (bytes[at + 2] as number) | 0x84
  bytes[at + 3] = 0
  bytes[at + 7] = 1
  bytes[at + 9] = 0
  bytes[at + 11] = 0
  for (let i = 0; i < ADDRESS.length; i++) bytes[end++] = ADDRESS[i] as number
  return end - at
}

for (;;) {
  const received = batch.receive(descriptors[0] as number, C.MSG_WAITFORONE)
  for (let slot = 0; slot < received; slot++) batch.queue(slot, echo(batch.packetAt(slot)))
  batch.send(descriptors[0] as number)
  if (received > 0) batch.reset(received)
}
