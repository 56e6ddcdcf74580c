import { writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { module as file } from '../../../src/plugin/file/setup.ts'
import { membersOf } from '../../../src/plugin/secondary/catalog.ts'
import { module as secondary } from '../../../src/plugin/secondary/setup.ts'
import { module as transfer } from '../../../src/plugin/transfer/setup.ts'
import { name, nameToText } from '../../../src/wire/name.ts'
import { parseZone } from '../../../src/wire/presentation.ts'
import { until } from '../../until.ts'
import { arrangeAll, type Chain } from '../harness.ts'

const SOA = '@ 60 SOA ns h'

t.test(
  'a zone is transferred and answered, and transferred again when its serial is newer',
  async (t) => {
    const directory = t.testdir({ db: `${SOA} 1 1 1 100 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n` })
    const { port } = await primary(
      t,
      `a.test {\nfile ${directory}/db {\nreload 20ms\n}\ntransfer {\nto *\n}\n}`,
    )
    const chain = await running(t, `a.test {\nsecondary {\ntransfer from 127.0.0.1:${port}\n}\n}`)
    t.equal(await chain.ask('www.a.test. A'), 'SERVFAIL qr rd (rcode only)')
    await until(() => chain.log.some((line) => line.includes('Transferred: a.test.')))
    t.match(await chain.ask('www.a.test. A'), 'www.a.test. 60 IN A 192.0.2.1')
    const before = await chain.reply('www.a.test. A')
    writeFileSync(`${directory}/db`, `${SOA} 22 1 1 100 5\n@ 60 NS ns\nwww 60 A 192.0.2.2\n`)
    await until(async () => (await chain.ask('www.a.test. A')).includes('192.0.2.2'))
    const [version] = before.lifetime.versions
    const stands = before.lifetime.versions.every((v) => chain.versions.read(v.slot) === v.version)
    t.equal(stands, false, 'earlier replies are dead')
    t.ok(version)
  },
)

t.test('a catalog brings its members, and takes those away that it lists no more', async (t) => {
  const catalog = (serial: number, ...members: readonly string[]) =>
    [
      `${SOA} ${serial} 1 1 100 5`,
      '@ 0 NS invalid.',
      'version 0 TXT "2"',
      ...members.map((zone, i) => `m${i}.zones 0 PTR ${zone}`),
      '',
    ].join('\n')
  const directory = t.testdir({
    cat: catalog(1, 'a.test.', 'b.test.', 'c.other.'),
    db: `${SOA} 1 1 1 100 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n`,
  })
  const { port } = await primary(
    t,
    `. {\nfile ${directory}/cat cat.test {\nreload 20ms\n}\nfile ${directory}/db a.test b.test c.other\ntransfer {\nto *\n}\n}`,
  )
  const chain = await running(
    t,
    `. {\nsecondary cat.test {\ntransfer from 127.0.0.1:${port}\ncatalog test\n}\n}`,
  )
  await until(async () => (await chain.ask('www.b.test. A')).includes('192.0.2.1'))
  await until(async () => (await chain.ask('www.a.test. A')).includes('192.0.2.1'))
  t.match(await chain.ask('www.c.other. A'), /^REFUSED/, 'outside the member zones')
  writeFileSync(`${directory}/cat`, catalog(2, 'a.test.'))
  await until(async () => (await chain.ask('www.b.test. A')).startsWith('REFUSED'))
  t.match(await chain.ask('www.a.test. A'), '192.0.2.1')
})

t.test('a zone is transferred in messages that fit, whatever its size', async (t) => {
  const records = Array.from({ length: 5000 }, (_, i) => `h${i} 60 TXT "${'x'.repeat(40)}"`)
  const directory = t.testdir({ db: `${SOA} 1 9 9 9 9\n@ 60 NS ns\n${records.join('\n')}\n` })
  const { port } = await primary(t, `a.test {\nfile ${directory}/db\ntransfer {\nto *\n}\n}`)
  const chain = await running(t, `a.test {\nsecondary {\ntransfer from 127.0.0.1:${port}\n}\n}`)
  await until(() => chain.log.some((line) => line.includes('Transferred: a.test.')))
  t.match(await chain.ask('h4999.a.test. TXT'), 'xxxx')
})

t.test('only a primary may say that the zone has changed', async (t) => {
  const chain = await running(t, 'a.test {\nsecondary {\ntransfer from 127.0.0.1:1\n}\n}')
  const notify = Buffer.from(
    '00012400000100000000000001610474657374000006 0001'.replace(' ', ''),
    'hex',
  )
  t.equal(await chain.send(notify, { from: '192.0.2.1' }), undefined)
  const answer = await chain.send(notify, { from: '127.0.0.1' })
  t.equal(answer?.readUInt16BE(2), 0xa400, 'QR, NOTIFY, AA')
})

t.test('however many NOTIFYs come, one is looked into, and then one more', async (t) => {
  const directory = t.testdir({ db: `${SOA} 1 900 900 900 5\n@ 60 NS ns\n` })
  const server = await primary(t, `a.test {\nfile ${directory}/db\ntransfer {\nto *\n}\n}`)
  const chain = await running(
    t,
    `a.test {\nsecondary {\ntransfer from 127.0.0.1:${server.port}\n}\n}`,
  )
  const said = (text: string) => chain.log.filter((line) => line.includes(text)).length
  await until(() => said('Transferred: a.test.') === 1)
  const before = server.connections
  const notify = Buffer.from('000124000001000000000000016104746573740000060001', 'hex')
  for (let i = 0; i < 100; i++) await chain.send(notify, { from: '127.0.0.1' })
  await until(() => said('no SOA serial increase seen') === 2)
  t.equal(server.connections - before, 2)
  await chain.send(notify, { from: '127.0.0.1' })
  await until(() => said('no SOA serial increase seen') === 3)
  t.equal(server.connections - before, 3, 'a later one is looked into again')
})

t.test('a zone that has expired is there again as soon as its primary is', async (t) => {
  const directory = t.testdir({ db: `${SOA} 1 1 1 1 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\n` })
  const server = await primary(t, `a.test {\nfile ${directory}/db\ntransfer {\nto *\n}\n}`)
  const chain = await running(
    t,
    `a.test {\nsecondary {\ntransfer from 127.0.0.1:${server.port}\n}\n}`,
  )
  await until(async () => (await chain.ask('www.a.test. A')).includes('192.0.2.1'))
  const before = await chain.reply('www.a.test. A')
  server.isAway = true
  await until(async () => (await chain.ask('www.a.test. A')).startsWith('SERVFAIL'))
  const stands = before.lifetime.versions.every((v) => chain.versions.read(v.slot) === v.version)
  t.equal(stands, false, 'earlier replies are dead')
  t.match(chain.log.join('\n'), 'Zone a.test. is expired')
  server.isAway = false
  await until(async () => (await chain.ask('www.a.test. A')).includes('192.0.2.1'))
  t.pass('its serial is still the same')
})

t.test('a catalog that is broken is refused', async (t) => {
  const members = (text: string) =>
    membersOf(name('c.test.'), parseZone(text, name('c.test.'), { ttl: 0 })).map(({ id, zone }) => [
      id,
      nameToText(zone),
    ])
  const head = `${SOA} 1 2 3 4 5\n@ NS invalid.\n`
  const whole = `${head}version TXT "2"\n`
  t.strictSame(
    members(
      `${whole}b.zones PTR Example.NET.\na.zones PTR example.com.\ngroup.a.zones TXT "x"\ncoo.a.zones PTR d.test.\n`,
    ),
    [
      ['a', 'example.com.'],
      ['b', 'example.net.'],
    ],
  )
  t.throws(() => members('@ NS invalid.\nversion TXT "2"\n'), /no SOA/)
  t.throws(() => members(`${SOA} 1 2 3 4 5\nversion TXT "2"\n`), /no NS/)
  t.throws(() => members(head), /exactly one version/)
  t.throws(() => members(`${head}version TXT "1"\n`), /unsupported version "1"/)
  t.throws(() => members(`${whole}a.zones PTR x.\na.zones PTR y.\n`), /exactly one PTR/)
  t.throws(() => members(`${whole}a.zones PTR x.\nb.zones PTR x.\n`), /listed by both a and b/)
})

interface Primary {
  readonly port: number
  /** Connections that have come. */
  connections: number
  /** Whether it hangs up on everybody. */
  isAway: boolean
}

/** A server of a Corefile over TCP, on a port that the kernel chooses. */
async function primary(t: Test, corefile: string): Promise<Primary> {
  const chain = await arrangeAll(corefile, [transfer, file])
  await chain.start()
  const sockets = new Set<Socket>()
  const self = { port: 0, connections: 0, isAway: false }
  const server: Server = createServer((socket) => {
    self.connections++
    socket.on('error', () => {})
    if (self.isAway) return socket.destroy()
    sockets.add(socket)
    socket.on('data', (chunk) => void answer(chain, socket, chunk.subarray(2)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await chain.stop()
  })
  self.port = (server.address() as { port: number }).port
  return self
}

async function answer(chain: Chain, socket: Socket, packet: Buffer): Promise<void> {
  const end = { address: '127.0.0.1', port: 1 }
  const response = await chain.responder.handle(packet, {
    transport: 'tcp',
    client: end,
    local: end,
  })
  if (response === undefined) return
  const messages = response instanceof Uint8Array ? [response] : response
  for await (const message of messages) {
    const length = Buffer.from([message.length >> 8, message.length & 0xff])
    socket.write(Buffer.concat([length, message]))
  }
}

async function running(t: Test, corefile: string): Promise<Chain> {
  const chain = await arrangeAll(corefile, [secondary], { host: { random: () => 0 } })
  await chain.start()
  t.teardown(() => chain.stop())
  return chain
}
