import { readFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import t from 'tap'
import { framed, openGrpc, packetOf } from '../../../src/net/http/grpc.ts'
import { openHttps } from '../../../src/net/http/https.ts'
import type { Handle, Peer } from '../../../src/net/listener.ts'
import { until } from '../../until.ts'
import { certificate as cert } from '../upstream/servers.ts'

const QUERY = Buffer.from('123401000001000000000000016100000100 01'.replaceAll(' ', ''), 'hex')
const ANSWER = Buffer.from(
  '12348580000100010000000001610000010001c00c00010001000000070004c0000201',
  'hex',
)

const seen: Peer[] = []
const handle: Handle = (packet, peer) => {
  seen.push(peer)
  return packet.readUInt16BE(0) === 0x1234 ? ANSWER : undefined
}
const base = {
  host: '127.0.0.1',
  port: 0,
  timeouts: { readMs: 60_000, idleMs: 60_000 },
  maxConnections: 0,
  tls: undefined,
}

interface Got {
  readonly status: number
  readonly headers: Record<string, unknown>
  readonly body: Buffer
}

function http1(port: number, method: string, path: string, body?: Buffer): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = plainRequest(
      { host: '127.0.0.1', port, method, path, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

function http2(session: ClientHttp2Session, headers: Record<string, string>, body?: Buffer) {
  return new Promise<Got & { readonly trailers: Record<string, unknown> }>((resolve, reject) => {
    const stream = session.request(headers)
    const chunks: Buffer[] = []
    let head: Record<string, unknown> = {}
    let trailers: Record<string, unknown> = {}
    stream.on('response', (got) => {
      head = got
    })
    stream.on('trailers', (got) => {
      trailers = got
    })
    stream.on('data', (chunk) => chunks.push(chunk))
    stream.on('end', () =>
      resolve({
        status: Number(head[':status']),
        headers: head,
        body: Buffer.concat(chunks),
        trailers,
      }),
    )
    stream.on('error', reject)
    stream.end(body)
  })
}

t.test('in the clear: GET and POST over HTTP/1.1, and a status for everything else', async (t) => {
  const statuses: number[] = []
  const listener = await openHttps(
    { ...base, onStatus: (status) => void statuses.push(status) },
    handle,
  )
  const { port } = listener
  const parameter = QUERY.toString('base64url')
  const get = await http1(port, 'GET', `/dns-query?dns=${parameter}`)
  t.equal(get.status, 200)
  t.equal(get.headers['content-type'], 'application/dns-message')
  t.equal(get.headers['cache-control'], 'max-age=7')
  t.equal(get.headers['content-length'], String(ANSWER.length))
  t.same(get.body, ANSWER)
  t.same((await http1(port, 'POST', '/dns-query', QUERY)).body, ANSWER)
  t.equal((await http1(port, 'GET', '/other')).status, 404)
  t.equal((await http1(port, 'GET', '/dns-query')).status, 400, 'no parameter')
  t.equal(
    (await http1(port, 'GET', `/dns-query?dns=${parameter}&dns=${parameter}`)).status,
    400,
    'two',
  )
  t.equal((await http1(port, 'GET', '/dns-query?dns=%2B%2B')).status, 400, 'not base64url')
  t.equal((await http1(port, 'PUT', '/dns-query', QUERY)).status, 400)
  t.equal((await http1(port, 'POST', '/dns-query', Buffer.alloc(4))).status, 400, 'no message')
  t.equal((await http1(port, 'POST', '/dns-query', Buffer.alloc(70_000))).status, 400, 'too long')
  const silent = Buffer.from(QUERY)
  silent.writeUInt16BE(9, 0)
  t.equal((await http1(port, 'POST', '/dns-query', silent)).status, 500, 'the chain was silent')
  t.equal(seen.at(-1)?.transport, 'https')
  t.equal(seen.at(-1)?.client.address, '127.0.0.1')
  t.equal(statuses.length, 10)
  await listener.close()
})

t.test('with certificates: HTTP/2 and HTTP/1.1, many requests on one connection', async (t) => {
  const key = readFileSync(new URL('../upstream/fixtures/dns.test.key', import.meta.url))
  const tls = { load: () => ({ key, cert }), requestCert: false, rejectUnauthorized: false }
  const listener = await openHttps({ ...base, tls }, handle)
  const session = connect(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false })
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      http2(session, { ':method': 'POST', ':path': '/dns-query' }, QUERY),
    ),
  )
  for (const { status, body } of answers) {
    t.equal(status, 200)
    t.same(body, ANSWER)
  }
  session.close()
  await listener.close()
})

t.test('gRPC: a DnsPacket for a DnsPacket, and a status for everything else', async (t) => {
  const listener = await openGrpc({ ...base, maxStreams: 256 }, handle)
  const session = connect(`http://127.0.0.1:${listener.port}`)
  const call = (path: string, body: Buffer) =>
    http2(session, { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' }, body)
  const answered = await call('/coredns.dns.DnsService/Query', framed(QUERY))
  t.equal(answered.trailers['grpc-status'], '0')
  t.same(packetOf(answered.body), ANSWER)
  t.equal((await call('/other/Method', framed(QUERY))).headers['grpc-status'], '12')
  t.equal(
    (await call('/coredns.dns.DnsService/Query', Buffer.from('junk'))).headers['grpc-status'],
    '13',
  )
  t.equal(
    (await call('/coredns.dns.DnsService/Query', framed(Buffer.alloc(3)))).headers['grpc-status'],
    '2',
  )
  t.equal(seen.at(-1)?.transport, 'grpc')
  session.close()
  await listener.close()
})

t.test('a DnsPacket is read whatever else stands in it', async (t) => {
  const message = Buffer.alloc(300, 7)
  t.same(packetOf(framed(message)), message)
  const more = Buffer.concat([
    Buffer.from([0x10, 0x05]),
    framed(message).subarray(5),
    Buffer.from([0x1a, 1, 0]),
  ])
  const prefix = Buffer.from([0, 0, 0, more.length >> 8, more.length & 255])
  t.same(packetOf(Buffer.concat([prefix, more])), message)
  t.equal(packetOf(Buffer.concat([prefix, more.subarray(0, 20)])), undefined)
})

t.test('connections above the bound are turned away', async (t) => {
  const listener = await openHttps({ ...base, maxConnections: 1 }, handle)
  // One that says nothing, and so is there until it goes.
  const first = connectTcp(listener.port, '127.0.0.1')
  t.teardown(() => first.destroy())
  await until(() => listener.stats.accepted === 1)
  await t.rejects(http1(listener.port, 'GET', '/other'))
  t.equal(listener.stats.refused, 1)
  first.destroy()
  await listener.close()
})
