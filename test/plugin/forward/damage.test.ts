import t from 'tap'
import { module as forward } from '../../../src/plugin/forward/setup.ts'
import { Upstream } from '../../parity/upstream.ts'
import { arrange } from '../harness.ts'

/** What the reference makes of such replies over UDP: header and question of `NAME A` unless the case is about them. */
const CASES: readonly [name: string, what: string, hex: string, expected: string][] = [
  [
    'c1',
    'a question name cut short',
    '0000818000010001000000000363',
    'SERVFAIL: bad question name: dns: buffer size too small',
  ],
  ['c3', 'a question without its class', '000081800001000100000000026333000001', 'FORMERR'],
  [
    'c4',
    'RDATA cut short',
    '000081800001000100000000026334000001000102633400000100010000003c000401',
    'NOERROR qr tc rd ra',
  ],
  [
    'c5',
    'a record header cut short',
    '0000818000010001000000000263350000010001026335000001',
    'NOERROR qr tc rd ra',
  ],
  [
    'c6',
    'a pointer to behind the end',
    '0000818000010001000000000263360000010001c03f00010001000000',
    'NOERROR qr tc rd ra',
  ],
  [
    'c7',
    'a label of a reserved kind',
    '00008180000100010000000002633700000100018063370000010001',
    'SERVFAIL: dns: bad rdata',
  ],
  [
    'c8',
    'an address of three octets',
    '0000818000010001000000000263380000010001c00c000100010000003c000301020300',
    'NOERROR qr tc rd ra',
  ],
  ['c9', 'a header alone', '000081800001000100000000', 'FORMERR'],
  [
    'd1',
    'a count without a record',
    '0000818000010001000000000264310000010001',
    'NOERROR qr rd ra',
  ],
  ['d3', 'half a header', '00008180', 'SERVFAIL: i/o timeout'],
  ['d4', 'a query', '0000018000010000000000000264340000010001', 'FORMERR'],
  ['d5', 'two questions', '0000818000020000000000000264350000010001026435000001000102', 'FORMERR'],
  ['d7', 'no question but half a record', '0000818000000001000000000264370000010001', 'FORMERR'],
]

for (const [name, what, hex, expected] of CASES) {
  // Only where nothing is to come of the reply it is not worth while to wait for a slow machine.
  const readTimeout = expected.endsWith('i/o timeout') ? '40ms' : '4s'
  t.test(`a reply that is ${what}: ${expected}`, async (t) => {
    const rule = { name: `${name}.`, type: 'A', verbatim: true, responses: [hex] }
    const upstream = await Upstream.start('127.0.0.1:0', [rule])
    t.teardown(() => upstream.close())
    const directive = `forward . ${upstream.address} {\n read_timeout ${readTimeout}\n}`
    const chain = await arrange(directive, [forward])
    t.teardown(() => chain.stop())
    const reply = await chain.reply(`${name}. A`)
    const error = (reply.error ?? '').replace(/^read udp .*: i/, 'i')
    const text = (await chain.ask(`${name}. A`)).split('\n')[0] ?? ''
    const short =
      reply.kind === 'rcode' ? `SERVFAIL: ${error}` : text.replace(/^FORMERR.*/, 'FORMERR')
    t.equal(short, expected)
  })
}
