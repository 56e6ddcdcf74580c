import t from 'tap'
import type { PluginModule } from '../../../src/plugin/setup.ts'
import { module as whoami } from '../../../src/plugin/whoami/setup.ts'
import { arrange, mistake, replay } from '../harness.ts'

/** Stands for the plugin that chooses addresses to listen on: there are none here. */
const bind: PluginModule = { name: 'bind', setup: () => undefined }

for (const recording of ['whoami-udp-tcp', 'whoami-zone']) {
  t.test(`${recording} agrees with the recording`, async (t) => {
    t.strictSame(await replay(recording, [bind, whoami]), [])
  })
}

t.test('an IPv6 client finds its address as AAAA, without its zone', async (t) => {
  const chain = await arrange('whoami', [whoami])
  const asking = { from: 'fe80::1%eth0', fromPort: 4242, transport: 'tls' } as const
  t.equal(
    await chain.ask('who.test. A', asking),
    [
      'NOERROR qr aa rd',
      ';; ADDITIONAL',
      'who.test. 0 IN AAAA fe80::1',
      '_tcp.who.test. 0 IN SRV 0 0 4242 .',
    ].join('\n'),
  )
})

t.test('a name with no room for the label of the protocol gets the address alone', async (t) => {
  const chain = await arrange('whoami', [whoami])
  const label = 'a'.repeat(61)
  const qname = `${label}.${label}.${label}.${label}.aaa.`
  t.equal(
    await chain.ask(`${qname} A`, { from: '192.0.2.7' }),
    ['NOERROR qr aa rd', ';; ADDITIONAL', `${qname} 0 IN A 192.0.2.7`].join('\n'),
  )
})

t.test('an argument is a mistake', async (t) => {
  t.equal(
    await mistake('whoami please', [whoami]),
    "Corefile:2 - Error during parsing: Wrong argument count or unexpected line ending after 'please'",
  )
})
