import t, { type Test } from 'tap'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { answering, certificatePath, streamServer } from '../../net/upstream/servers.ts'
import { type Rule, Upstream } from '../../parity/upstream.ts'
import { arrange, type Chain } from '../harness.ts'
import { deadPort } from '../replay-upstreams.ts'

/** Answers every question with the address given, and NS ones too. */
const address = (octets: string, more: Partial<Rule> = {}): Rule => ({
  name: '*',
  type: 'A',
  responses: [`000080800000000100000000${'01610474657374'}00000100010000003c0004${octets}`],
  ...more,
})
const NS: Rule = { name: '*', type: 'NS', responses: ['000080800000000000000000'] }
const ONE = 'NOERROR qr rd ra\na.test. 60 IN A 192.0.2.1'
const TWO = 'NOERROR qr rd ra\na.test. 60 IN A 192.0.2.2'

async function upstream(t: Test, rules: readonly Rule[]): Promise<Upstream> {
  const made = await Upstream.start('127.0.0.1:0', rules)
  t.teardown(() => made.close())
  return made
}

async function forwarding(t: Test, directive: string, host = {}): Promise<Chain> {
  const chain = await arrange(directive, [forward], { host })
  t.teardown(() => chain.stop())
  return chain
}

t.test('a silent upstream costs one query its time-out, and no other', async (t) => {
  const silent = await upstream(t, [])
  const good = await upstream(t, [address('c0000202'), NS])
  const chain = await forwarding(
    t,
    `forward . ${silent.address} ${good.address} {
      policy sequential
      read_timeout 3s
    }`,
  )
  t.equal(await chain.ask('a.test. A'), TWO)
  for (let i = 0; i < 5; i++) t.equal(await chain.ask('a.test. A'), TWO)
  const clients = silent.seen.filter(({ message }) => message.question?.qtype === 1)
  t.equal(clients.length, 1, 'one query of a client went there')
  t.ok(silent.seen.length > clients.length, 'and health checks')
})

t.test('an upstream that fails one query but answers checks stays in use', async (t) => {
  const lame = await upstream(t, [{ ...address('c0000201'), name: 'a.test.' }, NS])
  const chain = await forwarding(t, `forward . ${lame.address} {\n read_timeout 800ms\n}`)
  const failure = await chain.reply('other.test. A')
  t.match(failure, { kind: 'rcode', rcode: 2, error: /i\/o timeout$/ })
  t.equal(await chain.ask('a.test. A'), ONE)
})

t.test('where all upstreams are dead the error of the last attempt is told', async (t) => {
  const port = await deadPort()
  const chain = await forwarding(t, `forward . 127.0.0.1:${port}`)
  t.match(await chain.reply('a.test. A'), {
    kind: 'rcode',
    rcode: 2,
    error: /^read udp 127\.0\.0\.1:\d+->127\.0\.0\.1:\d+: read: connection refused$/,
  })
  t.match(await chain.reply('a.test. A', { transport: 'tcp' }), {
    error: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
  })
})

t.test('max_concurrent refuses what is too much and counts it', async (t) => {
  const slow = await upstream(t, [address('c0000201', { delay: 50 })])
  const chain = await forwarding(t, `forward . ${slow.address} {\n max_concurrent 2\n}`)
  const asked = [1, 2, 3].map(() => chain.reply('a.test. A'))
  const replies = await Promise.all(asked)
  t.strictSame(
    replies.map(({ rcode, error }) => [rcode, error]),
    [
      [0, undefined],
      [0, undefined],
      [5, 'concurrent queries exceeded maximum 2'],
    ],
  )
  t.equal((await chain.reply('a.test. A')).rcode, 0, 'the others have made room')
  t.strictSame(await chain.samples('coredns_forward_max_concurrent_rejects_total'), [
    'coredns_forward_max_concurrent_rejects_total 1',
  ])
})

t.test('policies: round_robin begins with the second, random as chance says', async (t) => {
  const one = await upstream(t, [address('c0000201')])
  const two = await upstream(t, [address('c0000202')])
  const to = `${one.address} ${two.address}`
  const robin = await forwarding(t, `forward . ${to} {\n policy round_robin\n}`)
  const turns = [
    await robin.ask('a.test. A'),
    await robin.ask('a.test. A'),
    await robin.ask('a.test. A'),
  ]
  t.strictSame(turns, [TWO, ONE, TWO])
  const swapped = await forwarding(t, `forward . ${to}`, { random: () => 0 })
  t.equal(await swapped.ask('a.test. A'), TWO)
  const kept = await forwarding(t, `forward . ${to}`, { random: () => 0.99 })
  t.equal(await kept.ask('a.test. A'), ONE)
})

t.test(
  'except: names go to the next plugin; several forwards: the first whose zone holds the name',
  async (t) => {
    const one = await upstream(t, [address('c0000201')])
    const two = await upstream(t, [address('c0000202')])
    const chain = await forwarding(
      t,
      `forward test ${one.address} {\n except a.test\n}\nforward . ${two.address}`,
    )
    t.equal(await chain.ask('a.test. A'), TWO)
    t.equal(await chain.ask('A.Test. A'), TWO)
    await chain.ask('b.test. A')
    t.equal(one.seen.length, 1)
  },
)

t.test('a reply longer than the client takes over UDP becomes an empty one with TC', async (t) => {
  const record = '01610474657374000001000100000' + '03c0004c0000201'
  const big = `000080800000002800000000${record.repeat(40)}`
  const chain = await forwarding(
    t,
    `forward . ${(await upstream(t, [{ name: '*', type: 'A', responses: [big] }])).address}`,
  )
  t.equal(await chain.ask('a.test. A'), 'NOERROR qr tc rd ra')
  const whole = await chain.reply('a.test. A', { udpSize: 4096 })
  t.equal(whole.answer.length, 40)
})

t.test('TLS upstreams are checked against tls_servername or the name behind %', async (t) => {
  const reply = (message: Buffer) => {
    const answer = Buffer.from(message)
    answer.writeUInt16BE(0x8180, 2)
    return answer
  }
  const server = await streamServer(answering(reply), true)
  t.teardown(() => server.close())
  const named = `forward . tls://127.0.0.1:${server.port} {\n tls ${certificatePath}\n tls_servername dns.test\n}`
  t.equal(await (await forwarding(t, named)).ask('a.test. A'), 'NOERROR qr rd ra')
  const behind = `forward . tls://127.0.0.1%dns.test:${server.port} {\n tls ${certificatePath}\n}`
  t.equal(await (await forwarding(t, behind)).ask('a.test. A'), 'NOERROR qr rd ra')
  const wrong = `forward . tls://127.0.0.1:${server.port} {\n tls ${certificatePath}\n}`
  t.match(await (await forwarding(t, wrong)).reply('a.test. A'), {
    rcode: 2,
    error: /^tls: failed to verify certificate: /,
  })
})

t.test(
  'host names are looked up at the resolver, and a file counts by its nameserver lines',
  async (t) => {
    const one = await upstream(t, [address('c0000201')])
    const port = one.address.split(':')[1]
    const resolver = await upstream(t, [
      {
        name: 'dns.test.',
        type: 'A',
        responses: [
          '000080800000000100000000' + '03646e730474657374' + '00000100010000003c00047f000001',
        ],
      },
      { name: 'dns.test.', type: 'AAAA', responses: ['000080800000000000000000'] },
    ])
    const chain = await forwarding(
      t,
      `forward . dns.test:${port} {\n resolver ${resolver.address}\n}`,
    )
    t.equal(await chain.ask('a.test. A'), ONE)
    const file = `${t.testdir({ 'resolv.conf': 'search x\nnameserver 192.0.2.9\nnameserver 192.0.2.9\n' })}/resolv.conf`
    await forwarding(t, `forward . ${file}`)
  },
)

t.test('metrics name the upstream, the rcode and whether a connection was open', async (t) => {
  const one = await upstream(t, [address('c0000201')])
  const chain = await forwarding(t, `forward . ${one.address}`)
  await chain.ask('a.test. A')
  await chain.ask('a.test. A')
  const to = `proxy_name="forward",to="${one.address}"`
  t.strictSame(await chain.samples('coredns_proxy_conn_cache'), [
    `coredns_proxy_conn_cache_hits_total{${to},proto="udp"} 1`,
    `coredns_proxy_conn_cache_misses_total{${to},proto="udp"} 1`,
  ])
  t.strictSame(await chain.samples('coredns_proxy_request_duration_seconds_count'), [
    `coredns_proxy_request_duration_seconds_count{${to},rcode="NOERROR"} 2`,
  ])
})
