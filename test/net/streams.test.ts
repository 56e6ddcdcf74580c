import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { Deframer } from '../../src/net/frames.ts'
import { type Handle, openStream, type StreamOptions } from '../../src/net/listener.ts'
import { holdUp } from '../hold-up.ts'
import { until } from '../until.ts'
import { exchange } from './clients.ts'

const TIMEOUTS = { readMs: 3000, writeMs: 5000, idleMs: 10_000, maxTcpQueries: -1 }

const framed = (...messages: readonly Buffer[]): Buffer =>
  Buffer.concat(messages.flatMap((m) => [Buffer.from([m.length >> 8, m.length & 0xff]), m]))

const numbered = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => Buffer.from([i >> 8, i & 0xff, 1, 2, 3]))

/** Gives back what came, with one octet behind it. */
const echo: Handle = (packet) => Buffer.concat([packet, Buffer.from([0xee])])
const echoed = (message: Buffer) => Buffer.concat([message, Buffer.from([0xee])])

/** Opens a listener whose clock stands still unless told otherwise: however slow the machine, nobody takes too long. */
async function open(t: Test, handle: Handle, change: Partial<StreamOptions> = {}) {
  const options = { host: '127.0.0.1', port: 0, transport: 'tcp', timeouts: TIMEOUTS } as const
  const listener = await openStream({ ...options, now: () => 0, ...change }, handle)
  t.teardown(() => listener.close({ drainMs: 0 }))
  return listener
}

t.test('messages come in however they are cut, and all are answered', async (t) => {
  const { port } = await open(t, echo)
  const messages = numbered(20)
  const octets = framed(...messages)
  for (const size of [octets.length, 1, 3, 8, 50]) {
    const pieces: Buffer[] = []
    for (let at = 0; at < octets.length; at += size) pieces.push(octets.subarray(at, at + size))
    const gapMs = size === octets.length ? 0 : 1
    const answers = await exchange(port, pieces, { count: 20, gapMs })
    t.same(answers.messages, messages.map(echoed), `pieces of ${size}`)
  }
})

t.test('answers leave in the order in which they are ready', async (t) => {
  const later: (() => void)[] = []
  const { port } = await open(t, (packet) => {
    if (packet[1] === 2) for (const answer of later) setImmediate(answer)
    if (packet[1] === 2) return echoed(packet)
    return new Promise((done) => later.unshift(() => done(echoed(packet))))
  })
  const { messages } = await exchange(port, [framed(...numbered(3))], { count: 3 })
  t.same(
    messages.map((message) => message[1]),
    [2, 1, 0],
  )
})

t.test('a half-closed client gets all its answers', async (t) => {
  const { port } = await open(t, async (packet) => {
    await new Promise((later) => setTimeout(later, 20))
    return echoed(packet)
  })
  const { messages, ended } = await exchange(port, [framed(...numbered(300))], { end: true })
  t.equal(messages.length, 300)
  t.ok(ended)
})

t.test('no more messages than may be are on their way at a time', async (t) => {
  let now = 0
  let most = 0
  const { port } = await open(t, async (packet) => {
    most = Math.max(most, ++now)
    await new Promise((later) => setImmediate(later))
    now--
    return echoed(packet)
  })
  const { messages } = await exchange(port, [framed(...numbered(2000))], { count: 2000 })
  t.equal(messages.length, 2000)
  t.ok(most <= 128, `${most} at a time`)
  t.ok(most > 64)
})

t.test('a connection ends after as many messages as it may bring', async (t) => {
  const { port } = await open(t, echo, { timeouts: { ...TIMEOUTS, maxTcpQueries: 3 } })
  const { messages, ended } = await exchange(port, [framed(...numbered(5))])
  t.equal(messages.length, 3)
  t.ok(ended)
})

t.test('silence, empty and short messages leave the connection open', async (t) => {
  const { port } = await open(t, (packet) => (packet.length < 5 ? undefined : echoed(packet)))
  const [message] = numbered(1) as [Buffer]
  const pieces = [framed(Buffer.alloc(0), Buffer.from([1]), message)]
  const { messages } = await exchange(port, pieces, { count: 1 })
  t.same(messages, [echoed(message)])
})

t.test('several messages answer one, and wait for a slow client', async (t) => {
  let made = 0
  const { port } = await open(t, async function* (packet) {
    for (let i = 0; i < 400; i++) {
      made++
      yield Buffer.concat([packet, Buffer.alloc(60_000)])
    }
  } as Handle)
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.write(framed(Buffer.from([0, 1])))
  await new Promise((later) => setTimeout(later, 200))
  t.ok(made < 400, `${made} messages were made for a client that reads none`)
  socket.destroy()
  const { messages } = await exchange(port, [framed(Buffer.from([0, 1]))], { count: 400 })
  t.equal(messages.length, 400)
})

t.test('clients that say nothing, or take nothing, are cut off', async (t) => {
  let clock = 0
  const big: Handle = () => Buffer.alloc(65_000)
  const timeouts = { ...TIMEOUTS, idleMs: 1e9 }
  const listener = await open(t, big, { now: () => clock, timeouts })
  const silent = connect(listener.port, '127.0.0.1')
  const deaf = connect({ port: listener.port, host: '127.0.0.1' })
  deaf.on('error', () => {})
  deaf.pause()
  deaf.write(framed(...numbered(3000)))
  const closed = new Promise<void>((done) => silent.on('close', () => done()).resume())
  await until(() => listener.stats.received > 0)
  clock = 3000
  await closed
  // The kernel may take some more of the answers before it takes none.
  const cut = () => {
    clock += 1000
    return listener.stats.timedOut >= 2
  }
  await until(cut)
  t.equal(listener.stats.timedOut, 2)
  deaf.destroy()
})

t.test('who asked in time is answered, however long the process was held up since', async (t) => {
  let clock = 0
  const listener = await open(t, echo, { now: () => clock })
  const socket = connect(listener.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  await until(() => listener.stats.accepted > 0)
  const [message] = numbered(1) as [Buffer]
  const answer = new Promise<Buffer | string>((done) => {
    socket.once('data', done).once('close', () => done('cut off'))
  })
  // What is held up here goes on with timers.
  await new Promise((later) => setImmediate(later))
  socket.write(framed(message))
  clock = TIMEOUTS.readMs
  // Longer than the listener's pause between two looks at its connections.
  holdUp(500)
  t.same(await answer, framed(echoed(message)))
})

t.test('at the bound the connection that has been idle longest makes room', async (t) => {
  let clock = 0
  const listener = await open(t, echo, { maxConnections: 2, now: () => clock })
  const sockets = []
  for (let i = 0; i < 3; i++) {
    const socket = connect(listener.port, '127.0.0.1')
    socket.on('error', () => {})
    sockets.push(socket)
    await until(() => listener.stats.accepted > i)
    clock++
  }
  const [first] = sockets
  if (first?.closed === false) await new Promise((done) => first.resume().on('close', done))
  t.equal(listener.stats.accepted, 3)
  t.ok(first?.closed)
  for (const socket of sockets) socket.destroy()
})

t.test('a listener that closes answers what has come, and takes nothing new', async (t) => {
  const listener = await open(t, async (packet) => {
    await new Promise((later) => setTimeout(later, 50))
    return echoed(packet)
  })
  const asked = exchange(listener.port, [framed(...numbered(10))])
  await until(() => listener.stats.received >= 10)
  await listener.close()
  const { messages } = await asked
  t.equal(messages.length, 10)
})

t.test('handlers that throw cost their message, not the connection', async (t) => {
  const failures: unknown[] = []
  const handle: Handle = (packet) => {
    if (packet[1] === 0) throw new Error('first')
    if (packet[1] === 1) return Promise.reject(new Error('second'))
    return echoed(packet)
  }
  const { port } = await open(t, handle, { onFailure: (error) => failures.push(error) })
  const { messages } = await exchange(port, [framed(...numbered(3))], { count: 1 })
  t.equal(messages.length, 1)
  t.equal(failures.length, 2)
})

t.test('an address that is taken is told', async (t) => {
  const { port } = await open(t, echo)
  await t.rejects(open(t, echo, { port }), {
    message: `Listen: listen tcp 127.0.0.1:${port}: bind: address already in use`,
  })
})

t.test('messages over TLS', async (t) => {
  const pem = (name: string) => readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url))
  const load = () => ({ cert: pem('cert'), key: pem('key') })
  const tls = { load, requestCert: false, rejectUnauthorized: false }
  const listener = await open(t, echo, { transport: 'tls', tls })
  const { connect: connectTls } = await import('node:tls')
  for (let round = 0; round < 2; round++) {
    const socket = connectTls({ port: listener.port, host: '127.0.0.1', rejectUnauthorized: false })
    const [message] = numbered(1) as [Buffer]
    socket.write(framed(message))
    const answer = await new Promise<Buffer>((done) => socket.once('data', done))
    t.same(answer, framed(echoed(message)))
    socket.destroy()
    listener.renew()
  }
})

t.test('a message that comes octet by octet takes memory as it comes', async (t) => {
  const frames = new Deframer()
  const message = Buffer.alloc(0xffff, 7)
  const octets = framed(message)
  let got: Buffer | undefined
  for (let at = 0; at < octets.length; at++) {
    frames.take(octets.subarray(at, at + 1))
    got = frames.next()
  }
  t.same(got, message)
  t.equal(frames.next(), undefined)
})
