import { readFileSync } from 'node:fs'
import t from 'tap'
import { environmentOf, isQueryFunction } from '../../../src/plugin/expression/environment.ts'
import { ExpressionError } from '../../../src/plugin/expression/error.ts'
import { Expression } from '../../../src/plugin/expression/expression.ts'
import { Timed, timedJson, timedText } from '../../../src/plugin/expression/times.ts'
import fc from '../../fast-check.ts'
import { queryFor } from '../harness.ts'

/** What github.com/expr-lang/expr v1.17 makes of an expression with the names below. */
interface Sample {
  readonly expression: string
  readonly value?: unknown
  readonly fails?: true
}

const samples = JSON.parse(
  readFileSync(new URL('expressions.json', import.meta.url), 'utf8'),
) as Sample[]

const names: Readonly<Record<string, unknown>> = {
  name: () => 'a.example.',
  port: () => '53',
  do: () => true,
  bufsize: () => 4096,
  group: (n: unknown) => `g${n}`,
  ip: '10-0-0-1',
}

const meaning = (source: string): unknown =>
  new Expression(source, (name) => Object.hasOwn(names, name)).evaluate((name) => names[name])

t.test('expressions mean what they mean to expr-lang', async (t) => {
  for (const { expression, value, fails } of samples) {
    if (fails === undefined) t.strictSame(plain(meaning(expression)), value, expression)
  }
})

t.test('what expr-lang refuses fails here too', async (t) => {
  for (const { expression, fails } of samples) {
    if (fails !== undefined) t.throws(() => meaning(expression), ExpressionError, expression)
  }
})

t.test('a query tells its name, type, client and sizes', async (t) => {
  const query = queryFor('WWW.Example.org AAAA', {
    from: '192.0.2.7',
    fromPort: 4000,
    udpSize: 1400,
  })
  const ask = (source: string) =>
    new Expression(source, isQueryFunction).evaluate(environmentOf(query))
  t.equal(ask('name()'), 'www.example.org.')
  t.equal(ask('type() + class() + proto()'), 'AAAAINudp')
  t.equal(ask("client_ip() + ':' + port()"), '192.0.2.7:4000')
  t.equal(ask('bufsize()'), 1400)
  t.equal(ask('do()'), false)
  t.equal(ask("incidr(client_ip(), '192.0.2.0/24')"), true)
  t.equal(ask("incidr(client_ip(), '2001:db8::/32')"), false)
  t.equal(ask("metadata('a/b')"), '')
  t.throws(() => ask("incidr('x', '10.0.0.0/8')"), { message: /not an IP address/ })
})

t.test('now is the clock, in a zone', async (t) => {
  const query = queryFor('a.test A', {})
  const ask = (source: string) =>
    new Expression(source, isQueryFunction).evaluate(environmentOf(query))
  for (const source of [
    "now() > date('2026-01-01')",
    "now() - duration('1h') < now()",
    'now().Year() > 2025',
    '(now() - now()).Hours() < 1',
    "now(timezone('UTC')).Location().String() == 'UTC'",
    "now(timezone('Asia/Tokyo')).Format('-07:00') == '+09:00'",
    "(now().Unix() - now(timezone('Asia/Tokyo')).Unix()) in [0, -1]",
  ]) {
    t.equal(ask(source), true, source)
  }
  t.throws(() => ask('now(1)'), { message: /invalid number of arguments/ })
})

t.test('operands of the wrong kind are found at the start', async (t) => {
  const mistake = (source: string) => {
    try {
      new Expression(source, isQueryFunction)
      return ''
    } catch (error) {
      return (error as Error).message.split('\n')[0]
    }
  }
  t.equal(mistake('port() == 53'), 'invalid operation: == (mismatched types string and int) (1:8)')
  t.equal(mistake('not port()'), 'invalid operation: not (mismatched type string) (1:1)')
  t.equal(mistake('do() and 1'), 'invalid operation: and (mismatched types bool and int) (1:6)')
  t.equal(
    mistake("bufsize() > '5'"),
    'invalid operation: > (mismatched types int and string) (1:11)',
  )
  t.equal(
    mistake("name == 'x'"),
    'invalid operation: == (mismatched types func() string and string) (1:6)',
  )
  t.equal(mistake('type(1) == 1'), 'too many arguments to call type (1:1)')
  t.equal(mistake("incidr('192.0.2.1')"), 'not enough arguments to call incidr (1:1)')
  t.equal(mistake('now(1, 2) == nil'), 'too many arguments to call now (1:1)')
  t.equal(mistake("int(port()) == 53 and name() in ['a.'] and nil == 1"), '')
})

t.test('any text is an expression or an error that can be shown', async () => {
  const piece = fc.constantFrom(
    '1',
    ' ',
    "'a'",
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '+',
    'not',
    'in',
    'name',
    '#',
    '.',
    '?',
    ':',
    ',',
    'let',
    '=',
    ';',
    'filter',
    '|',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      try {
        meaning(pieces.join(''))
      } catch (error) {
        return error instanceof ExpressionError
      }
      return true
    }),
  )
})

t.test('an expression that nests too deeply is refused', async (t) => {
  t.throws(() => meaning(`${'('.repeat(300)}1${')'.repeat(300)}`), { message: /nested too deeply/ })
})

/** Spans as Go prints them, the rest as JSON has it. */
function plain(value: unknown): unknown {
  if (value instanceof Timed)
    return value.value.type === 'span' ? timedText(value) : timedJson(value)
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]))
  }
  return Array.isArray(value) ? value.map(plain) : (value ?? null)
}
