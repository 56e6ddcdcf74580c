import { rmSync, writeFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { module as auto } from '../../../src/plugin/auto/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import { arrangeAll, type Chain, replying, rr } from '../harness.ts'

const zone = (address: string) => `@ 60 SOA ns h 1 2 3 4 5\nwww 60 A ${address}\n`

t.test('files that match are zones, those in folders and behind links too', async (t) => {
  const directory = t.testdir({
    'db.a.test': zone('192.0.2.1'),
    other: zone('192.0.2.2'),
    deep: { 'db.b.test': zone('192.0.2.3') },
    'db.c.test': t.fixture('symlink', 'other'),
  })
  const chain = await serving(t, directory)
  t.match(await chain.ask('www.a.test. A'), '192.0.2.1')
  t.match(await chain.ask('www.b.test. A'), '192.0.2.3')
  t.match(await chain.ask('www.c.test. A'), '192.0.2.2')
  t.match(await chain.ask('www.d.test. A'), /^REFUSED/)
})

t.test('zones come and go with their files, and replies with them', async (t) => {
  const directory = t.testdir({ 'db.a.test': zone('192.0.2.1') })
  const backend = replying({ answer: [rr('x. 5 IN A 192.0.2.9')], lifetime: ALWAYS })
  const chain = await arrangeAll(
    `. {\nauto test {\ndirectory ${directory}\nreload 20ms\n}\n}`,
    [auto],
    { backend },
  )
  await chain.start()
  t.teardown(() => chain.stop())
  const before = await chain.reply('www.b.test. A')
  t.match(await chain.ask('www.b.test. A'), '192.0.2.9')
  writeFileSync(`${directory}/db.b.test`, zone('192.0.2.2'))
  await until(async () => (await chain.ask('www.b.test. A')).includes('192.0.2.2'))
  const stands = before.lifetime.versions.every((v) => chain.versions.read(v.slot) === v.version)
  t.equal(stands, false, 'what was said before the zone came is dead')
  rmSync(`${directory}/db.a.test`)
  await until(async () => (await chain.ask('www.a.test. A')).includes('192.0.2.9'))
  t.match(chain.log.join('\n'), "Deleting zone `a.test.'")
})

t.test(
  'a name and a template of its own; of two files for one zone the first counts',
  async (t) => {
    const directory = t.testdir({
      '1-a.zone': zone('192.0.2.1'),
      '2-a.zone': zone('192.0.2.2'),
      'bad.zone': 'x',
    })
    const chain = await serving(t, `${directory} [0-9]-(.*)[.]zone {1}.test`)
    t.match(await chain.ask('www.a.test. A'), '192.0.2.1')
    t.match(chain.log.join('\n'), 'Multiple zone files match origin "a.test."')
  },
)

async function serving(t: Test, directory: string): Promise<Chain> {
  const chain = await arrangeAll(`. {\nauto {\ndirectory ${directory}\n}\n}`, [auto])
  await chain.start()
  t.teardown(() => chain.stop())
  return chain
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 5))
}
