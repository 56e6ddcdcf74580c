import t from 'tap'
import type { Loop } from '../../../src/plugin/loop/loop.ts'
import { module as loop } from '../../../src/plugin/loop/setup.ts'
import { nameToText } from '../../../src/wire/name.ts'
import { Upstream } from '../../parity/upstream.ts'
import { until } from '../../until.ts'
import { arrange, replying } from '../harness.ts'

t.test('the third time that the probe comes in is fatal, and tells from where', async (t) => {
  const chain = await arrange('loop', [loop], { backend: replying({}) })
  const plugin = chain.plugin('loop') as Loop
  plugin.address = ':53'
  const probe = nameToText(plugin.qname)
  t.match(probe, /^\d+\.\d+\.$/)
  await chain.reply(`${probe} A`)
  await chain.reply('other.test. HINFO')
  await chain.reply(`${probe} HINFO`)
  await chain.reply(`${probe} HINFO`)
  t.strictSame(chain.fatal, [])
  const reply = await chain.reply(`${probe} HINFO`, { fromPort: 4242 })
  t.equal(reply.rcode, 2)
  t.strictSame(chain.fatal, [
    `plugin/loop: Loop (127.0.0.1:4242 -> :53) detected for zone ".", see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${probe}"`,
  ])
})

t.test('once the probe has been answered the plugin does nothing more', async (t) => {
  const server = await Upstream.start('127.0.0.1:0', [
    { name: '*', type: 'HINFO', responses: ['000080830000000000000000'] },
  ])
  t.teardown(() => server.close())
  const port = server.address.split(':')[1]
  const chain = await arrange('loop', [loop], { backend: replying({}), keys: `zone.test:${port}` })
  t.teardown(() => chain.stop())
  await chain.start()
  const plugin = chain.plugin('loop') as Loop
  await until(() => plugin.off)
  t.match(nameToText(plugin.qname), /^\d+\.\d+\.zone\.test\.$/)
  // Once, unless the machine held up the answer for so long that it was asked for again.
  t.strictSame(
    new Set(server.seen.map(({ message }) => message.question?.qname)),
    new Set([plugin.qname]),
  )
  for (let i = 0; i < 5; i++) await chain.reply(`${nameToText(plugin.qname)} HINFO`)
  t.strictSame(chain.fatal, [])
})
