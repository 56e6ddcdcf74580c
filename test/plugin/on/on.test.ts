import t from 'tap'
import { module as on } from '../../../src/plugin/on/setup.ts'
import { arrange, mistake } from '../harness.ts'

t.test('commands are accepted with one line that says why they are not run', async (t) => {
  const chain = await arrange('on startup /bin/true\non shutdown /bin/echo bye &', [on])
  t.equal(chain.log.length, 1)
  t.match(chain.log[0], /^\[WARNING\] plugin\/on: .*events: startup, shutdown/)
  t.equal(chain.blocks[0]?.plugins.length, 0)
})

t.test('an event without a command, and one that there is not, are mistakes', async (t) => {
  t.match(await mistake('on', [on]), /Wrong argument count .* after 'on'/)
  t.match(await mistake('on startup', [on]), /no command contained in ''/)
  t.match(await mistake('on nope echo', [on]), /Wrong event name or event not supported: 'nope'/)
})
