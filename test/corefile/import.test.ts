import t from 'tap'
import { parseCorefile } from '../../src/corefile/parser.ts'
import { type MemoryIo, memoryIo } from './memory-io.ts'

const KNOWN = new Set(['whoami', 'log', 'errors', 'hosts'])
const PATH = '/etc/coredns/Corefile'

function parse(text: string, io: MemoryIo = memoryIo()) {
  return parseCorefile({ text, path: PATH }, io, KNOWN).map((block) => ({
    keys: block.keys.map((key) => `${key.text} ${key.file}:${key.line}`),
    words: [...block.directives.values()].flat().map((token) => token.text),
  }))
}

function fails(text: string, message: string, io: MemoryIo = memoryIo()) {
  t.throws(() => parse(text, io), { message: `${PATH}${message}` }, text)
}

t.test('a snippet gives its directives to the blocks after it', async (t) => {
  const [one, two] = parse(
    '(common) {\n errors\n hosts {\n ttl 1\n }\n}\na {\n import common\n}\nb {\n log\n import common\n}',
  )
  t.same(one?.words, ['errors', 'hosts', '{', 'ttl', '1', '}'])
  t.same(two?.words, ['log', 'errors', 'hosts', '{', 'ttl', '1', '}'])
})

t.test('a snippet may stand inside the block of a directive', async (t) => {
  const [block] = parse('(o) {\n ttl 1\n}\na {\n hosts {\n import o\n reload 0\n }\n}')
  t.same(block?.words, ['hosts', '{', 'ttl', '1', 'reload', '0', '}'])
})

t.test('import as an argument is an argument', async (t) => {
  t.same(parse('a {\n log import x\n}')[0]?.words, ['log', 'import', 'x'])
})

t.test('a file is found from the folder of the file that names it', async (t) => {
  const io = memoryIo({
    '/etc/coredns/parts/top.conf': 'b.test {\n import inner/log.conf\n}\n',
    '/etc/coredns/parts/inner/log.conf': '\ufefflog {$WHO}',
  })
  t.same(parse('import parts/top.conf\na {\n errors\n}', io), [
    { keys: ['b.test /etc/coredns/parts/top.conf:1'], words: ['log', ''] },
    { keys: [`a ${PATH}:2`], words: ['errors'] },
  ])
})

t.test('words of an imported file never join the line that imports it', async (t) => {
  const io = memoryIo({ '/etc/coredns/log.conf': '\n\nlog' })
  t.same(parse('a {\n errors\n import log.conf\n whoami\n}', io)[0]?.words, [
    'errors',
    'log',
    'whoami',
  ])
})

t.test('the files that match a pattern come in order of their names', async (t) => {
  const io = memoryIo({
    '/etc/coredns/custom/b.override': 'log b',
    '/etc/coredns/custom/a.override': 'log a',
    '/etc/coredns/custom/.hidden.override': 'log hidden',
    '/etc/coredns/custom/c.server': 'c.test {\n whoami\n}',
  })
  const text = '. {\n import custom/*.override\n}\nimport custom/?.server\n'
  t.same(parse(text, io), [
    { keys: [`. ${PATH}:1`], words: ['log', 'hidden', 'log', 'a', 'log', 'b'] },
    { keys: ['c.test /etc/coredns/custom/c.server:1'], words: ['whoami'] },
  ])
})

t.test('wildcards may stand in folders, and backslashes take them away', async (t) => {
  const io = memoryIo({
    '/srv/one/dns': 'log one',
    '/srv/two/dns': 'log two',
    '/srv/two/*': 'log star',
  })
  t.same(parse('. {\n import /srv/*/dns\n}', io)[0]?.words, ['log', 'one', 'log', 'two'])
  t.same(parse('. {\n import /srv/two/\\*\n}', io)[0]?.words, ['log', 'star'])
})

t.test('a pattern that nothing matches is a warning', async (t) => {
  const io = memoryIo()
  t.same(parse('. {\n log\n import custom/*.override\n}', io)[0]?.words, ['log'])
  t.same(io.warnings, ['No files matching import glob pattern: custom/*.override'])
})

t.test('variables in a pattern are replaced', async (t) => {
  const io = memoryIo({ '/etc/coredns/eu.conf': 'log eu' }, { REGION: 'eu' })
  t.same(parse('. {\n import {$REGION}.conf\n}', io)[0]?.words, ['log', 'eu'])
})

t.test('what cannot be imported is named with its place', async () => {
  const io = memoryIo({ '/etc/coredns/custom/a': 'log' })
  const place = ':2 - Error during parsing:'
  fails('. {\nimport none\n}', `${place} File to import not found: none`)
  fails('. {\nimport\n}', `${place} Wrong argument count or unexpected line ending after 'import'`)
  fails('. {\nimport {$GONE}\n}', `${place} Import requires a non-empty filepath`)
  fails('. {\nimport a b\n}', `${place} Import takes only one argument (glob pattern or file)`)
  fails(
    '. {\nimport custom\n}',
    `${place} Could not import /etc/coredns/custom: is a directory`,
    io,
  )
  fails(
    '. {\nimport *.*\n}',
    `${place} Glob pattern may only contain one wildcard (*), but has others: /etc/coredns/*.*`,
  )
  fails('. {\nimport a[\n}', `${place} Failed to use import pattern a[: syntax error in pattern`)
})

t.test('snippets that cannot be are refused', async () => {
  fails(
    '(a) {\nlog\n}\n(a) {\nlog\n}',
    ':4 - Error during parsing: redeclaration of previously declared snippet a',
  )
  fails(
    '(a) {\nlog\nimport a\n}',
    ':4 - Error during parsing: maximum snippet import depth (10000) exceeded',
  )
  fails('(a)\nlog', ":2 - Syntax error: Unexpected token 'log', expecting '{'")
  fails('(a) {\nlog', ":2 - Syntax error: Unexpected token 'log', expecting '}'")
})

t.test('imports that never end are cut off', async () => {
  fails(
    '(a) {\nimport b\n}\n(b) {\nimport a\n}\n. {\nimport a\n}',
    ':5 - Error during parsing: maximum snippet import depth (10000) exceeded',
  )
  const io = memoryIo({ '/etc/coredns/twice': 'import twice\nimport twice' })
  t.throws(() => parse('import twice', io), {
    message:
      '/etc/coredns/twice:1 - Error during parsing: maximum file import depth (10000) exceeded',
  })
})
