import t from 'tap'
import { Dispenser } from '../../src/corefile/dispenser.ts'
import { lex } from '../../src/corefile/lexer.ts'

function dispenser(text: string): Dispenser {
  return new Dispenser('Corefile', lex(text))
}

t.test('before the first token there is none', async (t) => {
  const tokens = dispenser('a')
  t.same([tokens.val(), tokens.line(), tokens.file()], ['', 0, 'Corefile'])
})

t.test('next() goes over lines, nextArg() stays on one, nextLine() leaves it', async (t) => {
  const tokens = dispenser('a b\nc')
  t.ok(tokens.next())
  t.notOk(tokens.nextLine())
  t.ok(tokens.nextArg())
  t.equal(tokens.val(), 'b')
  t.notOk(tokens.nextArg())
  t.ok(tokens.nextLine())
  t.same([tokens.val(), tokens.line()], ['c', 2])
  t.notOk(tokens.next())
  t.equal(tokens.val(), 'c', 'the last token stays loaded')
})

t.test('nextArg() and nextLine() load the first token too', async (t) => {
  const one = dispenser('a b')
  t.ok(one.nextArg())
  t.equal(one.val(), 'a')
  const other = dispenser('a b')
  t.ok(other.nextLine())
  t.equal(other.val(), 'a')
})

t.test('newlines in a quoted argument do not end the line', async (t) => {
  const tokens = dispenser('a "b\nb" c\nd')
  tokens.next()
  t.same(tokens.remainingArgs(), ['b\nb', 'c'])
})

t.test('tokens of other files are on other lines', async (t) => {
  const tokens = new Dispenser('Corefile', [...lex('a'), ...lex('b', '/x')])
  tokens.next()
  t.notOk(tokens.nextArg())
  t.ok(tokens.nextLine())
  t.equal(tokens.err('no').message, '/x:1 - Error during parsing: no')
})

t.test('every occurrence of the directive is a round of next()', async (t) => {
  const tokens = dispenser('hosts f {\n ttl 5\n inline\n}\nhosts g\nhosts {\n}\n')
  const seen: string[][] = []
  while (tokens.next()) {
    seen.push([tokens.val(), ...tokens.remainingArgs()])
    while (tokens.nextBlock()) seen.push([tokens.val(), ...tokens.remainingArgs()])
  }
  t.same(seen, [['hosts', 'f'], ['ttl', '5'], ['inline'], ['hosts', 'g'], ['hosts']])
})

t.test('a block opens on the same line or not at all', async (t) => {
  const tokens = dispenser('a\n{\nb\n}')
  tokens.next()
  t.notOk(tokens.nextBlock())
  t.equal(tokens.val(), 'a')
})

t.test('an argument where a block may be stays for the next call', async (t) => {
  const tokens = dispenser('a b {\nc\n}')
  tokens.next()
  t.notOk(tokens.nextBlock())
  t.same(tokens.args(1), ['b'])
  t.ok(tokens.nextBlock())
  t.equal(tokens.val(), 'c')
  t.notOk(tokens.nextBlock())
  t.equal(tokens.val(), '}')
})

t.test('args() gives as many as there are', async (t) => {
  const tokens = dispenser('a b c\nd')
  tokens.next()
  t.same(tokens.args(1), ['b'])
  t.same(tokens.args(3), ['c'])
})

t.test('errors name the place and, for arguments, the last token read', async (t) => {
  const tokens = dispenser('a {\nb\n}')
  tokens.next()
  t.equal(
    tokens.argErr().message,
    "Corefile:1 - Error during parsing: Wrong argument count or unexpected line ending after 'a'",
  )
  tokens.nextArg()
  t.equal(
    tokens.argErr().message,
    "Corefile:1 - Error during parsing: Unexpected token '{', expecting argument",
  )
  t.equal(
    tokens.syntaxErr('x').message,
    "Corefile:1 - Syntax error: Unexpected token '{', expecting 'x'",
  )
  tokens.next()
  t.equal(tokens.eofErr().message, 'Corefile:2 - Error during parsing: Unexpected EOF')
})
