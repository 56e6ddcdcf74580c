import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { module as file } from '../../../src/plugin/file/setup.ts'
import type { Reply } from '../../../src/plugin/reply.ts'
import { module as transfer } from '../../../src/plugin/transfer/setup.ts'
import { TYPE } from '../../../src/wire/codes.ts'
import { readMessage } from '../../../src/wire/reader.ts'
import type { Rr } from '../../../src/wire/record.ts'
import { until } from '../../until.ts'
import { arrangeAll, type Chain, queryFor, replyText, rr, rrText } from '../harness.ts'

const ZONE = '@ 60 SOA ns h 7 2 3 4 5\n@ 60 NS ns\nwww 60 A 192.0.2.1\nns 60 A 192.0.2.2\n'
const SOA = 'a.test. 60 IN SOA ns.a.test. h.a.test. 7 2 3 4 5'

t.test('a zone goes out over TCP, the SOA first and last', async (t) => {
  const chain = await serving(t, 'to *')
  const reply = await chain.reply('A.test. AXFR', { transport: 'tcp' })
  const records = await recordsOf(reply)
  t.strictSame(records.map(rrText), [
    SOA,
    'a.test. 60 IN NS ns.a.test.',
    'ns.a.test. 60 IN A 192.0.2.2',
    'www.a.test. 60 IN A 192.0.2.1',
    SOA,
  ])
  t.match(
    chain.log.join('\n'),
    'Outgoing transfer of 5 records of zone "A.test." to 127.0.0.1 for 7 SOA serial',
  )
})

t.test('it is refused over UDP, and to those who are not listed', async (t) => {
  const chain = await serving(t, 'to 192.0.2.1')
  t.equal(await chain.ask('a.test. AXFR'), 'REFUSED qr rd (rcode only)')
  t.equal(await chain.ask('a.test. AXFR', { transport: 'tcp' }), 'REFUSED qr rd')
  const listed = await chain.reply('a.test. AXFR', { transport: 'tcp', from: '192.0.2.1' })
  t.equal((await recordsOf(listed)).length, 5)
})

t.test('IXFR gives the SOA alone to who has the serial, else the zone', async (t) => {
  const chain = await serving(t, 'to *')
  const asked = async (serial: number) => {
    const authority = [rr(SOA.replace(' 7 ', ` ${serial} `))]
    return replyText(await ixfr(chain, authority))
  }
  t.equal(await asked(7), `NOERROR qr rd\n${SOA}`)
  t.equal((await recordsOf(await ixfr(chain, [rr(SOA.replace(' 7 ', ' 6 '))]))).length, 5)
  t.equal(replyText(await ixfr(chain, [])), 'SERVFAIL qr rd (rcode only)')
})

t.test('a record that fills a message does not end a transfer behind the SOA', async (t) => {
  const strings = Array.from({ length: 247 }, () => `"${'x'.repeat(255)}"`).join(' ')
  const db = `@ 60 SOA ns h 7 2 3 4 5\n@ 60 TXT ${strings}\nw 60 A 192.0.2.1\n`
  const chain = await serving(t, 'to *', db)
  const reply = await chain.reply('a.test. AXFR', { transport: 'tcp' })
  const types = (await recordsOf(reply)).map(({ type }) => type)
  t.strictSame(types, [TYPE.SOA, TYPE.TXT, TYPE.A, TYPE.SOA])
})

t.test('a zone that no rule is for is what those behind make of it', async (t) => {
  const directory = t.testdir({ db: ZONE })
  const corefile = `. {\nfile ${directory}/db a.test\ntransfer b.test {\nto *\n}\n}`
  const chain = await arrangeAll(corefile, [transfer, file])
  await chain.start()
  t.teardown(() => chain.stop())
  t.equal(await chain.ask('a.test. AXFR', { transport: 'tcp' }), 'REFUSED qr rd (rcode only)')
})

t.test('other servers are told of a change', async (t) => {
  const heard: Buffer[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message, peer) => {
    heard.push(message)
    const reply = Buffer.from(message)
    reply.writeUInt16BE(0xa400, 2)
    socket.send(reply, peer.port, peer.address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.teardown(() => socket.close())
  const directory = t.testdir({ db: ZONE })
  const to = `to 127.0.0.1:${socket.address().port}`
  const chain = await arrangeAll(
    `a.test {\nfile ${directory}/db {\nreload 20ms\n}\ntransfer {\n${to}\n}\n}`,
    [transfer, file],
  )
  await chain.start()
  t.teardown(() => chain.stop())
  await until(() => heard.length > 0)
  const { flags, question } = readMessage(heard[0] as Buffer)
  t.equal(flags, 0x2400, 'NOTIFY, AA')
  t.strictSame([question?.qname, question?.qtype], ['\x01a\x04test\0', 6])
  // Who is slow to acknowledge is told again.
  const before = heard.length
  writeFileSync(`${directory}/db`, ZONE.replace(' 7 ', ' 81 '))
  await until(() => heard.length > before)
})

async function serving(t: Test, to: string, db = ZONE): Promise<Chain> {
  const directory = t.testdir({ db })
  const corefile = `a.test {\nfile ${directory}/db\ntransfer {\n${to}\n}\n}`
  const chain = await arrangeAll(corefile, [transfer, file])
  await chain.start()
  t.teardown(() => chain.stop())
  return chain
}

/** The reply to an IXFR query with these records in its authority section. */
async function ixfr(chain: Chain, authority: readonly Rr[]): Promise<Reply> {
  const query = queryFor('a.test. IXFR', { transport: 'tcp' }, chain.router)
  Object.assign(query.message, { authority })
  return chain.router.serve(query)
}

async function recordsOf(reply: Reply): Promise<Rr[]> {
  const records: Rr[] = []
  for await (const batch of reply.stream ?? []) records.push(...batch)
  return records
}
