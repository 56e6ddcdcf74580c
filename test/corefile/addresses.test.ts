import t from 'tap'
import {
  parseHostPort,
  parseHostPortsOrFiles,
  splitHostPort,
} from '../../src/corefile/addresses.ts'
import { parseResolvConf } from '../../src/corefile/resolvconf.ts'
import { memoryIo } from './memory-io.ts'

const files = memoryIo({
  'resolv.conf': 'nameserver 127.0.0.1\nnameserver fe80::1%eth0\nsearch a b\n',
  '/srv/empty': '# nothing',
})

t.test('addresses get the port of their transport', async (t) => {
  const cases: [string, string][] = [
    ['8.8.8.8', '8.8.8.8:53'],
    ['8.8.8.8:153', '8.8.8.8:153'],
    ['dns://8.8.8.8', '8.8.8.8:53'],
    ['dns://8.8.8.8:53', 'dns://8.8.8.8:53'],
    ['tls://9.9.9.9', 'tls://9.9.9.9:853'],
    ['https://9.9.9.9', 'https://9.9.9.9:443'],
    ['fe80::1', '[fe80::1]:53'],
    ['[fe80::1]', '[fe80::1]:53'],
    ['fe80::1%ens3', '[fe80::1%ens3]:53'],
    ['[fd01::1%ens3]:153', '[fd01::1%ens3]:153'],
    ['tls://[::1]:8853', 'tls://[::1]:8853'],
    ['unix:///run/g.sock', 'unix:///run/g.sock'],
  ]
  for (const [text, server] of cases) t.same(parseHostPortsOrFiles([text], files), [server])
})

t.test('a file gives its name servers, without their zones', async (t) => {
  t.same(parseHostPortsOrFiles(['resolv.conf', '::1'], files), [
    '127.0.0.1:53',
    '[fe80::1]:53',
    '[::1]:53',
  ])
})

t.test('what is neither is named', async (t) => {
  const refused: [string, string][] = [
    ['unix://', 'invalid address: "unix://"'],
    [
      '192.0.2.300',
      'not an IP address or file "192.0.2.300": failed to open file "192.0.2.300": "open 192.0.2.300: no such file or directory"',
    ],
    [
      'example.org:53',
      'not an IP address or file "example.org:53": failed to open file "example.org:53": "open example.org:53: no such file or directory"',
    ],
    ['/srv/empty', 'no nameservers found'],
    ['/srv', 'no nameservers found'],
  ]
  for (const [text, message] of refused) {
    t.throws(() => parseHostPortsOrFiles([text], files), { message })
  }
})

t.test('one address with a default port', async (t) => {
  t.equal(parseHostPort('192.0.2.1', 53), '192.0.2.1:53')
  t.equal(parseHostPort('192.0.2.1:', 53), '192.0.2.1:53')
  t.equal(parseHostPort('::1', 53), '[::1]:53')
  t.equal(parseHostPort('[::1]:54', 53), '[::1]:54')
  t.throws(() => parseHostPort('a.test:53', 53), {
    message: "must specify an IP address: `a.test'",
  })
  t.throws(() => parseHostPort('[::1]', 53), { message: "must specify an IP address: `[::1]'" })
})

t.test('a host and a port are split only where that is clear', async (t) => {
  t.same(splitHostPort(':53'), { host: '', port: '53' })
  t.same(splitHostPort('[::1]:53'), { host: '::1', port: '53' })
  for (const text of ['::1', 'a', '[::1]', 'a:b:c', '[a]b:1'])
    t.equal(splitHostPort(text), undefined)
})

t.test('the last search or domain line counts', async (t) => {
  t.same(parseResolvConf('domain a\nsearch b c\n options ndots:5').search, ['b', 'c'])
  t.same(parseResolvConf('search b c\ndomain a x\nnameserver\n'), { servers: [], search: ['a'] })
})
