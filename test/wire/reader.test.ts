import t from 'tap'
import { accept } from '../../src/wire/gate.ts'
import { fold, isAtOrBelow, name, nameFromText, nameToText } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import fc from '../fast-check.ts'
import { anyName } from './arbitrary.ts'

const QUESTION = '0161047175617904746573740000010001'
const packet = (hex: string) => Buffer.from(hex, 'hex')

t.test('the gate judges twelve octets', async (t) => {
  t.equal(accept(packet('301601000000000000')), 'ignore', 'a broken header')
  t.equal(accept(packet('301681000001000000000000')), 'ignore', 'a response')
  t.equal(accept(packet('301601000000000000000000')), 'formerr', 'no question')
  t.equal(accept(packet('3018010000020000000000000')), 'formerr', 'two questions')
  t.equal(accept(packet('302101000001000000000003')), 'formerr', 'three additional records')
  t.equal(accept(packet('302101000001000000000002')), 'accept', 'two additional records')
  t.equal(accept(packet('300428000001000000000000')), 'notimp', 'UPDATE')
  t.equal(accept(packet('300320000001000000000000')), 'accept', 'NOTIFY')
})

t.test('octets behind the message and counts that promise too much are not damage', async (t) => {
  for (const [header, tail] of [
    ['306a01000001000000000000', '00'],
    ['301e01000001000100000000', ''],
    ['301f01000001000000000001', ''],
  ]) {
    const message = readMessage(packet(`${header}${QUESTION}${tail}`))
    t.equal(message.whole, true)
    t.equal(message.question?.qname, name('a.quay.test'))
  }
})

t.test('a record that breaks off is damage, and the question is still there', async (t) => {
  const message = readMessage(packet(`301f01000001000000000001${QUESTION}00002904d0000000`))
  t.equal(message.whole, false)
  t.equal(message.question?.qname, name('a.quay.test'))
})

t.test('the last of two OPT records counts', async (t) => {
  const message = readMessage(
    packet(`304901000001000000000002${QUESTION}00002904d00000000000000000291000000000000000`),
  )
  t.equal(message.opt?.udpSize, 4096)
})

t.test('no packet makes the reader throw or loop', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 300 }), (octets) => {
      const message = readMessage(Buffer.from(octets))
      t.type(message.whole, 'boolean')
    }),
    { numRuns: 2000 },
  )
})

t.test('a pointer to itself and a pointer behind the end are damage', async (t) => {
  t.equal(readMessage(packet('301f01000001000000000000c00c00010001')).whole, false)
  t.equal(readMessage(packet('301f01000001000000000000ffff00010001')).whole, false)
})

t.test('names survive presentation form, whatever their octets', async (t) => {
  fc.assert(fc.property(anyName, (wire) => t.equal(nameFromText(nameToText(wire)), wire)))
})

t.test('a name of empty labels, too long a label or too long a name is none', async (t) => {
  for (const text of [
    '',
    '..',
    'a..b',
    `${'a'.repeat(64)}.test`,
    `${'abcdefg.'.repeat(32)}test`,
    'a\\',
  ]) {
    t.equal(nameFromText(text), undefined, text)
  }
})

t.test('folding touches ASCII letters only', async (t) => {
  t.equal(fold('\x03AbC\x01\xc0\0'), '\x03abc\x01\xc0\0')
})

t.test('a name is below a zone by whole labels', async (t) => {
  t.equal(isAtOrBelow(name('a.example.org'), name('example.org')), true)
  t.equal(isAtOrBelow(name('example.org'), name('example.org')), true)
  t.equal(isAtOrBelow(name('badexample.org'), name('example.org')), false)
  t.equal(isAtOrBelow(name('x\\007example.org'), name('example.org')), false)
})

const TSIG =
  '0b686d61632d73686132353600' +
  '000012345678' +
  '012c' +
  '0004' +
  '61626364' +
  '1234' +
  '0000' +
  '0000'

/** A query with one record of this type in its additional section. */
const carrying = (type: string, rdata: string) =>
  packet(
    `3049010000010000000000010161047465737400000100010161047465737400${type}00ff00000000${(rdata.length / 2).toString(16).padStart(4, '0')}${rdata}`,
  )

t.test('RDATA that breaks off within a field, or goes on behind the last, is damage', async (t) => {
  const whole = (type: string, rdata: string) => readMessage(carrying(type, rdata)).whole
  t.equal(whole('00fa', TSIG), true)
  for (const octets of [14, 18, 20, 22, 24, 26, 27, 28, 30, 32]) {
    t.equal(whole('00fa', TSIG.slice(0, 2 * octets)), false, `TSIG of ${octets} octets`)
  }
  t.equal(whole('00fa', `${TSIG}00`), false, 'TSIG and an octet')
  for (const [type, rdata] of [
    ['0010', '03616263'],
    ['000d', '0361626302787a'],
    ['002b', '000105016162'],
    ['002f', '016100000140'],
    ['0032', '01000001026162046162636400016f'.replace('6f', '40')],
    ['0041', '0001000003000200350004000401020304'],
    ['002a', '00011803010203'],
    ['0006', `0000${'00000001'.repeat(5)}`],
  ] as const) {
    t.equal(whole(type, rdata), true, `type ${type}`)
    t.equal(whole(type, rdata.slice(0, -2)), type === '002b', `type ${type}, an octet missing`)
  }
  t.equal(whole('0006', `0000${'00000001'.repeat(5)}00`), false, 'SOA and an octet')
  t.equal(whole('0002', '016100ff'), false, 'NS and an octet')
  t.equal(whole('002f', '0161000100'), false, 'a block of no types')
  t.equal(whole('0041', '0001000004000003000200350'.slice(0, -1)), false, 'keys out of order')
})
