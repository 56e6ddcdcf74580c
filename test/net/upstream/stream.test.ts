import t, { type Test } from 'tap'
import { Client } from '../../../src/net/upstream/client.ts'
import { freePort } from '../../ports.ts'
import { answering, certificate, framed, type Running, streamServer } from './servers.ts'

/** Long enough for anything that comes at all. */
const PATIENCE_MS = 20_000
const query = () => Buffer.from('000001000000000000000000', 'hex')

function client(t: Test, server: Running, tls?: { ca?: Buffer; serverName?: string }): Client {
  t.teardown(() => server.close())
  return clientOf(t, server.port, tls)
}

function clientOf(t: Test, port: number, tls?: { ca?: Buffer; serverName?: string }): Client {
  const made = new Client({
    peer: { address: '127.0.0.1', port },
    expireMs: 10_000,
    maxAgeMs: 0,
    maxIdle: 0,
    now: () => performance.now(),
    source: undefined,
    tls:
      tls === undefined
        ? undefined
        : { options: { ca: tls.ca }, serverName: tls.serverName, session: undefined },
  })
  t.teardown(() => made.stop())
  return made
}

t.test(
  'messages in pieces and several in one piece are told apart; the connection is used again',
  async (t) => {
    const server = await streamServer(answering((message) => message))
    const asked = client(t, server)
    for (let i = 0; i < 3; i++) {
      const outcome = await asked.exchange(
        Buffer.concat([query(), Buffer.alloc(3000, i)]),
        'tcp',
        PATIENCE_MS,
        PATIENCE_MS,
      )
      t.equal(outcome.kind === 'arrived' && outcome.message[12], i)
    }
    t.equal(server.connections(), 1)
  },
)

t.test('a reply that comes octet by octet, behind one with another id, is found', async (t) => {
  const server = await streamServer((stream) => {
    stream.setNoDelay(true)
    answering((message) => {
      const wrong = Buffer.from(message)
      wrong.writeUInt16BE((message.readUInt16BE(0) + 1) & 0xffff)
      const octets = Buffer.concat([framed(wrong), framed(message)])
      void (async () => {
        for (const octet of octets) {
          stream.write(Buffer.from([octet]))
          await new Promise(setImmediate)
        }
      })()
      return undefined
    })(stream)
  })
  const outcome = await client(t, server).exchange(query(), 'tcp', PATIENCE_MS, PATIENCE_MS)
  t.equal(outcome.kind, 'arrived')
})

t.test('a kept connection that the server closed is stale, a new one is not', async (t) => {
  const server = await streamServer((stream) => {
    let count = 0
    answering((message) => {
      if (++count === 1) return message
      stream.end()
      return undefined
    })(stream)
  })
  const asked = client(t, server)
  t.equal((await asked.exchange(query(), 'tcp', PATIENCE_MS, PATIENCE_MS)).kind, 'arrived')
  t.match(await asked.exchange(query(), 'tcp', PATIENCE_MS, PATIENCE_MS), {
    kind: 'failed',
    error: 'EOF',
    stale: true,
  })
  t.equal((await asked.exchange(query(), 'tcp', PATIENCE_MS, PATIENCE_MS)).kind, 'arrived')
})

t.test('a server that closes at once fails with EOF and is not stale', async (t) => {
  const server = await streamServer((stream) => void stream.end())
  const outcome = await client(t, server).exchange(query(), 'tcp', PATIENCE_MS, PATIENCE_MS)
  t.match(outcome, { kind: 'failed', error: 'EOF', stale: false })
})

t.test('where nothing listens, opening fails in the words of the log', async (t) => {
  const port = await freePort()
  const outcome = await clientOf(t, port).exchange(query(), 'tcp', PATIENCE_MS, PATIENCE_MS)
  const error = `dial tcp 127.0.0.1:${port}: connect: connection refused`
  t.match(outcome, { kind: 'failed', error })
})

t.test(
  'TLS: the certificate must be the server name asked for, by an authority that is trusted',
  async (t) => {
    const server = await streamServer(
      answering((message) => message),
      true,
    )
    const named = client(t, server, { ca: certificate, serverName: 'dns.test' })
    t.equal(
      (await named.exchange(query(), 'udp', PATIENCE_MS, PATIENCE_MS)).kind,
      'arrived',
      'even when asked for UDP',
    )
    for (const tls of [
      { ca: certificate, serverName: 'other.test' },
      { ca: certificate },
      { serverName: 'dns.test' },
    ]) {
      const outcome = await client(t, server, tls).exchange(
        query(),
        'tcp',
        PATIENCE_MS,
        PATIENCE_MS,
      )
      t.match(outcome, { kind: 'failed', error: /^tls: failed to verify certificate: / })
    }
  },
)

t.test('a handshake that hangs ends with the time for opening', async (t) => {
  const server = await streamServer(() => {})
  const outcome = await client(t, server, {}).exchange(query(), 'tcp', 30, PATIENCE_MS)
  t.match(outcome, { kind: 'failed', error: `dial tcp 127.0.0.1:${server.port}: i/o timeout` })
})
