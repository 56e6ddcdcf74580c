import t from 'tap'
import { quote } from '../../src/corefile/quote.ts'
import {
  formatDuration,
  parseBoolean,
  parseDuration,
  parsedOrUndefined,
  parseFloatingPoint,
  parseInteger,
  parseSigned,
  parseUnsigned,
} from '../../src/corefile/values.ts'
import fc from '../fast-check.ts'

t.test('durations are sums of numbers with units', async (t) => {
  const durations: [string, number][] = [
    ['0', 0],
    ['300ms', 300],
    ['1.5h', 5_400_000],
    ['2h45m', 9_900_000],
    ['1h2.5m', 3_750_000],
    ['-1s', -1000],
    ['+.5s', 500],
    ['1.s', 1000],
    ['7us', 0.007],
    ['7µs', 0.007],
    ['7μs', 0.007],
    ['9ns', 0.000009],
  ]
  for (const [text, milliseconds] of durations) t.equal(parseDuration(text), milliseconds, text)
})

t.test('what is no duration is named', async (t) => {
  const refused: [string, string][] = [
    ['', 'time: invalid duration ""'],
    ['x', 'time: invalid duration "x"'],
    ['.s', 'time: invalid duration ".s"'],
    ['never', 'time: invalid duration "never"'],
    ['5', 'time: missing unit in duration "5"'],
    ['1h5', 'time: missing unit in duration "1h5"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['1é', String.raw`time: unknown unit "\xc3\xa9" in duration "1\xc3\xa9"`],
    ['2562048h', 'time: invalid duration "2562048h"'],
    ['9223372036854775809ns', 'time: invalid duration "9223372036854775809ns"'],
  ]
  for (const [text, message] of refused) t.throws(() => parseDuration(text), { message })
})

t.test('durations are written as they are read', async (t) => {
  const texts = [
    '0s',
    '9ns',
    '1.5µs',
    '300ms',
    '1.000000001s',
    '-1s',
    '1m0s',
    '1h0m0s',
    '2h45m0.5s',
  ]
  for (const text of texts) t.equal(formatDuration(parseDuration(text)), text)
  fc.assert(
    fc.property(fc.integer(), (nanoseconds) => {
      t.equal(parseDuration(formatDuration(nanoseconds / 1e6)), nanoseconds / 1e6)
    }),
  )
})

t.test('whole numbers are decimal and bounded', async (t) => {
  t.equal(parseInteger('-30'), -30)
  t.equal(parseInteger('+007'), 7)
  t.equal(parseUnsigned('65535', 16), 65535)
  t.equal(parseSigned('-2147483648', 32), -2147483648)
  const refused: [() => number, string][] = [
    [() => parseInteger('x'), 'strconv.Atoi: parsing "x": invalid syntax'],
    [() => parseInteger(''), 'strconv.Atoi: parsing "": invalid syntax'],
    [() => parseInteger('1_0'), 'strconv.Atoi: parsing "1_0": invalid syntax'],
    [
      () => parseInteger('9223372036854775808'),
      'strconv.Atoi: parsing "9223372036854775808": value out of range',
    ],
    [() => parseUnsigned('-1', 16), 'strconv.ParseUint: parsing "-1": invalid syntax'],
    [() => parseUnsigned('65536', 16), 'strconv.ParseUint: parsing "65536": value out of range'],
    [() => parseUnsigned('65536x', 16), 'strconv.ParseUint: parsing "65536x": value out of range'],
    [() => parseSigned('128', 8), 'strconv.ParseInt: parsing "128": value out of range'],
  ]
  for (const [parse, message] of refused) t.throws(parse, { message })
})

t.test('base 0 follows the prefix', async (t) => {
  t.equal(parseUnsigned('0xffee', 16, 0), 0xffee)
  t.equal(parseUnsigned('0755', 16, 0), 0o755)
  t.equal(parseUnsigned('0b1_0', 16, 0), 2)
  t.equal(parseSigned('-0x_f', 16, 0), -15)
  t.equal(parseSigned('0', 16, 0), 0)
  t.throws(() => parseUnsigned('089', 16, 0), {
    message: 'strconv.ParseUint: parsing "089": invalid syntax',
  })
  t.throws(() => parseUnsigned('1__0', 16, 0), {
    message: 'strconv.ParseUint: parsing "1__0": invalid syntax',
  })
})

t.test('numbers with fractions', async (t) => {
  t.equal(parseFloatingPoint('.5'), 0.5)
  t.equal(parseFloatingPoint('-1.25e2'), -125)
  t.equal(parseFloatingPoint('+Inf'), Number.POSITIVE_INFINITY)
  t.throws(() => parseFloatingPoint('1,5'), {
    message: 'strconv.ParseFloat: parsing "1,5": invalid syntax',
  })
  t.throws(() => parseFloatingPoint('1e400'), {
    message: 'strconv.ParseFloat: parsing "1e400": value out of range',
  })
})

t.test('truth has few spellings', async (t) => {
  t.equal(parseBoolean('true'), true)
  t.equal(parseBoolean('F'), false)
  t.throws(() => parseBoolean('yes'), {
    message: 'strconv.ParseBool: parsing "yes": invalid syntax',
  })
})

t.test('a value that may be something else is asked for', async (t) => {
  t.equal(parsedOrUndefined(parseInteger, '30'), 30)
  t.equal(parsedOrUndefined(parseInteger, 'example.org'), undefined)
})

t.test('quoted texts show what cannot be seen', async (t) => {
  t.equal(quote('a "b"\\\n\0\x7f é\u200b'), String.raw`"a \"b\"\\\n\x00\x7f é\u200b"`)
})
