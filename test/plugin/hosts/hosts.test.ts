import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { HostsFile } from '../../../src/plugin/hosts/file.ts'
import { module as hosts } from '../../../src/plugin/hosts/setup.ts'
import { readHosts } from '../../../src/plugin/hosts/table.ts'
import { ALWAYS } from '../../../src/plugin/lifetime.ts'
import { name } from '../../../src/wire/name.ts'
import { arrange, replying, rr } from '../harness.ts'

const ALL = { zones: [name('.')], reverse: true }

t.test('comments, odd lines and IPv6 zones are read as hosts(5) has them', async (t) => {
  const table = readHosts(
    '10.0.0.1 a b # c\n#10.0.0.2 d\nfe80::1%eth0 a\n10.0.0.300 e\n10.0.0.4\n',
    ALL,
  )
  t.strictSame([...table.ipv4.keys()], [name('a'), name('b')])
  t.strictSame([...table.ipv6.keys()], [name('a')])
  t.strictSame(table.names.get('fe80::1'), [name('a')])
  t.equal(table.entries, 6)
})

t.test('an asterisk alone stands for no name', async (t) => {
  const lines = 'hosts /does/not/exist {\n 10.0.0.1 *\n 10.0.0.2 *.test\n}'
  const chain = await arrange(lines, [hosts])
  t.match(await chain.ask('foo. A'), 'SERVFAIL')
  t.match(await chain.ask('*. A'), 'SERVFAIL')
  t.match(await chain.ask('foo.test. A'), 'foo.test. 3600 IN A 10.0.0.2')
})

t.test('a name outside the zones is left out', async (t) => {
  const table = readHosts('10.0.0.1 a.test a.example', { ...ALL, zones: [name('test')] })
  t.strictSame([...table.ipv4.keys()], [name('a.test')])
})

t.test('a changed file bumps its version, an unchanged or missing one does not', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'muster-hosts-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'hosts')
  const bumped: string[] = []
  const versions = {
    slot: () => 0,
    read: () => 0,
    whole: () => 0,
    bump: (keys: Iterable<string>) => void bumped.push(...keys),
  }
  const file = new HostsFile({ path, rules: ALL, versions, onRead: () => {} })
  file.read()
  t.strictSame(bumped, [])
  writeFileSync(path, '10.0.0.1 a')
  file.read()
  file.read()
  t.strictSame(bumped, [`file:${path}`])
  rmSync(path)
  file.read()
  t.equal(file.table.ipv4.size, 1, 'what was known stays')
})

t.test(
  'answers stand while the file stands, and a name that falls through is not its own',
  async (t) => {
    const chain = await arrange(
      'hosts /does/not/exist {\n 10.0.0.1 a.test\n fallthrough b.test\n}',
      [hosts],
    )
    t.match(await chain.ask('A.test. A'), 'a.test. 3600 IN A 10.0.0.1')
    t.match(await chain.ask('a.test. AAAA'), /^NOERROR/)
    t.match(await chain.ask('c.test. A'), /^SERVFAIL/)
    t.match(await chain.ask('1.0.0.10.in-addr.arpa. PTR'), 'PTR a.test.')
  },
)

t.test(
  'what hosts does not know is answered behind it for as long as the file stands',
  async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'muster-hosts-'))
    t.teardown(() => rmSync(directory, { recursive: true }))
    const path = join(directory, 'hosts')
    writeFileSync(path, '10.0.0.1 b.test')
    const backend = replying({ answer: [rr('a.test. 5 IN A 192.0.2.9')], lifetime: ALWAYS })
    const chain = await arrange(`hosts ${path} {\nfallthrough\n}`, [hosts], { backend })
    await chain.start()
    t.teardown(() => chain.stop())
    const { lifetime } = await chain.reply('a.test. A')
    t.strictSame(lifetime.versions, [{ slot: chain.versions.slot(`file:${path}`), version: 1 }])
  },
)

t.test(
  'a branch is clear of hosts while no name of theirs is in it and all names fall through',
  async (t) => {
    const chain = await arrange(
      'hosts {\n10.0.0.1 a.b.test\n10.0.0.2 *.wild.test\nfallthrough\n}',
      [hosts],
    )
    const clear = (branch: string, qtype = 1) =>
      chain.plugin('hosts').clearOf?.(name(branch), qtype)
    t.equal(clear('com.cluster.local'), true)
    t.equal(clear('test'), false)
    t.equal(clear('b.test'), false)
    t.equal(clear('a.b.test'), false)
    t.equal(clear('c.b.test'), true)
    t.equal(clear('x.wild.test'), false)
    t.equal(clear('y.x.wild.test'), true)
    t.equal(clear('com.cluster.local', 12), false)
    const ends = await arrange('hosts {\n10.0.0.1 a.b.test\n}', [hosts])
    t.equal(ends.plugin('hosts').clearOf?.(name('com'), 1), false)
  },
)
