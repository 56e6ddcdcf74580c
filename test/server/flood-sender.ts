// Asks for ever other names below a Service that exists, until it is told to stop: each is the chain's.
import { createSocket } from 'node:dgram'
import { workerData } from 'node:worker_threads'
import { query } from '../table/harness.ts'

const { port, stop } = workerData as { port: number; stop: Int32Array }
const socket = createSocket('udp4')
socket.on('error', () => {})
const BURST = 64
for (let n = 0; Atomics.load(stop, 0) === 0; ) {
  let sent: Promise<void> = Promise.resolve()
  for (let i = 0; i < BURST; i++) {
    const packet = query(`x${n++}.web.here.svc.cluster.local`)
    sent = new Promise((done) => socket.send(packet, port, '127.0.0.1', () => done()))
  }
  await sent
}
socket.close()
