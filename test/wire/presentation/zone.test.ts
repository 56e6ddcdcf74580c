import t from 'tap'
import { name } from '../../../src/wire/name.ts'
import { parseZone, rrToText, type ZoneOptions } from '../../../src/wire/presentation.ts'
import fc from '../../fast-check.ts'

const records = (text: string, options: ZoneOptions = {}) =>
  parseZone(text, name('example.org.'), options).map((rr) => rrToText(rr).replaceAll('\t', ' '))

t.test(
  'owners, TTLs and classes may be left out; comments, quotes and parentheses mean what RFC 1035 says',
  async (t) => {
    const zone = `
$TTL 1h ; a default
@   IN SOA ns hostmaster (
      2024010101 ; serial
      7200 30m 4w
      300 )
    IN NS ns
    NS other.example.net.
ns  300 IN A 192.0.2.1
    IN 400 AAAA 2001:db8::1
www CNAME ns
txt TXT "a ; b" ( c
  "d" )
$ORIGIN sub
www A 192.0.2.2
@ A 192.0.2.3
`
    t.strictSame(records(zone), [
      'example.org. 3600 IN SOA ns.example.org. hostmaster.example.org. 2024010101 7200 1800 2419200 300',
      'example.org. 3600 IN NS ns.example.org.',
      'example.org. 3600 IN NS other.example.net.',
      'ns.example.org. 300 IN A 192.0.2.1',
      'ns.example.org. 400 IN AAAA 2001:db8::1',
      'www.example.org. 3600 IN CNAME ns.example.org.',
      'txt.example.org. 3600 IN TXT "a ; b" "c" "d"',
      'www.sub.example.org. 3600 IN A 192.0.2.2',
      'sub.example.org. 3600 IN A 192.0.2.3',
    ])
  },
)

t.test('without $TTL the last TTL said counts, and none at all is an error', async (t) => {
  t.strictSame(records('a 60 A 192.0.2.1\nb A 192.0.2.2\n'), [
    'a.example.org. 60 IN A 192.0.2.1',
    'b.example.org. 60 IN A 192.0.2.2',
  ])
  t.throws(() => records('a A 192.0.2.1\n'), {
    message: 'dns: missing TTL with no previous value: "A" at line: 1:4',
  })
})

t.test('an error says the file, the line and the column', async (t) => {
  const text = '@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nwww 60 A one.two.three.four\n'
  t.throws(() => records(text, { file: 'db' }), {
    message: 'db: dns: bad A A: "one.two.three.four" at line: 3:27',
  })
})

t.test('$INCLUDE reads another file, with another origin where it says so', async (t) => {
  const files: Record<string, string> = {
    'd/hosts': 'a 5 A 192.0.2.1\n',
    'd/deep': '$INCLUDE hosts x\n',
  }
  const include: NonNullable<ZoneOptions['include']> = (path) => {
    const octets = files[`d/${path}`]
    if (octets === undefined) throw new Error(`failed to open ${path}`)
    return { path: `d/${path}`, octets }
  }
  const options = { file: 'd/db', include }
  t.strictSame(
    records('$INCLUDE hosts\n$INCLUDE hosts sub\n$INCLUDE deep\nb 6 A 192.0.2.2', options),
    [
      'a.example.org. 5 IN A 192.0.2.1',
      'a.sub.example.org. 5 IN A 192.0.2.1',
      'a.x.example.org. 5 IN A 192.0.2.1',
      'b.example.org. 6 IN A 192.0.2.2',
    ],
  )
  t.throws(() => records('\n$INCLUDE none\n', options), {
    message: /^d\/db: dns: failed to open none/,
  })
  t.throws(() => records('$INCLUDE hosts\n'), { message: /\$INCLUDE directive not allowed/ })
  files['d/self'] = '$INCLUDE self\n'
  t.throws(() => records('$INCLUDE self\n', options), { message: /too deeply nested \$INCLUDE/ })
})

t.test('$GENERATE counts, with offsets, widths and bases', async (t) => {
  t.strictSame(records('$GENERATE 1-3 host$ A 192.0.2.$\n'), [
    'host1.example.org. 3600 IN A 192.0.2.1',
    'host2.example.org. 3600 IN A 192.0.2.2',
    'host3.example.org. 3600 IN A 192.0.2.3',
  ])
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a modifier of $GENERATE
  t.strictSame(records('$GENERATE 8-10/2 h-${0,3,d} 60 IN CNAME x${8,4,x}\\$\n'), [
    'h-008.example.org. 60 IN CNAME x0010$.example.org.',
    'h-010.example.org. 60 IN CNAME x0012$.example.org.',
  ])
  t.throws(() => records('$GENERATE 3-1 a A 192.0.2.1\n'), {
    message: /bad range in \$GENERATE range/,
  })
  t.throws(() => records('$GENERATE 0-65536 a A 192.0.2.1\n'), { message: /bad range/ })
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a modifier of $GENERATE
  t.throws(() => records('$GENERATE 1-2 a${0,1,z} A 192.0.2.1\n'), { message: /bad base/ })
})

t.test('any text is a zone or an error that can be shown', async () => {
  const piece = fc.constantFrom(
    'a',
    ' ',
    '\n',
    '"',
    '(',
    ')',
    ';',
    '\\',
    '@',
    'A',
    'TXT',
    'IN',
    '60',
    '$TTL',
    '$ORIGIN',
    '.',
    '192.0.2.1',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        records(pieces.join(''))
      } catch (error) {
        return (error as Error).name === 'PresentationError'
      }
      return true
    }),
  )
})
