// Sends a packet so many times, while the thread that started it does nothing.
import { createSocket } from 'node:dgram'
import { workerData } from 'node:worker_threads'

const { packet, count, port, done } = workerData as {
  packet: Uint8Array
  count: number
  port: number
  done: Int32Array
}
const socket = createSocket('udp4')
for (let i = 0; i < count; i++) {
  await new Promise<void>((sent) => socket.send(packet, port, '127.0.0.1', () => sent()))
}
socket.close()
Atomics.store(done, 0, 1)
Atomics.notify(done, 0)
