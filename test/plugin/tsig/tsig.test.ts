import { readFileSync } from 'node:fs'
import t from 'tap'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { giveUp } from '../../../src/plugin/reply.ts'
import { addKeyFile, type Keys } from '../../../src/plugin/tsig/keys.ts'
import { readTsig } from '../../../src/plugin/tsig/record.ts'
import { module as tsig } from '../../../src/plugin/tsig/setup.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { name } from '../../../src/wire/name.ts'
import { readMessage } from '../../../src/wire/reader.ts'
import { answering, arrange, type Chain, mistake, replay, replying, rr } from '../harness.ts'
import { plainHosts } from '../plain-hosts.ts'

/** Messages signed by another implementation (github.com/miekg/dns): a query at {@link SIGNED_AT}, its reply five seconds later and a second message of it. */
const SIGNED: readonly {
  readonly algorithm: string
  readonly query: string
  readonly reply: string
  readonly next: string
  /** The reply to the same query at {@link TOO_LATE}. */
  readonly badTime: string
}[] = JSON.parse(readFileSync(new URL('signed.json', import.meta.url), 'utf8'))
const SIGNED_AT = 1_700_000_000
const TOO_LATE = 1_700_007_672

const KEY = 'secret gull.key. c2VhZ3VsbHMgYXJlIG5vdCBwaWdlb25zISEhISEh'
const backend = answering('a.test. 60 IN A 192.0.2.1')
const at = (seconds: number) => ({ host: { wallClock: () => seconds * 1000 + 999 } })
const arranged = (seconds: number, lines = KEY, behind: Plugin = backend): Promise<Chain> =>
  arrange(`tsig {\n${lines}\n}`, [tsig], { backend: behind, ...at(seconds) })

const { query, badTime } = SIGNED[2] as (typeof SIGNED)[number]
const signedQuery = Buffer.from(query, 'hex')

/** Rcode, and error and MAC of the TSIG record; octets of it all. */
function told(message: Buffer | undefined) {
  const { flags, additional, answer } = readMessage(message as Buffer)
  const record = additional.at(-1)
  const fields = record?.type === TYPE.TSIG ? readTsig(record) : undefined
  return {
    rcode: flags & 15,
    answers: answer.length,
    error: fields?.error,
    mac: fields?.mac.length,
  }
}

t.test('a signed query is answered with a signed reply, octet for octet', async (t) => {
  for (const { algorithm, query, reply } of SIGNED) {
    const chain = await arranged(SIGNED_AT + 5)
    t.equal((await chain.send(Buffer.from(query, 'hex')))?.toString('hex'), reply, algorithm)
  }
})

t.test('further messages of a stream are signed over the times and the MAC before', async (t) => {
  for (const { algorithm, query, reply, next } of SIGNED) {
    const records = [rr('a.test. 60 IN A 192.0.2.1')]
    async function* batches() {
      yield records
      yield records
    }
    const chain = await arranged(SIGNED_AT + 5, KEY, replying({ stream: batches() }))
    const peer = { address: '127.0.0.1', port: 1 }
    const response = await chain.responder.handle(Buffer.from(query, 'hex'), {
      transport: 'tcp',
      client: peer,
      local: peer,
    })
    const messages: string[] = []
    for await (const message of response as AsyncIterable<Uint8Array>) {
      messages.push(Buffer.from(message).toString('hex'))
    }
    t.strictSame(messages, [reply, next], algorithm)
  }
})

t.test('a clock too far away is BADTIME, signed, with both times', async (t) => {
  const chain = await arranged(TOO_LATE)
  t.equal((await chain.send(signedQuery))?.toString('hex'), badTime)
  const early = await arranged(SIGNED_AT - 301)
  t.equal(told(await early.send(signedQuery)).error, RCODE.BADTIME)
  const within = await arranged(SIGNED_AT - 300)
  t.equal(told(await within.send(signedQuery)).error, 0)
})

t.test('an unknown key is BADKEY, a wrong MAC BADSIG, both without a MAC of ours', async (t) => {
  const unknown = await arranged(SIGNED_AT, 'secret tern.key. c2VhZ3VsbHMh')
  t.match(told(await unknown.send(signedQuery)), {
    rcode: RCODE.NOTAUTH,
    answers: 0,
    error: 17,
    mac: 0,
  })
  const chain = await arranged(SIGNED_AT)
  const forged = Buffer.from(signedQuery)
  forged[13] = 0x62
  t.match(told(await chain.send(forged)), { rcode: RCODE.NOTAUTH, answers: 0, error: 16, mac: 0 })
  const shortened = Buffer.from(query.replace('0020231882', '0020231883'), 'hex')
  t.match(told(await chain.send(shortened)), { error: 16 })
})

t.test('behind it nobody sees the record', async (t) => {
  let seen = -1
  const watching: Plugin = {
    ...backend,
    serve: (query, next) => {
      seen = query.message.additional.length
      return backend.serve(query, next)
    },
  }
  const chain = await arranged(SIGNED_AT, KEY, watching)
  await chain.send(signedQuery)
  t.equal(seen, 0)
})

t.test('a reply that nobody wrote is signed too, and its error told here', async (t) => {
  const failing: Plugin = {
    name: 'backend',
    serve: (query) => giveUp(query, 'backend', RCODE.SERVFAIL, 'no luck'),
  }
  const chain = await arranged(SIGNED_AT, KEY, failing)
  t.match(told(await chain.send(signedQuery)), { rcode: RCODE.SERVFAIL, error: 0, mac: 32 })
  t.strictSame(chain.log, ['[ERROR] plugin/tsig: request handler returned an error: no luck'])
})

t.test(
  'a reply that its record makes too long is cut to the question (RFC 8945 §5.3)',
  async (t) => {
    const addresses = Array.from({ length: 27 }, (_, i) => `a.test. 60 IN A 192.0.2.${i}`)
    const chain = await arranged(SIGNED_AT, KEY, answering(...addresses))
    const reply = (await chain.send(signedQuery)) as Buffer
    t.ok(reply.length <= 512)
    t.match(told(reply), { rcode: 0, answers: 0, error: 0, mac: 32 })
    t.equal(reply.readUInt16BE(2) & 0x0200, 0x0200)
    const overTcp = await chain.send(signedQuery, { transport: 'tcp' })
    t.match(told(overTcp), { answers: 27 })
  },
)

t.test('what must be signed and is not is refused, in its zones', async (t) => {
  const chain = await arrange(`tsig b.test {\n${KEY}\nrequire TXT\n}`, [tsig], { backend })
  t.equal(await chain.ask('b.test TXT'), 'REFUSED qr rd')
  t.equal((await chain.reply('b.test TXT')).lifetime, ALWAYS)
  t.match(await chain.ask('b.test A'), /^NOERROR/)
  t.match(await chain.ask('a.test TXT'), /^NOERROR/)
  const plugin = chain.plugin('tsig')
  t.equal(plugin.clearOf?.(name('x.b.test'), TYPE.TXT), false)
  t.equal(plugin.clearOf?.(name('test'), TYPE.TXT), false)
  t.equal(plugin.clearOf?.(name('x.b.test'), TYPE.A), true)
  t.equal(plugin.clearOf?.(name('c.test'), TYPE.TXT), true)
})

t.test('all and none are understood', async (t) => {
  const all = await arranged(SIGNED_AT, `${KEY}\nrequire all`)
  t.equal(await all.ask('a.test A'), 'REFUSED qr rd')
  const opcodes = await arranged(SIGNED_AT, `${KEY}\nrequire none\nrequire_opcode all`)
  t.equal(await opcodes.ask('a.test A'), 'REFUSED qr rd')
})

t.test("keys are read from a file in BIND's manner", async (t) => {
  const keys: Keys = new Map()
  addKeyFile(
    keys,
    'key "Gull.Key" {\n  algorithm hmac-sha256;\n  secret "c2Vh";\n};\n\nkey tern {\n secret dGVybg==;\n}\n',
  )
  t.strictSame(
    [...keys],
    [
      [name('gull.key'), Buffer.from('sea')],
      [name('tern'), Buffer.from('tern')],
    ],
  )
  t.throws(() => addKeyFile(new Map(), 'key x {\n};\n'), { message: 'expected secret for key "x"' })
  t.throws(() => addKeyFile(new Map(), 'keys x {\n'), { message: 'unexpected token "keys"' })
})

t.test('whatever is wrong, the place is told', async (t) => {
  const say = (line: string) => mistake(`tsig {\n${KEY}\n${line}\n}`, [tsig])
  const where = (word: string) =>
    `Corefile:4 - Error during parsing: Wrong argument count or unexpected line ending after '${word}'`
  t.equal(await say('require NOPE'), where('NOPE'))
  t.equal(await say('require_opcode DANCE'), where('DANCE'))
  t.equal(await say('secrets /nowhere/at/all'), where('/nowhere/at/all'))
  t.equal(await say(KEY), where('c2VhZ3VsbHMgYXJlIG5vdCBwaWdlb25zISEhISEh'))
  t.equal(await say('colour blue'), where('colour'))
  t.match(await mistake('tsig\ntsig', [tsig]), /Wrong argument count .* after 'tsig'/)
})

t.test('the recording of require_opcode agrees', async (t) => {
  t.strictSame(await replay('tsig-require-opcode', [bind, tsig, plainHosts]), [])
})
