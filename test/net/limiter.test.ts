import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { Batch } from '../../src/net/batch.ts'
import type { Limiter } from '../../src/net/limiter.ts'
import { Limits, readLimits } from '../../src/net/limits.ts'
import { LIMITS } from '../../src/net/shared.ts'
import { bindSockets, kernelDrops } from '../../src/net/sockets.ts'
import { MAPPED, MAX_LIMITED, SourceFilter } from '../../src/net/source-filter.ts'
import { MAX_SOURCES, Sources } from '../../src/net/sources.ts'
import { loadSyscalls, type Syscalls } from '../../src/net/syscalls.ts'
import { freePort } from '../ports.ts'
import { until } from '../until.ts'

/** What the test of an overrun needs, in datagrams of 768 octets: sixteen full batches are a flood. */
const BUFFER_OCTETS = 1 << 20

t.test('sources are counted by address, and no more of them than there is room for', async (t) => {
  const sources = new Sources()
  for (let i = 0; i < MAX_SOURCES + 10; i++) {
    for (let n = 0; n <= i % 3; n++) sources.count(0, 0, 0xffff0000, i << 24)
  }
  const heard = sources.heard()
  t.equal(heard.length, MAX_SOURCES)
  t.ok(sources.counted > MAX_SOURCES)
  sources.clear()
  sources.count(0x01020304, 0, 0, 0x05060708)
  t.strictSame(sources.heard(), [{ address: [0x04030201, 0, 0, 0x08070605], count: 1 }])
})

/** No flag of recvmmsg(2). */
const WAIT_FOR_ALL = 0
const loaded = loadSyscalls()
if (typeof loaded !== 'string') {
  const syscalls: Syscalls = loaded
  const open = async (t: Test, host = '127.0.0.1') => {
    const place = { host, port: await freePort(), receiveBufferOctets: BUFFER_OCTETS }
    const group = bindSockets(syscalls, { ...place, count: 1 })
    const descriptor = group.descriptors[0] as number
    t.teardown(() => syscalls.close(descriptor))
    return { ...group, descriptor }
  }
  const client = async (t: Test, address: string): Promise<Socket> => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    socket.bind(0, address)
    await once(socket, 'listening')
    t.teardown(() => socket.close())
    return socket
  }
  const send = async (from: Socket, port: number, to: string, count: number) => {
    for (let i = 0; i < count; i++) {
      await new Promise<void>((sent) => from.send(Buffer.alloc(40), port, to, () => sent()))
    }
  }
  /** Until nothing has come for as long as the socket waits: the kernel may bring datagrams a moment after they were sent. */
  const receiveAll = (descriptor: number, each: (batch: Batch, n: number) => void = () => {}) => {
    const batch = new Batch(syscalls)
    let all = 0
    for (;;) {
      const received = batch.receive(descriptor, WAIT_FOR_ALL)
      if (received <= 0) return all
      each(batch, received)
      batch.reset(received)
      all += received
    }
  }

  t.test(
    'the kernel throws away the share of a client that it is told to, of both families',
    async (t) => {
      const { descriptor, port } = await open(t, '')
      const filter = new SourceFilter(syscalls, descriptor)
      t.ok(
        filter.set([
          { address: [0, 0, MAPPED, 0x7f000002], pass: 0.25 },
          { address: [0, 0, 0, 1], pass: 0 },
        ]),
      )
      await send(await client(t, '127.0.0.2'), port, '127.0.0.1', 400)
      const through = receiveAll(descriptor)
      t.ok(through > 40 && through < 180, `${through} of 400`)
      t.equal(kernelDrops(syscalls, descriptor), 400 - through)
      await send(await client(t, '127.0.0.3'), port, '127.0.0.1', 50)
      t.equal(receiveAll(descriptor), 50, 'others are not touched')
      const six = await client(t, '::1').catch(() => undefined)
      if (six !== undefined) {
        await send(six, port, '::1', 20)
        t.equal(receiveAll(descriptor), 0)
      }
      filter.clear()
      await send(await client(t, '127.0.0.2'), port, '127.0.0.1', 20)
      t.equal(receiveAll(descriptor), 20)
    },
  )

  t.test(`${MAX_LIMITED} clients of the longer addresses fit`, async (t) => {
    const { descriptor } = await open(t, '')
    const limits = Array.from({ length: MAX_LIMITED }, (_, i) => ({
      address: [0x20010db8, 0, 0, i] as const,
      pass: 0.5,
    }))
    t.ok(new SourceFilter(syscalls, descriptor).set(limits))
  })

  t.test('a client that overruns the queue is held back, told of, and let go', async (t) => {
    const { descriptor, port, receiveBufferOctets } = await open(t)
    if (receiveBufferOctets < BUFFER_OCTETS) {
      t.comment(`skipped: the kernel gives a socket ${receiveBufferOctets} octets`)
      return
    }
    const flood = await client(t, '127.0.0.9')
    const rows = new Uint32Array(MAX_LIMITED * LIMITS.WORDS)
    const limits = new Limits(syscalls, rows)
    const limiter: Limiter = limits.of(descriptor)
    t.equal(limits.of(descriptor), limiter)
    let now = 1000
    limits.look(limiter, now)
    await send(flood, port, '127.0.0.1', 6000)
    const overran = () => kernelDrops(syscalls, descriptor) > 100
    await until(overran)
    t.ok(overran(), 'more than the queue holds')
    receiveAll(descriptor, (batch, received) => {
      limiter.take(batch, received)
      limits.look(limiter, now)
    })
    t.match(readLimits(rows), [{ address: '127.0.0.9' }])
    t.equal(limiter.takeDropped(), 0, 'what there was no room for was nobody’s fault')
    await send(flood, port, '127.0.0.1', 500)
    const through = receiveAll(descriptor)
    t.ok(through < 400, `${through} of 500 came through`)
    now += 100
    t.equal(limits.look(limiter, now), 500 - through)
    for (let i = 0; i < 100; i++) {
      now += 100
      limits.look(limiter, now)
    }
    t.strictSame(readLimits(rows), [])
    await send(flood, port, '127.0.0.1', 50)
    t.equal(receiveAll(descriptor), 50)
    limits.keep([])
    t.not(limits.of(descriptor), limiter)
  })
}
