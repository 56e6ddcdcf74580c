import t from 'tap'
import { lex } from '../../src/corefile/lexer.ts'
import fc from '../fast-check.ts'

function words(text: string): string[] {
  return lex(text).map((token) => token.text)
}

function wordsAndLines(text: string): [string, number][] {
  return lex(text).map((token) => [token.text, token.line])
}

t.test('white space separates words, and newlines count', async (t) => {
  t.same(wordsAndLines('a  b\tc\n\n d\u00a0e\u0085f'), [
    ['a', 1],
    ['b', 1],
    ['c', 1],
    ['d', 3],
    ['e', 3],
    ['f', 3],
  ])
})

t.test('a byte order mark at the beginning is no part of the first word', async (t) => {
  t.same(words('\ufeffa \ufeffb'), ['a', '\ufeffb'])
})

t.test('carriage returns vanish, except in quotes', async (t) => {
  t.same(wordsAndLines('a\r\nb\rc "d\r\ne"\r\nf'), [
    ['a', 1],
    ['bc', 2],
    ['d\r\ne', 2],
    ['f', 4],
  ])
})

t.test('a quote opens a quoted word only at the beginning of a word', async (t) => {
  t.same(words('"a b" c"d e"f'), ['a b', 'c"d', 'e"f'])
  t.same(words('"a"b'), ['a', 'b'])
  t.same(words('""'), [''])
})

t.test('the only escape in quotes is that of the quote', async (t) => {
  t.same(words(String.raw`"a\"b" "c\.d\\" "e\n"`), ['a"b', String.raw`c\.d\\`, String.raw`e\n`])
  t.same(words(String.raw`a\"b \ c`), [String.raw`a\"b`, '\\', 'c'])
})

t.test('a quote that is never closed takes the rest', async (t) => {
  t.same(words('a "b c\nd'), ['a', 'b c\nd'])
  t.same(words('a "'), ['a'])
  t.same(words('a "b\\'), ['a', 'b'])
})

t.test('newlines in quotes move the lines of what follows', async (t) => {
  t.same(wordsAndLines('"a\nb\\\nc" d\ne'), [
    ['a\nb\\\nc', 1],
    ['d', 3],
    ['e', 4],
  ])
})

t.test('a comment at the beginning of a word goes on to the end of the line', async (t) => {
  t.same(wordsAndLines('# a b "\nc # d\r\n#\ne'), [
    ['c', 2],
    ['e', 4],
  ])
})

t.test('a comment inside a word ends with the word', async (t) => {
  t.same(wordsAndLines('foo#bar baz\nx#y"z\nq "a#b"'), [
    ['foo', 1],
    ['baz', 1],
    ['x', 2],
    ['q', 3],
    ['a#b', 3],
  ])
})

/** What quotes can hold: a backslash right before a quote, or at the end, would take its meaning away. */
const quotable = fc.string({ unit: fc.constantFrom('a', '.', '\\', '"', '#', ' ', '\n', '{', 'é') })
const representable = quotable.filter((text) => !/\\(?:"|$)/.test(text))

t.test('words come back from their quoted form, on the right lines', async () => {
  const separator = fc.constantFrom(' ', '\t', '\n', '\r\n', ' # c "\n', '\n\n')
  fc.assert(
    fc.property(fc.array(fc.tuple(representable, separator)), (parts) => {
      let line = 1
      const expected = parts.map(([text, space]) => {
        const token = { file: 'f', line, text }
        line += `${text}${space}`.split('\n').length - 1
        return token
      })
      const text = parts.map(([word, space]) => `"${word.replaceAll('"', '\\"')}"${space}`)
      t.same(lex(text.join(''), 'f'), expected)
    }),
  )
})

t.test('every text has words', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const token of lex(text)) t.ok(token.line >= 1 && token.line <= text.split('\n').length)
    }),
  )
})
