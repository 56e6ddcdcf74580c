import { readFileSync } from 'node:fs'
import t from 'tap'
import { rrFromText, rrToText } from '../../../src/wire/presentation.ts'
import { type Rr, u16, u32 } from '../../../src/wire/record.ts'

/** What github.com/miekg/dns v1.1.72 makes of a record's text: the record's octets and how it writes them, or its error. */
interface Sample {
  readonly text: string
  readonly octets?: string
  readonly written?: string
  readonly error?: string
}

const samples = JSON.parse(
  readFileSync(new URL('records.json', import.meta.url), 'utf8'),
) as Sample[]

/** Written otherwise on purpose: escapes that are not needed are left out, SVCB parameters stand in the order of their keys, classes have their names. */
const WRITTEN_OTHERWISE = /\\065|mandatory=|\\\\\\\\oo|TYPE65400|L64|^\\#/

t.test('the text of a record gives the octets that the reference library gives', async (t) => {
  for (const { text, octets, error } of samples) {
    if (error === undefined) t.equal(octetsOf(rrFromText(text)), octets, text)
  }
})

t.test('what is wrong with a record is said in the words of the reference library', async (t) => {
  for (const { text, error } of samples) {
    if (error !== undefined) t.throws(() => rrFromText(text), { message: error }, text)
  }
})

t.test('records are written as the reference library writes them', async (t) => {
  for (const { text, written } of samples) {
    const rr = written === undefined ? undefined : rrFromText(text)
    if (rr !== undefined && !WRITTEN_OTHERWISE.test(text)) t.equal(rrToText(rr), written, text)
  }
})

t.test('what is written reads back as the same record', async (t) => {
  for (const { text, octets } of samples) {
    const rr = octets === undefined ? undefined : rrFromText(text)
    if (rr !== undefined) t.equal(octetsOf(rrFromText(rrToText(rr))), octets, text)
  }
})

t.test('RDATA that does not fit its type is written in the generic form', async (t) => {
  const rr = rrFromText('a. 1 IN TYPE65400 \\# 3 010203') as Rr
  t.equal(rrToText({ ...rr, type: 1 }), 'a.\t1\tIN\tA\t\\# 3 010203')
  t.equal(rrToText({ ...rr, type: 15 }), 'a.\t1\tIN\tMX\t\\# 3 010203')
})

t.test('the generic form must fit a type that is known (RFC 3597 §5)', async (t) => {
  const bad = ['A 3 0a0000', 'AAAA 4 0a000001', 'MX 2 0161', 'MX 5 000ac00c00', 'CNAME 2 0161']
  bad.push('TXT 4 0a000001', 'NAPTR 4 00010002', 'SOA 1 00', 'HINFO 2 0541', 'DS 1 00')
  for (const text of bad) {
    const [type, length, hex] = text.split(' ')
    t.throws(() => rrFromText(`a. 1 IN ${type} \\# ${length} ${hex}`), { message: /RDATA/ }, text)
  }
  t.equal(rrFromText('a. 1 IN MX \\# 5 000a016100')?.rdata, '\0\n\x01a\0')
  t.equal(rrFromText('a. 1 IN A \\# 0')?.rdata, '')
})

t.test('a text without an end is an error that says where', async (t) => {
  t.throws(() => rrFromText('b. 5 IN TXT "x'), { message: /unterminated string/ })
  t.throws(() => rrFromText('b. 5 IN TXT (a b'), { message: /unbalanced brace/ })
})

function octetsOf(rr: Rr | undefined): string | undefined {
  if (rr === undefined) return undefined
  const head = rr.owner + u16(rr.type) + u16(rr.class) + u32(rr.ttl) + u16(rr.rdata.length)
  return Buffer.from(head + rr.rdata, 'latin1').toString('hex')
}
