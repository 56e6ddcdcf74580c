import { type Answer, decode } from 'dns-packet'
import t from 'tap'
import { TYPE } from '../../src/wire/codes.ts'
import { FLAG } from '../../src/wire/header.ts'
import { name, nameToText } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { type Octets, type Rr, rdata, srvRdata } from '../../src/wire/record.ts'
import { type Content, uncompressedOctets, Writer } from '../../src/wire/writer.ts'
import fc from '../fast-check.ts'
import { anyName, anyRecord, plainName } from './arbitrary.ts'

const writer = new Writer()

function content(parts: Partial<Content>): Content {
  return {
    id: 0x1234,
    flags: FLAG.QR | FLAG.AA,
    question: { qname: name('svc.cluster.local'), qtype: TYPE.A, qclass: 1 },
    answer: [],
    authority: [],
    additional: [],
    opt: undefined,
    ...parts,
  }
}

t.test('what is written is read back the same, whatever octets the names have', async (t) => {
  const records = fc.array(anyRecord(anyName), { maxLength: 6 })
  fc.assert(
    fc.property(anyName, records, records, records, (qname, answer, authority, additional) => {
      const question = { qname, qtype: TYPE.A, qclass: 1 }
      const given = content({ question, answer, authority, additional })
      const read = readMessage(Buffer.from(writer.write(given, 65535)))
      t.match(read.whole, true)
      t.strictSame(
        [read.question, read.answer, read.authority, read.additional],
        [question, answer, authority, additional],
      )
    }),
    { numRuns: 300 },
  )
})

t.test('dns-packet reads back what is written', async (t) => {
  fc.assert(
    fc.property(plainName, fc.array(anyRecord(plainName), { maxLength: 8 }), (qname, answer) => {
      const question = { qname, qtype: TYPE.SRV, qclass: 1 }
      const packet = decode(Buffer.from(writer.write(content({ question, answer }), 65535)))
      t.equal(`${packet.questions?.[0]?.name}.`, nameToText(qname))
      t.strictSame(
        packet.answers?.map((record) => [
          record.type,
          `${record.name}.`,
          (record as Answer & { ttl: number }).ttl,
        ]),
        answer.map((rr) => [
          Object.entries(TYPE).find(([, n]) => n === rr.type)?.[0],
          nameToText(rr.owner),
          rr.ttl,
        ]),
      )
    }),
    { numRuns: 200 },
  )
})

t.test('an SRV target is written in full, and later owners point into it', async (t) => {
  const target = name('web-0.svc.cluster.local')
  const srv: Rr = {
    owner: name('svc.cluster.local'),
    type: TYPE.SRV,
    class: 1,
    ttl: 5,
    rdata: srvRdata(0, 100, 80, target),
  }
  const glue: Rr = {
    owner: target,
    type: TYPE.A,
    class: 1,
    ttl: 5,
    rdata: '\x0a\0\0\x01' as Octets,
  }
  const message = Buffer.from(writer.write(content({ answer: [srv], additional: [glue] }), 65535))
  const targetAt = message.indexOf(target, 20, 'latin1')
  t.ok(targetAt > 0, 'the whole target stands in the message')
  const owner = message.readUInt16BE(targetAt + target.length)
  t.equal(owner, 0xc000 | targetAt, 'the glue owner is a pointer to it')
})

t.test('names are compressed only where the case is the same', async (t) => {
  const cname: Rr = {
    owner: name('a.test'),
    type: TYPE.CNAME,
    class: 1,
    ttl: 5,
    rdata: rdata(name('B.TEST')),
  }
  const question = { qname: name('a.test'), qtype: TYPE.CNAME, qclass: 1 }
  const read = readMessage(Buffer.from(writer.write(content({ question, answer: [cname] }), 65535)))
  t.equal(read.answer[0]?.rdata, name('B.TEST'))
})

t.test('truncation keeps whole records in order, and never more octets than allowed', async (t) => {
  const records = fc.array(anyRecord(anyName), { maxLength: 12 })
  fc.assert(
    fc.property(
      records,
      records,
      fc.integer({ min: 512, max: 1500 }),
      (answer, additional, limit) => {
        const message = Buffer.from(writer.write(content({ answer, additional }), limit))
        const read = readMessage(message)
        t.ok(message.length <= limit)
        t.strictSame(read.answer, answer.slice(0, read.answer.length))
        t.strictSame(read.additional, additional.slice(0, read.additional.length))
        const all =
          read.answer.length === answer.length && read.additional.length === additional.length
        t.equal((read.flags & FLAG.TC) !== 0, !all)
        t.ok(read.additional.length === 0 || read.answer.length === answer.length)
      },
    ),
    { numRuns: 300 },
  )
})

t.test('150 addresses: 29 fit a client without EDNS, 73 one with 1232 octets', async (t) => {
  const owner = name('big.testns.svc.cluster.local')
  const answer = Array.from({ length: 150 }, (_, i): Rr => {
    return {
      owner,
      type: TYPE.A,
      class: 1,
      ttl: 5,
      rdata: `\x0a\0\x01${String.fromCharCode(i)}` as Octets,
    }
  })
  const question = { qname: owner, qtype: TYPE.A, qclass: 1 }
  const opt = { udpSize: 1232, extendedRcode: 0, version: 0, flags: 0, options: [] }
  t.equal(writer.write(content({ question, answer }), 512).length, 510)
  t.equal(writer.counts[0], 29)
  t.equal(writer.write(content({ question, answer, opt }), 1232).length, 1225)
  t.equal(writer.counts[0], 73)
  t.equal(writer.write(content({ question, answer, opt }), 4096).length, 2457)
  t.equal(uncompressedOctets(content({ question, answer })), 6646)
})

t.test('a record of the largest RDATA is rolled back where it does not fit', async (t) => {
  const owner = name('a.test')
  const big: Rr = { owner, type: TYPE.NULL, class: 1, ttl: 5, rdata: 'x'.repeat(65535) as Octets }
  const message = writer.write(content({ answer: [big, big] }), 65535)
  t.equal(writer.truncated, true)
  t.equal(message.length, 12 + 19 + 4)
})

t.test(
  'what an earlier message left in the buffer is never taken for a part of this one',
  async (t) => {
    // `b.n8ob.` is looked for where `b.b.n8ob.` is noted: their hashes share a slot.
    const fresh = new Writer()
    for (const text of ['b.n8ob', 'b.b.n8ob']) {
      const answer: Rr[] = [
        { owner: name(text), type: TYPE.NULL, class: 1, ttl: 5, rdata: 'x' as Octets },
      ]
      const read = readMessage(
        Buffer.from(fresh.write(content({ question: undefined, answer }), 512)),
      )
      t.strictSame(read.answer, answer)
    }
  },
)
