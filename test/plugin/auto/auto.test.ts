import { rmSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { RE2JS } from 're2js'
import t, { type Test } from 'tap'
import { createLogger } from '../../../src/log.ts'
import { Directory } from '../../../src/plugin/auto/directory.ts'
import { module as auto } from '../../../src/plugin/auto/setup.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import { name } from '../../../src/wire/name.ts'
import { until } from '../../until.ts'
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

t.test('a relative directory stays relative in messages', async (t) => {
  const directory = relative('.', t.testdir({ 'db.a.test': zone('192.0.2.1') }))
  const chain = await serving(t, `./${directory}`)
  t.match(await chain.ask('www.a.test. A'), '192.0.2.1')
  t.match(chain.log.join('\n'), `Inserting zone \`a.test.' from: ${directory}/db.a.test`)
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

t.test('folders are looked through in the order of their names, where they stand', async (t) => {
  const directory = t.testdir({
    archive: { 'db.first.test': zone('192.0.2.1'), 'db.both.test': zone('192.0.2.8') },
    'db.first.test': zone('192.0.2.2'),
    'db.last.test': zone('192.0.2.4'),
    e: { 'db.both.test': zone('192.0.2.7') },
    z: { 'db.last.test': zone('192.0.2.3') },
  })
  const chain = await serving(t, directory)
  t.match(await chain.ask('www.first.test. A'), '192.0.2.1')
  t.match(await chain.ask('www.both.test. A'), '192.0.2.8')
  t.match(await chain.ask('www.last.test. A'), '192.0.2.4')
})

t.test('a template may write its groups with a dollar', async (t) => {
  const chain = await serving(t, `${t.testdir({ 'db.one': zone('192.0.2.9') })} db\\.(.*) $1.test`)
  t.match(await chain.ask('www.one.test. A'), '192.0.2.9')
})

t.test('a file whose name gives no domain name is told of', async (t) => {
  const directory = t.testdir({ 'db..test': zone('192.0.2.1'), 'db.': 'x' })
  const chain = await serving(t, directory)
  const path = `${directory}/db..test`
  t.strictSame(
    chain.log,
    [
      `[WARNING] plugin/auto: Parse zone \`.test.': failed to parse file "${path}" for origin .test. with error ${path}: dns: bad initial origin name: "" at line: 0:0`,
    ],
    'what gives nothing at all is no zone',
  )
})

t.test('an alias that leads to a delegation is not authoritative here', async (t) => {
  const cut = 'alias 60 CNAME w.sub\nsub 60 NS ns.sub\nns.sub 60 A 192.0.2.53\n'
  const chain = await serving(t, t.testdir({ 'db.a.test': zone('192.0.2.1') + cut }))
  t.match(await chain.ask('alias.a.test. A'), /^NOERROR qr rd\n/)
  t.match(await chain.ask('www.a.test. A'), /^NOERROR qr aa rd\n/)
})

t.test('a walk stops at its bound and says so', async (t) => {
  const path = t.testdir({
    'db.a.test': zone('192.0.2.1'),
    'db.b.test': zone('192.0.2.2'),
    'db.c.test': zone('192.0.2.3'),
  })
  const log: string[] = []
  const directory = new Directory({
    path,
    pattern: RE2JS.compile('db\\.(.*)'),
    template: '{1}',
    reloadMs: 0,
    versions: (await arrangeAll('. {\n}', [])).versions,
    log: createLogger({ write: (line) => void log.push(line) }),
    onChange: () => {},
    maxEntries: 2,
  })
  directory.start()
  t.ok(directory.fileFor(name('www.b.test.')))
  t.notOk(directory.fileFor(name('www.c.test.')))
  t.match(log.join(''), `More than 2 files and folders in ${path}`)
})

async function serving(t: Test, directory: string): Promise<Chain> {
  const chain = await arrangeAll(`. {\nauto {\ndirectory ${directory}\n}\n}`, [auto])
  await chain.start()
  t.teardown(() => chain.stop())
  return chain
}
