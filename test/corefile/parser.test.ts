import t from 'tap'
import { CorefileError } from '../../src/corefile/errors.ts'
import { defaultCorefile, parseCorefile, type ServerBlock } from '../../src/corefile/parser.ts'
import fc from '../fast-check.ts'
import { memoryIo } from './memory-io.ts'

const KNOWN = new Set(['whoami', 'log', 'errors', 'hosts', 'cache', 'template', 'bind'])

function parse(text: string, environment: Record<string, string> = {}): ServerBlock[] {
  return parseCorefile({ text, path: 'Corefile' }, memoryIo({}, environment), KNOWN)
}

/** Keys, and the words of each directive. */
function outline(blocks: readonly ServerBlock[]): [string[], Record<string, string[]>][] {
  return blocks.map((block) => [
    block.keys.map((key) => key.text),
    Object.fromEntries(
      [...block.directives].map(([name, tokens]) => [name, tokens.map((token) => token.text)]),
    ),
  ])
}

t.test('a block has keys, and directives with their blocks', async (t) => {
  const blocks = parse('. a.test:53 {\n  log\n  hosts f {\n    ttl 5\n  }\n}\n')
  t.same(outline(blocks), [
    [['.', 'a.test:53'], { log: ['log'], hosts: ['hosts', 'f', '{', 'ttl', '5', '}'] }],
  ])
  t.same(blocks[0]?.keys[1], { text: 'a.test:53', file: 'Corefile', line: 1 })
  t.same(blocks[0]?.directives.get('hosts')?.[3], { file: '', line: 4, text: 'ttl' })
})

t.test('all lines of a directive come together, in the order of the file', async (t) => {
  const [block] = parse('. {\n log a\n errors\n log b\n}')
  t.same(outline([block as ServerBlock]), [
    [['.'], { log: ['log', 'a', 'log', 'b'], errors: ['errors'] }],
  ])
  t.same([...(block as ServerBlock).directives.keys()], ['log', 'errors'])
})

t.test('commas separate keys, and one at the end of a line goes on in the next', async (t) => {
  t.same(outline(parse('a, b c,\nd {\n}')), [[['a', 'b', 'c', 'd'], {}]])
  t.throws(() => parse('a, {\n}'), {
    message:
      "Corefile:1 - Error during parsing: Expected another address but had '{' - check for extra comma",
  })
  t.throws(() => parse('a,'), { message: 'Corefile:1 - Error during parsing: Unexpected EOF' })
})

t.test('the opening brace may stand on a line of its own', async (t) => {
  t.same(outline(parse('.\n{\nlog\n}')), [[['.'], { log: ['log'] }]])
})

t.test('a single block needs no braces', async (t) => {
  t.same(outline(parse('.:53\nlog\nhosts {\nttl 1\n}\n')), [
    [['.:53'], { log: ['log'], hosts: ['hosts', '{', 'ttl', '1', '}'] }],
  ])
  t.same(outline(parse('a.test')), [[['a.test'], {}]])
})

t.test('a block without keys is checked and left out', async (t) => {
  t.same(parse('{\nlog\n}'), [])
  t.throws(() => parse('{\nnothing\n}'), {
    message: "Corefile:2 - Error during parsing: Unknown directive 'nothing'",
  })
})

t.test('a text without blocks has none, and there is a default to serve', async (t) => {
  t.same(parse(''), [])
  t.same(parse('# nothing\n\n'), [])
  t.same(parse('{$GONE} {\nlog\n}'), [])
  const fallback = defaultCorefile(1053)
  t.same(outline(parseCorefile(fallback, memoryIo(), KNOWN)), [
    [['.:1053'], { whoami: ['whoami'], log: ['log'] }],
  ])
})

t.test('a stray closing brace becomes a key', async (t) => {
  t.same(outline(parse('. {\n}\n}')), [
    [['.'], {}],
    [['}'], {}],
  ])
})

t.test('braces are words of their own', async (t) => {
  t.throws(() => parse('. {\ncache 30{\nsuccess 5\n}\n}'), {
    message: "Corefile:3 - Error during parsing: Unknown directive 'success'",
  })
  t.throws(() => parse('. { whoami }'), {
    message: "Corefile:1 - Error during parsing: Unexpected '}' because no matching opening brace",
  })
})

t.test('what is not closed is named', async (t) => {
  t.throws(() => parse('. {\nhosts {\nttl 5\n'), {
    message: 'Corefile:3 - Error during parsing: Unexpected EOF',
  })
  t.throws(() => parse('. {\nlog\n'), {
    message: "Corefile:2 - Syntax error: Unexpected token 'log', expecting '}'",
  })
})

t.test('without a set of directives every word is one', async (t) => {
  const blocks = parseCorefile({ text: '. {\nteleport\n}', path: 'f' }, memoryIo())
  t.same(outline(blocks), [[['.'], { teleport: ['teleport'] }]])
})

t.test('environment variables stand for keys, directives and arguments', async (t) => {
  const text = '{$Z}:53 b{%N%} {\n{$D} 10.{$N}.0.1 "x {$S}" {$S} {$GONE}\n}'
  const [block] = parse(text, { Z: 'a.test', N: '7', D: 'hosts', S: 'p q' })
  t.same(
    block?.keys.map((key) => key.text),
    ['a.test:53', 'b7'],
  )
  t.same(
    block?.directives.get('hosts')?.map((token) => token.text),
    ['{$D}', '10.7.0.1', 'x p q', 'p q', ''],
  )
})

t.test('newlines of a variable count as lines, so that the next line may join', async (t) => {
  const [block] = parse('. {\nlog {$V}\nerrors\n}', { V: 'a\nb' })
  t.same(
    block?.directives.get('log')?.map((token) => token.text),
    ['log', 'a\nb', 'errors'],
  )
})

t.test('variables that name each other are an error with its place', async (t) => {
  t.throws(() => parse('. {\nlog {$A}\n}', { A: '{$B}', B: '{$A}' }), {
    message:
      "Corefile:2 - Error during parsing: environment variables in '{$A}' refer to each other without end",
  })
})

const PIECES = [
  ...['.', 'a.test,', ',', '{', '}', '\n', ' ', '"', '\\', '#', 'log', 'hosts', 'nothing', '()'],
  ...['import', 'import *.f\n', 'import s\n', '(s) {', 'import [', '{$A}', '{$', '{%A%}', '\r\n'],
]

t.test('whatever the text, there are blocks or a CorefileError', async () => {
  const files = { '/etc/coredns/x.f': 'log\n', '/etc/coredns/y.f': '} {\nimport x.f' }
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES)), (pieces) => {
      const io = memoryIo(files, { A: 'import' })
      try {
        parseCorefile({ text: pieces.join(' '), path: 'Corefile' }, io, KNOWN)
      } catch (error) {
        if (!(error instanceof CorefileError)) throw error
      }
    }),
    { numRuns: 2000 },
  )
})
