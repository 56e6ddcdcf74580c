import t from 'tap'
import { createLogger } from '../../../src/log.ts'
import { module as debug } from '../../../src/plugin/debug/setup.ts'
import { arrange, mistake } from '../harness.ts'

t.test('the block is told, and debug lines show while a configuration asks for them', async (t) => {
  const chain = await arrange('debug', [debug])
  t.equal(chain.blocks[0]?.settings.debug, true)
  const shared = [...chain.shared.values()]
  chain.logger.debugging?.(false)
  await chain.start()
  chain.logger.plugin('some').debug('seen')
  for (const one of shared) await one.close()
  chain.logger.plugin('some').debug('not seen')
  t.strictSame(chain.log, ['[DEBUG] plugin/some: seen'])
})

t.test('without it a logger shows none', async (t) => {
  const lines: string[] = []
  createLogger({ write: (line) => void lines.push(line) }).debug('not seen')
  t.strictSame(lines, [])
})

t.test('it takes no arguments', async (t) => {
  t.match(await mistake('debug all', [debug]), /after 'all'/)
})
