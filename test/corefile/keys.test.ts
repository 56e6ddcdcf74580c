import t from 'tap'
import { checkPort, formatKey, parseKey, preferredSyntaxWarning } from '../../src/corefile/keys.ts'
import { normalizeZones, zonesOrBlock } from '../../src/corefile/zones.ts'

function keys(text: string): string[] {
  return parseKey(text, 1053).map(formatKey)
}

t.test('a key has a zone, and a port and a transport where it says so', async (t) => {
  t.same(parseKey('Example.ORG:5300', 53), [
    { zone: 'example.org.', port: 5300, transport: 'dns', original: 'Example.ORG:5300' },
  ])
  t.same(keys('.'), ['dns://.:1053'])
  t.same(keys('dns://a.'), ['dns://a.:1053'])
  t.same(keys('tls://a'), ['tls://a.:853'])
  t.same(keys('quic://a'), ['quic://a.:853'])
  t.same(keys('https://a'), ['https://a.:443'])
  t.same(keys('https3://a'), ['https3://a.:443'])
  t.same(keys('grpc://a:8443'), ['grpc://a.:8443'])
  t.same(keys('foo://y:53'), ['dns://foo://y.:53'])
  t.same(keys('ÜABC.test:+53'), ['dns://üabc.test.:53'])
})

t.test('an address range is its reverse zones', async (t) => {
  t.same(keys('10.0.0.0/24'), ['dns://0.0.10.in-addr.arpa.:1053'])
  t.same(keys('10.1.0.0/23:53'), ['dns://0.1.10.in-addr.arpa.:53', 'dns://1.1.10.in-addr.arpa.:53'])
  t.same(keys('10.1.0.0/08'), ['dns://10.in-addr.arpa.:1053'])
  t.same(keys('0.0.0.0/0'), ['dns://in-addr.arpa.:1053'])
  t.same(keys('10.1.255.255/31'), [
    'dns://254.255.1.10.in-addr.arpa.:1053',
    'dns://255.255.1.10.in-addr.arpa.:1053',
  ])
  t.same(keys('2001:db8::/32'), ['dns://8.b.d.0.1.0.0.2.ip6.arpa.:1053'])
  t.same(keys('2001:db8::/45:53').length, 8)
  t.same(keys('2001:db8::/45:53')[7], 'dns://7.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.:53')
  t.same(keys('172.16.0.0/12').length, 16)
  t.same(keys('10.1.0.0/33'), ['dns://10.1.0.0/33.:1053'])
  t.same(keys('192.0.2.1'), ['dns://192.0.2.1.:1053'])
})

t.test('what is no zone is refused', async (t) => {
  const refused: [string, string][] = [
    ['a.test:', 'expecting data after last colon: "a.test:"'],
    ['', 'expecting data after last colon: ""'],
    [':53', 'zone is not a valid domain name: '],
    ['a..b', 'zone is not a valid domain name: a..b'],
    ['.a', 'zone is not a valid domain name: .a'],
    ['.:5500{', 'zone is not a valid domain name: .:5500{'],
    [`${'x'.repeat(64)}.test`, `zone is not a valid domain name: ${'x'.repeat(64)}.test`],
    ['x.'.repeat(128), 'specified zone is too long: 256 > 255'],
    ['::/0', 'invalid CIDR ::/0'],
    ['unix://a', 'unix sockets cannot be served: unix://a'],
  ]
  for (const [text, message] of refused) {
    t.throws(() => parseKey(text, 53), { message: `error inspecting server blocks: ${message}` })
  }
})

t.test('a port that is none is found by its own check', async (t) => {
  t.throws(() => checkPort(parseKey('.:70000', 53)[0]?.port ?? 0), {
    message: 'address 70000: invalid port',
  })
  t.throws(() => checkPort(parseKey('.:-5', 53)[0]?.port ?? 0), {
    message: 'address -5: invalid port',
  })
  t.doesNotThrow(() => checkPort(0))
  t.doesNotThrow(() => checkPort(65535))
  t.same(keys('a:99999999999999999999'), ['dns://a:99999999999999999999.:1053'])
})

t.test('an unusual name is warned of', async (t) => {
  t.equal(
    preferredSyntaxWarning('_x.example.net.'),
    'Warning: Domain "_x.example.net." does not follow RFC1035 preferred syntax',
  )
  t.equal(
    preferredSyntaxWarning('üabc.test.'),
    'Warning: Domain "üabc.test." does not follow RFC1035 preferred syntax',
  )
  for (const zone of ['.', 'a-1.test.', '0.10.in-addr.arpa.', '8.b.d.0.ip6.arpa.']) {
    t.equal(preferredSyntaxWarning(zone), undefined, zone)
  }
})

t.test(
  'zones of arguments lose their port and transport, and drop out when they are none',
  async (t) => {
    t.same(normalizeZones(['Cluster.LOCAL', 'tls://a.test:53', '10.0.0.0/15', 'a..b', 'b:']), [
      'cluster.local.',
      'a.test.',
      '0.10.in-addr.arpa.',
      '1.10.in-addr.arpa.',
    ])
    t.same(zonesOrBlock([], ['a.test.']), ['a.test.'])
    t.same(zonesOrBlock(['B.test'], ['a.test.']), ['b.test.'])
  },
)
