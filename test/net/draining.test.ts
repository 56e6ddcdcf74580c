import t, { type Test } from 'tap'
import { DataLoop } from '../../src/net/data-loop.ts'
import { Leftovers } from '../../src/net/leftovers.ts'
import { RingReader } from '../../src/net/ring.ts'
import { CONTROL, LISTENER, planeMemory, STATE } from '../../src/net/shared.ts'
import { bindSockets } from '../../src/net/sockets.ts'
import { loadSyscalls, type Syscalls } from '../../src/net/syscalls.ts'
import { freePort } from '../ports.ts'
import { fill } from './arrival.ts'
import { UdpClient } from './clients.ts'

const QUERIES = 100
/** What a client that is gone sends back (errno(3)). */
const ECONNREFUSED = 111
const syscalls = loadSyscalls()

if (typeof syscalls !== 'string') {
  /** A socket that holds queries, and system calls of which the second receives an error that waited there. */
  const socketWithError = async (t: Test) => {
    const port = await freePort()
    const group = bindSockets(syscalls, { host: '127.0.0.1', port, count: 1 })
    const descriptor = group.descriptors[0] as number
    const client = await UdpClient.open()
    t.teardown(() => {
      client.close()
      syscalls.close(descriptor)
    })
    const queries = Array.from({ length: QUERIES }, (_, id) => Buffer.from([0, id, 0]))
    await fill({ syscalls, descriptor, port }, client, queries)
    let calls = 0
    const recvmmsg: Syscalls['recvmmsg'] = (...args) =>
      ++calls === 2 ? -1 : syscalls.recvmmsg(...args)
    const errno = () => (calls === 2 ? ECONNREFUSED : syscalls.errno())
    return { descriptor, faulty: { ...syscalls, recvmmsg, errno } }
  }

  t.test('a data thread empties a socket that closes, whatever error waits there', async (t) => {
    const { descriptor, faulty } = await socketWithError(t)
    const memory = planeMemory(1)
    memory.listeners[LISTENER.DESCRIPTORS] = descriptor
    memory.listeners[LISTENER.STATE] = STATE.DRAINING
    memory.control[CONTROL.STOP] = 1
    new DataLoop({ number: 0, memory, table: undefined, clockOffset: 0 }, faulty).run()
    t.equal(memory.listeners[LISTENER.DRAINED], 1)
    const ring = new RingReader(memory.misses[0] as SharedArrayBuffer)
    t.equal(recordsIn(ring), QUERIES)
  })

  t.test('so does the control thread where there is no data thread', async (t) => {
    const { descriptor, faulty } = await socketWithError(t)
    const leftovers = new Leftovers(faulty)
    let found = 0
    while (leftovers.take(descriptor, 0)) found += recordsIn(leftovers.ring)
    t.equal(found, QUERIES)
  })
}

function recordsIn(ring: RingReader): number {
  let records = 0
  for (; ring.read() >= 0; ring.release()) records++
  return records
}
