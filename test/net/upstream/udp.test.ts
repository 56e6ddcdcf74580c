import { createSocket, type Socket } from 'node:dgram'
import t, { type Test } from 'tap'
import { Client } from '../../../src/net/upstream/client.ts'
import { MAX_WAITING, Pool } from '../../../src/net/upstream/pool.ts'
import { UdpConnection } from '../../../src/net/upstream/udp.ts'
import { holdUp } from '../../hold-up.ts'
import { freePort } from '../../ports.ts'
import { until } from '../../until.ts'

const now = () => performance.now()
/** Long enough for anything that comes at all. */
const PATIENCE_MS = 20_000
const query = () => Buffer.from('000001000000000000000000', 'hex')
const options = {
  expireMs: 10_000,
  maxAgeMs: 0,
  maxIdle: 0,
  now,
  source: undefined,
  tls: undefined,
}

/** A UDP server; what `serve` is told of each datagram. */
async function server(
  t: Test,
  serve: (socket: Socket, message: Buffer, port: number) => void,
): Promise<{ port: number; ports: Set<number> }> {
  const socket = createSocket('udp4')
  const ports = new Set<number>()
  socket.on('message', (message, from) => {
    ports.add(from.port)
    serve(socket, message, from.port)
  })
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
  t.teardown(() => void socket.close())
  return { port: socket.address().port, ports }
}

const echo = (socket: Socket, message: Buffer, port: number) =>
  void socket.send(message, port, '127.0.0.1')

function client(t: Test, port: number): Client {
  const made = new Client({ ...options, peer: { address: '127.0.0.1', port } })
  t.teardown(() => made.stop())
  return made
}

t.test(
  'one query after the other goes over the same socket, several at once over their own',
  async (t) => {
    const { port, ports } = await server(t, echo)
    const asked = client(t, port)
    for (let i = 0; i < 3; i++) await asked.exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS)
    t.equal(ports.size, 1)
    await Promise.all([1, 2, 3].map(() => asked.exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS)))
    t.equal(ports.size, 3)
    t.equal(asked.udp.size, 3)
  },
)

t.test(
  'a reply with another id, or less than a header, is dropped and the wait goes on',
  async (t) => {
    const { port } = await server(t, (socket, message, to) => {
      const wrong = Buffer.from(message)
      wrong.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff)
      socket.send(wrong, to, '127.0.0.1')
      socket.send(message.subarray(0, 11), to, '127.0.0.1')
      socket.send(Buffer.concat([message, Buffer.from('right')]), to, '127.0.0.1')
    })
    const outcome = await client(t, port).exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS)
    t.equal(outcome.kind === 'arrived' && outcome.message.subarray(12).toString(), 'right')
  },
)

t.test('ids are not the ones of before', async (t) => {
  const ids = new Set<number>()
  const { port } = await server(t, (socket, message, to) => {
    ids.add(message.readUInt16BE(0))
    echo(socket, message, to)
  })
  const asked = client(t, port)
  for (let i = 0; i < 64; i++) await asked.exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS)
  t.ok(ids.size > 60)
})

t.test('where nothing listens the failure comes at once, in the words of the log', async (t) => {
  const port = await freePort()
  const outcome = await client(t, port).exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS)
  const error = outcome.kind === 'failed' ? outcome.error : ''
  t.match(
    error,
    new RegExp(`^read udp 127.0.0.1:\\d+->127.0.0.1:${port}: read: connection refused$`),
  )
})

t.test(
  'a reply that came in time counts, however long the process was held up since',
  async (t) => {
    const timeoutMs = 300
    // The reply has left when this is called, and is not read before the time-out is due.
    const sent = () => setImmediate(() => holdUp(2 * timeoutMs))
    const { port } = await server(t, (socket, message, from) => {
      socket.send(message, from, '127.0.0.1', sent)
    })
    const outcome = await client(t, port).exchange(query(), 'udp', PATIENCE_MS, timeoutMs)
    t.equal(outcome.kind, 'arrived')
  },
)

t.test('a silent server is a time-out, and its socket is not used again', async (t) => {
  let came = 0
  const { port } = await server(t, () => void came++)
  const asked = client(t, port)
  // Of sockets, not of their ports: the kernel may choose the first one's again.
  let opened = 0
  asked.udp.onMiss = () => opened++
  const outcome = await asked.exchange(query(), 'udp', PATIENCE_MS, 20)
  const error = outcome.kind === 'failed' ? outcome.error : ''
  t.match(error, new RegExp(`^read udp 127.0.0.1:\\d+->127.0.0.1:${port}: i/o timeout$`))
  t.equal(asked.udp.size, 0)
  await asked.exchange(query(), 'udp', PATIENCE_MS, 20)
  t.equal(opened, 2)
  await until(() => came === 2)
})

t.test('at the bound, queries share sockets and each gets its own reply', async (t) => {
  const { port, ports } = await server(t, echo)
  const peer = { address: '127.0.0.1', port }
  const pool = new Pool(() => UdpConnection.open(peer, undefined, now), options, 2)
  t.teardown(() => pool.stop())
  await Promise.all([
    pool.exchange(query(), PATIENCE_MS, PATIENCE_MS),
    pool.exchange(query(), PATIENCE_MS, PATIENCE_MS),
  ])
  const bodies = ['a', 'b', 'c', 'd', 'e']
  const outcomes = await Promise.all(
    bodies.map((body) =>
      pool.exchange(Buffer.concat([query(), Buffer.from(body)]), PATIENCE_MS, PATIENCE_MS),
    ),
  )
  const got = outcomes.map((o) => (o.kind === 'arrived' ? o.message.subarray(12).toString() : ''))
  t.strictSame(got, bodies)
  t.equal(ports.size, 2)
})

t.test('idle sockets expire, age, and are kept only as many as allowed', async (t) => {
  const { port } = await server(t, echo)
  const peer = { address: '127.0.0.1', port }
  let time = 0
  // Of sockets, not of their ports: the kernel may choose again what was closed.
  let opened = 0
  const clock = () => time
  const kept = { expireMs: 100, maxAgeMs: 150, maxIdle: 1, now: clock }
  const pool = new Pool(() => {
    opened++
    return UdpConnection.open(peer, undefined, clock)
  }, kept)
  t.teardown(() => pool.stop())
  const ask = () => pool.exchange(query(), PATIENCE_MS, PATIENCE_MS)
  await Promise.all([ask(), ask()])
  t.equal(pool.size, 1, 'one of two is kept')
  time = 90
  await ask()
  t.equal(opened, 2, 'used again in time')
  time = 160
  await ask()
  t.equal(opened, 3, 'too old, though it was used lately')
  time = 261
  await ask()
  t.equal(opened, 4, 'idle for too long')
})

t.test('a port that cannot be is a failure, not an exception', async (t) => {
  for (const proto of ['udp', 'tcp'] as const) {
    const outcome = await client(t, 99_999).exchange(query(), proto, PATIENCE_MS, PATIENCE_MS)
    t.equal(
      outcome.kind === 'failed' && outcome.error,
      `dial ${proto}: address 99999: invalid port`,
    )
  }
})

t.test('a way that the kernel does not have is a failure, not an exception', async (t) => {
  // A broadcast address is refused at connect(2) without SO_BROADCAST (socket(7)).
  const broadcast = { address: '255.255.255.255', port: 53 }
  for (const source of [undefined, '127.0.0.1']) {
    const asked = new Client({ ...options, source, peer: broadcast })
    t.teardown(() => asked.stop())
    t.match(await asked.exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS), {
      kind: 'failed',
      error: /^dial udp 255\.255\.255\.255:53: connect: /,
    })
    t.equal(asked.udp.size, 0)
  }
  t.match(await client(t, 0).exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS), {
    kind: 'failed',
    error: 'dial udp 127.0.0.1:0: connect: invalid argument',
  })
})

t.test('stopping closes what is idle, and leaves what is in flight its time', async (t) => {
  const { port } = await server(t, (socket, message, to) => {
    setTimeout(() => echo(socket, message, to), message.length > 12 ? 30 : 0)
  })
  const asked = client(t, port)
  await Promise.all([1, 2].map(() => asked.exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS)))
  const late = asked.exchange(
    Buffer.concat([query(), Buffer.from('late')]),
    'udp',
    PATIENCE_MS,
    PATIENCE_MS,
  )
  asked.stop()
  t.equal(asked.udp.size, 1)
  t.equal((await late).kind, 'arrived')
  t.equal(asked.udp.size, 0)
})

t.test(
  'a burst before any socket is open waits for those at the bound; too large a one fails',
  async (t) => {
    const { port, ports } = await server(t, echo)
    const peer = { address: '127.0.0.1', port }
    const pool = new Pool(() => UdpConnection.open(peer, undefined, now), options, 2)
    t.teardown(() => pool.stop())
    const burst = await Promise.all(
      Array.from({ length: 40 }, () => pool.exchange(query(), PATIENCE_MS, PATIENCE_MS)),
    )
    t.ok(burst.every((outcome) => outcome.kind === 'arrived'))
    t.equal(ports.size, 2)
    const never = new Pool(() => new Promise(() => {}), options, 1)
    for (let i = 0; i < MAX_WAITING + 1; i++) void never.exchange(query(), PATIENCE_MS, PATIENCE_MS)
    t.match(await never.exchange(query(), PATIENCE_MS, PATIENCE_MS), {
      kind: 'failed',
      error: 'too many queries in flight to this server',
    })
  },
)
