import t from 'tap'
import { module as log } from '../../../src/plugin/log/setup.ts'
import { module as metadata } from '../../../src/plugin/metadata/setup.ts'
import type { Plugin } from '../../../src/plugin/plugin.ts'
import { answering, arrange, mistake } from '../harness.ts'

const backend: Plugin = {
  ...answering('a.test. 60 IN A 192.0.2.1'),
  metadata: (query) => [['backend/client', () => query.exchange.client.address]],
}

t.test('what plugins tell of a query is there under its label', async (t) => {
  const chain = await arrange(
    'metadata\nlog . "{/backend/client} {/other/label}"',
    [metadata, log],
    { backend },
  )
  await chain.start()
  await chain.ask('a.test A', { from: '192.0.2.77' })
  t.strictSame(chain.log, ['[INFO] 192.0.2.77 -'])
})

t.test('outside its zones nothing is noted', async (t) => {
  const chain = await arrange(
    'metadata b.test\nlog . "{/backend/client} {/log/class}"',
    [metadata, log],
    { backend },
  )
  await chain.start()
  await chain.ask('a.test A')
  await chain.ask('a.B.test A')
  t.strictSame(chain.log, ['[INFO] - success', '[INFO] 127.0.0.1 success'])
})

t.test('it has no block, and stands once', async (t) => {
  t.match(await mistake('metadata {\nx\n}', [metadata]), /Wrong argument count/)
  t.match(await mistake('metadata\nmetadata', [metadata]), /Wrong argument count/)
})
