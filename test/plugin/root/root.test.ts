import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { module as hosts } from '../../../src/plugin/hosts/setup.ts'
import { module as root } from '../../../src/plugin/root/setup.ts'
import { arrange } from '../harness.ts'

t.test('the last root of a block is the base of its relative paths', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'muster-root-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'names'), '192.0.2.1 a.test\n')
  const lines = `root /\nroot ${directory}\nhosts names`
  const chain = await arrange(lines, [root, hosts])
  t.equal(chain.blocks[0]?.settings.root, directory)
  await chain.start()
  t.teardown(() => chain.stop())
  t.match(await chain.ask('a.test. A'), 'a.test. 3600 IN A 192.0.2.1')
})

t.test('a directory that does not exist costs a warning only', async (t) => {
  const chain = await arrange('root /does/not/exist', [root])
  t.strictSame(chain.log, ['[WARNING] plugin/root: Root path does not exist: /does/not/exist'])
  t.equal(chain.blocks[0]?.settings.root, '/does/not/exist')
})
