import t from 'tap'
import { addressesOf, type Interfaces } from '../../../src/plugin/bind/bind.ts'
import { module as bind } from '../../../src/plugin/bind/setup.ts'
import { arrange, mistake } from '../harness.ts'

const interfaces = {
  eth0: [{ address: '192.0.2.7' }, { address: 'fe80::7' }, { address: '2001:db8::7' }],
} as unknown as Interfaces

t.test('an interface stands for its addresses, link-local ones with their zone', async (t) => {
  t.strictSame(addressesOf(['127.0.0.1', 'eth0'], interfaces), [
    '127.0.0.1',
    '192.0.2.7',
    'fe80::7%eth0',
    '2001:db8::7',
  ])
})

t.test('what is neither an address nor an interface is refused', async (t) => {
  t.throws(() => addressesOf(['eth1'], interfaces), {
    message: 'not a valid IP address or interface name: "eth1"',
  })
  t.throws(() => addressesOf(['127.1'], interfaces))
})

t.test('several lines add up, each without its exceptions', async (t) => {
  const lines = 'bind 127.0.0.1 127.0.0.2 {\nexcept 127.0.0.2\n}\nbind ::1 127.0.0.2'
  const chain = await arrange(lines, [bind])
  t.strictSame(chain.blocks[0]?.settings.listenHosts, ['127.0.0.1', '::1', '127.0.0.2'])
})

t.test('mistakes are told', async (t) => {
  t.equal(await mistake('bind', [bind]), 'at least one address or interface name is expected')
  t.equal(
    await mistake('bind 127.0.0.1 {\nexcept\n}', [bind]),
    'at least one address or interface must be given to except subdirective',
  )
  t.equal(await mistake('bind 127.0.0.1 {\nbut x\n}', [bind]), 'invalid option "but"')
  t.equal(
    await mistake('bind nowhere0', [bind]),
    'not a valid IP address or interface name: "nowhere0"',
  )
})
