import t from 'tap'
import { openDatagram } from '../../src/net/listener.ts'
import type { PlaneOptions } from '../../src/net/plane.ts'
import { loadSyscalls } from '../../src/net/syscalls.ts'
import { freePort } from '../ports.ts'
import { address, query, reply } from '../table/harness.ts'
import { until } from '../until.ts'
import { UdpClient, withoutIpv6 } from './clients.ts'
import { chain, PlaneBench, WEB } from './plane-bench.ts'

/** A socket's queue holds them all before its thread is up, also where the kernel grants no more than 208 KiB. */
const MANY = 400

const machines: readonly (readonly [string, Partial<PlaneOptions>])[] = [
  ['data threads', {}],
  ['node:dgram', { syscalls: 'koffi is not installed' }],
]

for (const [machine, options] of machines) {
  if (machine === 'data threads' && typeof loadSyscalls() === 'string') continue

  t.test(`${machine}: the table answers what it knows, the chain the rest`, async (t) => {
    const server = new PlaneBench(2, options)
    t.teardown(() => server.close())
    const port = await server.open()
    server.publish(WEB)
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    const asked = query(WEB, { id: 1 })
    t.same(await client.ask(asked, port), reply(asked, { answer: [address(1)] }))
    t.equal(server.peers.length, 0)
    const other = query('other.shop.svc.cluster.local', { id: 2 })
    t.same(await client.ask(other, port), chain(other))
    t.match(server.peers, [
      { transport: 'udp', client: { address: '127.0.0.1' }, local: { address: '127.0.0.1', port } },
    ])
  })

  t.test(
    `${machine}: answers leave from the address that was asked, over both families`,
    async (t) => {
      const server = new PlaneBench(1, options)
      t.teardown(() => server.close())
      const port = await server.open('')
      server.publish(WEB)
      if (withoutIpv6 !== false) t.comment(`skipped over IPv6: ${withoutIpv6}`)
      for (const [type, host] of [
        ['udp4', '127.0.0.1'],
        ['udp4', machine === 'data threads' ? '127.0.0.2' : '127.0.0.1'],
        ['udp6', '::1'],
      ] as const) {
        if (type === 'udp6' && withoutIpv6 !== false) continue
        const client = await UdpClient.open(type)
        t.teardown(() => client.close())
        await client.ask(query(WEB, { id: 1 }), port, host)
        await client.ask(query('miss.example', { id: 2 }), port, host)
        t.equal(client.answers.get(1)?.from, host)
        t.equal(client.answers.get(2)?.from, host)
        t.equal(server.peers.at(-1)?.local.address, host)
      }
    },
  )

  t.test(`${machine}: many queries at once, each answered once`, async (t) => {
    const server = new PlaneBench(2, options)
    t.teardown(() => server.close())
    const port = await server.open()
    server.publish(WEB)
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    for (let id = 0; id < MANY; id++) {
      await client.send(query(id % 2 === 0 ? WEB : `n${id}.example`, { id }), port)
    }
    t.equal(await client.collected(MANY), MANY)
    for (const [id, { message }] of client.answers) {
      const asked = query(id % 2 === 0 ? WEB : `n${id}.example`, { id })
      t.same(message, id % 2 === 0 ? reply(asked, { answer: [address(1)] }) : chain(asked))
    }
  })

  t.test(`${machine}: what has come is answered before the listener closes`, async (t) => {
    const server = new PlaneBench(2, options)
    const port = await server.open()
    server.publish(WEB)
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    for (let id = 0; id < 300; id++) {
      await client.send(query(id % 2 === 0 ? WEB : `n${id}.example`, { id }), port)
    }
    await server.close()
    t.equal(await client.collected(300), 300)
  })

  t.test(`${machine}: hostile packets do no harm`, async (t) => {
    const server = new PlaneBench(1, options)
    t.teardown(() => server.close())
    const port = await server.open()
    server.publish(WEB)
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    const whole = query(WEB, { udp: 1232, cookie: '12345678' })
    for (let length = 0; length < whole.length; length++) {
      await client.send(whole.subarray(0, length), port)
    }
    await client.send(Buffer.alloc(4000, 0xff), port)
    await client.send(Buffer.alloc(512, 0x3f), port)
    client.answers.clear()
    t.ok(await client.ask(query(WEB, { id: 77 }), port))
    t.ok(client.answers.has(77))
  })

  t.test(
    `${machine}: a change of the configuration takes effect between two batches`,
    async (t) => {
      const server = new PlaneBench(1, options)
      t.teardown(() => server.close())
      const { plane } = server
      const listener = await openDatagram(
        { host: '127.0.0.1', port: await freePort(), plane },
        chain,
      )
      t.teardown(() => listener.close())
      server.publish(WEB)
      const client = await UdpClient.open()
      t.teardown(() => client.close())
      const ask = async (id: number) =>
        (await client.ask(query(WEB, { id }), listener.port))?.at(-1)
      t.equal(await ask(1), 9, 'no scope, no table')
      listener.useScope(server.scope)
      t.equal(await ask(2), 1)
      listener.useScope(server.table.openScope())
      t.equal(await ask(3), 9)
    },
  )

  t.test(`${machine}: an address that is taken is told`, async (t) => {
    const server = new PlaneBench(2, options)
    t.teardown(() => server.close())
    const port = await server.open()
    await t.rejects(server.open('127.0.0.1', port), {
      message: `ListenPacket: listen udp 127.0.0.1:${port}: bind: address already in use`,
    })
    await t.rejects(server.open('203.0.113.250', 0), /bind: cannot assign requested address$/)
  })

  t.test(`${machine}: repetitions that are to be told are told one by one`, async (t) => {
    const server = new PlaneBench(2, options)
    t.teardown(() => server.close())
    const port = await server.open()
    server.publish(WEB, { observed: true })
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    const sent: string[] = []
    for (let id = 0; id < 50; id++) {
      const asked = query(id % 2 ? WEB : WEB.toUpperCase(), { id })
      sent.push(asked.toString('hex'))
      await client.send(asked, port)
    }
    await client.collected(50)
    await until(() => server.repeats.length >= 50)
    t.strictSame([...server.repeats].sort(), sent.sort())
  })
}

if (typeof loadSyscalls() !== 'string') {
  t.test('who throws when told of a repetition keeps no other query from its answer', async (t) => {
    let failures = 0
    const onRepeat = () => {
      throw new Error('a bug')
    }
    const server = new PlaneBench(1, { onRepeat, onFailure: () => failures++ })
    t.teardown(() => server.close())
    const port = await server.open()
    server.publish(WEB, { observed: true })
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    for (let id = 0; id < 20; id++) await client.send(query(WEB, { id }), port)
    t.equal(await client.collected(20), 20)
    await until(() => failures >= 20)
    t.equal(failures, 20)
    t.ok(await client.ask(query('n.example', { id: 20 }), port), 'nor the chain from its own')
  })

  t.test('several addresses share the threads', async (t) => {
    const server = new PlaneBench(2)
    t.teardown(() => server.close())
    const ports = [await server.open(), await server.open()]
    server.publish(WEB)
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    for (let id = 0; id < 30; id++) await client.send(query(WEB, { id }), ports[id % 2] as number)
    t.equal(await client.collected(30), 30)
  })

  t.test('so do addresses of both families', { skip: withoutIpv6 }, async (t) => {
    const server = new PlaneBench(2)
    t.teardown(() => server.close())
    const [port, port6] = [await server.open(), await server.open('::1')]
    server.publish(WEB)
    const client = await UdpClient.open()
    const client6 = await UdpClient.open('udp6')
    t.teardown(() => client.close())
    t.teardown(() => client6.close())
    for (let id = 0; id < 30; id++) {
      await client.send(query(WEB, { id }), port)
      await client6.send(query(WEB, { id }), port6, '::1')
    }
    t.equal(await client.collected(30), 30)
    t.equal(await client6.collected(30), 30)
  })

  t.test(
    'a thread that throws is replaced over the same socket, and nothing is lost',
    async (t) => {
      const server = new PlaneBench(1)
      t.teardown(() => server.close())
      const port = await server.open()
      server.publish(WEB)
      const client = await UdpClient.open()
      t.teardown(() => client.close())
      await client.ask(query(WEB, { id: 0 }), port)
      for (let round = 0; round < 3; round++) {
        client.answers.clear()
        server.plane.throwInThread(0)
        for (let id = 0; id < 100; id++) await client.send(query(WEB, { id }), port)
        t.equal(await client.collected(100), 100)
      }
      t.equal(server.plane.stats().replaced, 3)
    },
  )

  t.test('starting and stopping at any moment does not hang', async (t) => {
    for (let round = 0; round < 6; round++) {
      const server = new PlaneBench(2)
      const port = await server.open()
      const client = await UdpClient.open()
      for (let id = 0; id < 10 * round; id++) await client.send(query(WEB, { id }), port)
      if (round % 2 === 1) await client.collected(1)
      await server.close()
      t.equal(await client.collected(10 * round), 10 * round)
      client.close()
    }
  })

  t.test('queries that wait for the chain are bounded, and those above it counted', async (t) => {
    const server = new PlaneBench(1)
    t.teardown(() => server.close())
    const { plane } = server
    const waiting: (() => void)[] = []
    const later = (packet: Buffer) =>
      new Promise<Buffer | undefined>((done) => waiting.push(() => done(chain(packet))))
    const listener = await openDatagram({ host: '127.0.0.1', port: await freePort(), plane }, later)
    const client = await UdpClient.open()
    t.teardown(() => client.close())
    for (let id = 0; id < 11_000; id++) await client.send(query('n.example', { id }), listener.port)
    const lost = () => {
      const { overflowed, kernelDrops, limited } = plane.stats()
      return overflowed + kernelDrops + limited
    }
    await until(() => plane.stats().missed + lost() >= 11_000)
    await until(() => waiting.length + listener.stats.dropped >= plane.stats().missed)
    t.ok(waiting.length <= 10_000)
    t.ok(listener.stats.dropped + lost() >= 1000)
    for (const answer of waiting) answer()
    await listener.close()
    t.equal(listener.stats.sent, waiting.length)
  })
}
