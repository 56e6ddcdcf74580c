import { CorefileError } from './errors.ts'
import { quote } from './quote.ts'

export { formatDuration, parseDuration } from './duration.ts'

/**
 * A whole decimal number of 64 bits, as Go's Atoi takes it. Above 2^53 the result is rounded.
 *
 * @throws CorefileError `strconv.Atoi: parsing "x": invalid syntax`, or `… value out of range`
 */
export function parseInteger(text: string): number {
  return signed('Atoi', text, 64, 10)
}

/**
 * A whole number with or without sign, as Go's ParseInt takes it.
 *
 * @param base 10, or 0 for what the number's own prefix says (`0x`, `0o`, `0`, `0b`, underscores allowed)
 * @throws CorefileError `strconv.ParseInt: parsing "x": invalid syntax`, or `… value out of range`
 */
export function parseSigned(text: string, bits: number, base: 0 | 10 = 10): number {
  return signed('ParseInt', text, bits, base)
}

/**
 * A whole number without sign, as Go's ParseUint takes it.
 *
 * @param base as for {@link parseSigned}
 * @throws CorefileError `strconv.ParseUint: parsing "-1": invalid syntax`, or `… value out of range`
 */
export function parseUnsigned(text: string, bits: number, base: 0 | 10 = 10): number {
  const value = magnitude(text, bits, base)
  if (typeof value === 'string') throw failed('ParseUint', text, value)
  return Number(value)
}

/**
 * A number with a fraction or an exponent, or infinity, as Go's ParseFloat takes it for 64 bits (hexadecimal ones, which nobody writes, are refused).
 *
 * @throws CorefileError `strconv.ParseFloat: parsing "x": invalid syntax`, or `… value out of range`
 */
export function parseFloatingPoint(text: string): number {
  const infinite = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinite !== null) return Number(`${infinite[1]}Infinity`)
  if (/^nan$/i.test(text)) return Number.NaN
  if (!GO_FLOAT.test(text)) throw failed('ParseFloat', text, SYNTAX)
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isFinite(value)) throw failed('ParseFloat', text, OUT_OF_RANGE)
  return value
}

const GO_FLOAT =
  /^[+-]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:e[+-]?[0-9](?:_?[0-9])*)?$/i

/**
 * @throws CorefileError `strconv.ParseBool: parsing "yes": invalid syntax`
 */
export function parseBoolean(text: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false
  throw failed('ParseBool', text, SYNTAX)
}

/** The parsed value, or undefined where the text is none: for options that may be something else, or have a message of their own. */
export function parsedOrUndefined<T>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof CorefileError) return undefined
    throw error
  }
}

function signed(call: string, text: string, bits: number, base: 0 | 10): number {
  const size = magnitude(text.replace(/^[+-]/, ''), bits, base)
  if (typeof size === 'string') throw failed(call, text, size)
  const value = text.startsWith('-') ? -size : size
  if (BigInt.asIntN(bits, value) !== value) throw failed(call, text, OUT_OF_RANGE)
  return Number(value)
}

const SYNTAX = 'invalid syntax'
const OUT_OF_RANGE = 'value out of range'

/** A number without sign of so many bits, or what is wrong with it. Digits that are too many are found before what follows them. */
function magnitude(text: string, bits: number, base: 0 | 10): bigint | string {
  const digits = (base === 10 ? /^[0-9]+/ : LEADING_DIGITS).exec(text)?.[0]
  if (digits === undefined) return SYNTAX
  const value = BigInt(base === 10 ? digits : octalOfC(digits.replaceAll('_', '')))
  if (BigInt.asUintN(bits, value) !== value) return OUT_OF_RANGE
  return digits === text && (base === 10 || GO_LITERAL.test(text)) ? value : SYNTAX
}

const LEADING_DIGITS =
  /^(?:0x_*[0-9a-f][0-9a-f_]*|0o_*[0-7][0-7_]*|0b_*[01][01_]*|0[0-7_]*|_*[1-9][0-9_]*)/i

/** An underscore only between digits, or after the prefix. */
const GO_LITERAL =
  /^(?:0x(?:_?[0-9a-f])+|0o(?:_?[0-7])+|0b(?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/i

/** `0755` is octal where prefixes count, and JavaScript says `0o755`. */
function octalOfC(digits: string): string {
  return /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits
}

function failed(call: string, text: string, reason: string): CorefileError {
  return new CorefileError(`strconv.${call}: parsing ${quote(text)}: ${reason}`)
}
