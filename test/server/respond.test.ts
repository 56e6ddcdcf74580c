import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { link, type Plugin } from '../../src/plugin/plugin.ts'
import { type Exchange, Query } from '../../src/plugin/query.ts'
import { replyTo } from '../../src/plugin/reply.ts'
import { Responder } from '../../src/server/respond.ts'
import { type RoutedBlock, Router } from '../../src/server/router.ts'
import { name } from '../../src/wire/name.ts'
import type { Question } from '../../src/wire/reader.ts'
import type { Octets } from '../../src/wire/record.ts'
import { Writer } from '../../src/wire/writer.ts'
import fc from '../fast-check.ts'

/** Answers every name as the recordings' `hosts` does for `a.quay.test`: one address, TTL 3600, AA. */
const address: Plugin = {
  name: 'address',
  serve: (query) =>
    replyTo(query, 'address', {
      flags: replyTo(query, '').flags | 0x0400,
      answer: [
        { owner: query.qname, type: 1, class: 1, ttl: 3600, rdata: '\xc0\0\x02\x01' as Octets },
      ],
    }),
}

function block(
  zone: string,
  plugins: readonly Plugin[],
  more: Partial<RoutedBlock> = {},
): RoutedBlock {
  return {
    zone: name(zone),
    view: '',
    bugs: { debug: false, stacktrace: false },
    chain: plugins.length === 0 ? undefined : link(plugins),
    takesAnyClass: false,
    prepare: () => {},
    passes: () => true,
    filtered: false,
    mayDenyBelow: () => false,
    closedZone: () => undefined,
    ...more,
  }
}

function responder(...blocks: RoutedBlock[]): Responder {
  const writer = new Writer()
  const router = new Router('dns://:53', blocks, {
    writer,
    dropped: () => {},
    guard: (query, run) => run(query),
  })
  return new Responder(router, writer, () => 0)
}

const peer = {
  transport: 'udp' as const,
  client: { address: '127.0.0.1', port: 4000 },
  local: { address: '127.0.0.1', port: 53 },
}

const answered = (response: ReturnType<Responder['handle']>) => response as Uint8Array | undefined

t.test('packets of every recorded kind get the header that the reference gives', async (t) => {
  const folder = fileURLToPath(new URL('../parity/plugins/', import.meta.url))
  const serving = responder(block('quay.test', [address]))
  for (const file of readdirSync(folder).filter((f) => f.startsWith('packet-'))) {
    const { exchanges } = JSON.parse(readFileSync(folder + file, 'utf8'))
    for (const { query, response, q } of exchanges) {
      if (q?.proto === 'tcp' || response === undefined) continue
      const answer = answered(serving.handle(Buffer.from(query, 'hex'), peer))
      const got = answer === undefined ? null : Buffer.from(answer).subarray(0, 6).toString('hex')
      const rcode = response === null ? 0 : Number.parseInt(response.slice(7, 8), 16)
      if (rcode === 2 || rcode === 3) continue
      t.equal(got, response === null ? null : response.slice(0, 12), `${file}: ${q?.note}`)
    }
  }
})

t.test(
  'no packet makes the server throw, and every answer is a response with the id of its query',
  async (t) => {
    const serving = responder(block('.', [address]))
    const start = Buffer.from('123401000001000000000001016100000100010000290400000080000000', 'hex')
    const mutated = fc
      .tuple(
        fc.array(fc.tuple(fc.nat(start.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(start.length),
      )
      .map(([changes, length]) => {
        const packet = Buffer.from(start.subarray(0, length))
        for (const [at, value] of changes) if (at < length) packet[at] = value
        return packet
      })
    const anything = fc.uint8Array({ maxLength: 600 }).map((octets) => Buffer.from(octets))
    fc.assert(
      fc.property(fc.oneof(mutated, anything), (packet) => {
        const answer = answered(serving.handle(packet, peer))
        if (answer === undefined) return
        t.equal(Buffer.from(answer).readUInt16BE(0), packet.readUInt16BE(0))
        t.ok(((answer[2] as number) & 0x80) !== 0)
      }),
      { numRuns: 5000 },
    )
  },
)

t.test(
  'the longest zone takes a query, and a query for DS goes to the shortest but the root',
  async (t) => {
    const by = (which: string): Plugin => ({ ...address, serve: (query) => replyTo(query, which) })
    const router = new Router(
      'dns://:53',
      [block('.', [by('root')]), block('test', [by('test')]), block('a.test', [by('a.test')])],
      {
        writer: new Writer(),
        dropped: () => {},
        guard: (query, run) => ({ ...replyTo(query, ''), ...run(query) }),
      },
    )
    const asked = (qname: string, qtype: number) => {
      const exchange = {
        ...peer,
        listener: router,
        started: 0,
        packet: undefined,
        depth: 0,
        deadline: 0,
      }
      const question = { qname: name(qname), qtype, qclass: 1 }
      return router.serve(makeQuery(exchange, question)) as ReturnType<typeof replyTo>
    }
    t.equal(asked('x.A.test', 1).by, 'a.test')
    t.equal(asked('b.test', 1).by, 'test')
    t.equal(asked('other', 1).by, 'root')
    t.equal(asked('x.a.test', 43).by, 'test')
    t.equal(asked('other', 43).by, 'root')
  },
)

function makeQuery(exchange: Exchange, question: Question): Query {
  const message = {
    id: 1,
    flags: 0x0100,
    question,
    answer: [],
    authority: [],
    additional: [],
    opt: undefined,
    whole: true,
  }
  return new Query(exchange, { id: 1, flags: 0x0100, question, opt: undefined }, message)
}

t.test('a client that takes more than a datagram holds gets what it holds, and TC', (t) => {
  const qname = name('a')
  const rdata = '\xc0\0\x02\x01' as Octets
  const answer = Array.from({ length: 5000 }, () => ({
    owner: qname,
    type: 1,
    class: 1,
    ttl: 5,
    rdata,
  }))
  const many: Plugin = { name: 'many', serve: (query) => replyTo(query, 'many', { answer }) }
  const packet = Buffer.from('12340100000100000000000101610000010001000029ffff000000000000', 'hex')
  const message = Buffer.from(answered(responder(block('.', [many])).handle(packet, peer)) ?? [])
  t.ok(message.length > 65_000 && message.length <= 65_507, String(message.length))
  t.equal((message[2] as number) & 2, 2)
  t.end()
})

t.test('an EDNS option that its code does not allow gets FORMERR', async (t) => {
  const serving = responder(block('.', [address]))
  const rcodeOf = (option: string) => {
    const length = (option.length / 2).toString(16).padStart(4, '0')
    const hex = `12340100000100000000000101610000010001000029 04d0 00000000 ${length}${option}`
    const answer = answered(serving.handle(Buffer.from(hex.replaceAll(' ', ''), 'hex'), peer))
    return answer === undefined ? undefined : (answer[3] as number) & 15
  }
  for (const [what, option, rcode] of [
    ['a subnet of 64 bits of IPv4', '0008000700014000 0a0000', 1],
    ['a subnet of one octet', '0008000100', 1],
    ['a subnet of another family', '0008000400090000', 1],
    ['a subnet that fits', '00080007000118000a0000', 0],
    ['keepalive of one octet', '000b000101', 1],
    ['keepalive of none', '000b0000', 0],
    ['an expiry of two octets', '000900020001', 1],
    ['an error of one octet', '000f000101', 1],
    ['an option that nobody knows', 'fde900020102', 0],
  ] as const) {
    t.equal(rcodeOf(option.replaceAll(' ', '')), rcode, what)
  }
})
