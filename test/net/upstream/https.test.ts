import t, { type Test } from 'tap'
import { HttpsClient } from '../../../src/net/upstream/https.ts'
import { certificate, httpsServer, type Running } from './servers.ts'

const query = () => Buffer.from('123401000000000000000000', 'hex')

function client(t: Test, server: Running, method: 'GET' | 'POST', serverName = 'dns.test') {
  t.teardown(() => server.close())
  const made = new HttpsClient({
    peer: { address: '127.0.0.1', port: server.port },
    method,
    tls: { ca: certificate },
    serverName,
    source: undefined,
    idleMs: 10_000,
  })
  t.teardown(() => made.stop())
  return made
}

for (const http2 of [true, false]) {
  const version = http2 ? 'HTTP/2' : 'HTTP/1.1'
  for (const method of ['POST', 'GET'] as const) {
    t.test(`${method} over ${version}: the id is zero, and connections are kept`, async (t) => {
      const asked: string[] = []
      const server = await httpsServer(http2, (message, by) => {
        asked.push(`${by} ${message.readUInt16BE(0)}`)
        return { status: 200, body: message }
      })
      const upstream = client(t, server, method)
      for (let i = 0; i < 3; i++) {
        const outcome = await upstream.exchange(query(), 20_000)
        t.match(outcome, { kind: 'arrived', proto: 'tcp' })
      }
      t.strictSame(asked, [`${method} 0`, `${method} 0`, `${method} 0`])
      t.ok(server.connections() <= (http2 ? 1 : 2))
    })
  }

  t.test(`${version}: another status is a failure`, async (t) => {
    const server = await httpsServer(http2, (body) => ({ status: 503, body }))
    const outcome = await client(t, server, 'POST').exchange(query(), 20_000)
    t.match(outcome, { kind: 'failed', error: 'expected 200 HTTP status, got 503' })
  })
}

t.test('a session that the server cut is replaced', async (t) => {
  const server = await httpsServer(true, (body) => ({ status: 200, body }))
  const upstream = client(t, server, 'POST')
  t.equal((await upstream.exchange(query(), 20_000)).kind, 'arrived')
  server.drop()
  await upstream.exchange(query(), 20_000)
  t.equal((await upstream.exchange(query(), 20_000)).kind, 'arrived')
  t.equal(server.connections(), 2)
})

t.test(
  'a certificate for another name is refused, and silence ends with the time-out',
  async (t) => {
    const server = await httpsServer(true, (body) => ({ status: 200, body }))
    const wrong = await client(t, server, 'POST', 'other.test').exchange(query(), 20_000)
    t.match(wrong, { kind: 'failed', error: /^Post "https:\/\/127\.0\.0\.1:\d+\/dns-query": / })
    const late = await client(t, server, 'POST').exchange(query(), 0)
    t.match(late, { kind: 'failed', error: /context deadline exceeded$/ })
  },
)
