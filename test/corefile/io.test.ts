import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { fileErrorText, reasonOf, systemIo } from '../../src/corefile/io.ts'
import { parseCorefile } from '../../src/corefile/parser.ts'

t.test('the real file system gives files, names and what is there', async (t) => {
  const folder = t.testdir({ 'a.conf': 'log a', 'b.conf': 'log b', sub: {} })
  symlinkSync('nowhere', join(folder, 'dangling'))
  const io = systemIo(folder, {}, () => {})
  t.equal(io.readFile(join(folder, 'a.conf')), 'log a')
  t.same(io.readDirectory(folder).sort(), ['a.conf', 'b.conf', 'dangling', 'sub'])
  for (const name of ['a.conf', 'sub', 'dangling']) t.ok(io.exists(join(folder, name)), name)
  for (const name of ['none', 'a.conf/x', 'nul\0']) t.notOk(io.exists(join(folder, name)), name)
  const [block] = parseCorefile({ text: '. {\nimport *.conf\n}', path: 'Corefile' }, io)
  t.same(
    block?.directives.get('log')?.map((token) => token.text),
    ['log', 'a', 'log', 'b'],
  )
})

t.test('a link that leads nowhere cannot be imported', async (t) => {
  const folder = t.testdir({})
  symlinkSync('nowhere', join(folder, 'dangling'))
  const io = systemIo(folder, {}, () => {})
  t.throws(() => parseCorefile({ text: 'import dangling', path: 'Corefile' }, io), {
    message: `Corefile:1 - Error during parsing: Could not import ${folder}/dangling: open ${folder}/dangling: no such file or directory`,
  })
})

t.test('errors of the system are told in the words that operators of CoreDNS know', async (t) => {
  const folder = t.testdir({})
  const io = systemIo(folder, {}, () => {})
  const missing = join(folder, 'none, at all')
  const tell = (path: string) => {
    try {
      return io.readFile(path)
    } catch (error) {
      return fileErrorText(path, error)
    }
  }
  t.equal(tell(missing), `open ${missing}: no such file or directory`)
  t.equal(tell(folder), `read ${folder}: is a directory`)
  t.equal(reasonOf(new Error('plain')), 'plain')
})
