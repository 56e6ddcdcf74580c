import t from 'tap'
import { addressesIn, addressQuery } from '../../src/wire/lookup-message.ts'
import { name } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import type { Octets } from '../../src/wire/record.ts'
import { Writer } from '../../src/wire/writer.ts'
import fc from '../fast-check.ts'

t.test('the query asks for the host, with RD', async (t) => {
  const read = readMessage(addressQuery('dns.example.', 'AAAA'))
  t.same(read.question, { qname: name('dns.example'), qtype: 28, qclass: 1 })
  t.equal(read.flags, 0x0100)
})

t.test('the addresses of the type asked for are taken from the answer', async (t) => {
  const owner = name('dns.example')
  const record = (type: number, rdata: string) => ({
    owner,
    type,
    class: 1,
    ttl: 5,
    rdata: rdata as Octets,
  })
  const message = new Writer().write(
    {
      id: 1,
      flags: 0x8180,
      question: { qname: owner, qtype: 1, qclass: 1 },
      answer: [
        record(5, name('a.example')),
        record(1, '\x0a\0\0\x01'),
        record(28, `${'\0'.repeat(15)}\x01`),
      ],
      authority: [],
      additional: [record(1, '\x0a\0\0\x02')],
      opt: undefined,
    },
    512,
  )
  t.same(addressesIn(message, 'A'), ['10.0.0.1'])
  t.same(addressesIn(message, 'AAAA'), ['::1'])
})

t.test('malformed replies have no addresses, and lying counts cost nothing', async (t) => {
  t.same(addressesIn(Buffer.from('00008180ffffffffffffffff', 'hex'), 'A'), [])
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
      t.ok(Array.isArray(addressesIn(Buffer.from(octets), 'A')))
    }),
    { numRuns: 500 },
  )
})
