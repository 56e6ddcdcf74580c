import { CorefileError } from './errors.ts'
import { quote } from './quote.ts'

export { formatDuration, parseDuration } from './duration.ts'

/**
 * A whole decimal number of 64 bits, as Go's Atoi takes it. Above 2^53 the result is rounded.
 *
 * @throws CorefileError `strconv.Atoi: parsing "x": invalid syntax`, or `… value out of range`
 */
export function parseInteger(text: string): number {
  const value = signed(text, 10)
  if (value === undefined) throw syntax('Atoi', text)
  if (BigInt.asIntN(64, value) !== value) throw range('Atoi', text)
  return Number(value)
}

/**
 * A whole number with or without sign, as Go's ParseInt takes it.
 *
 * @param base 10, or 0 for what the number's own prefix says (`0x`, `0o`, `0`, `0b`, underscores allowed)
 * @throws CorefileError `strconv.ParseInt: parsing "x": invalid syntax`, or `… value out of range`
 */
export function parseSigned(text: string, bits: number, base: 0 | 10 = 10): number {
  const value = signed(text, base)
  if (value === undefined) throw syntax('ParseInt', text)
  if (BigInt.asIntN(bits, value) !== value) throw range('ParseInt', text)
  return Number(value)
}

/**
 * A whole number without sign, as Go's ParseUint takes it.
 *
 * @param base as for {@link parseSigned}
 * @throws CorefileError `strconv.ParseUint: parsing "-1": invalid syntax`, or `… value out of range`
 */
export function parseUnsigned(text: string, bits: number, base: 0 | 10 = 10): number {
  const value = unsigned(text, base)
  if (value === undefined) throw syntax('ParseUint', text)
  if (BigInt.asUintN(bits, value) !== value) throw range('ParseUint', text)
  return Number(value)
}

/**
 * A number with a fraction or an exponent, or infinity, as Go's ParseFloat takes it for 64 bits (hexadecimal ones, which nobody writes, are refused).
 *
 * @throws CorefileError `strconv.ParseFloat: parsing "x": invalid syntax`, or `… value out of range`
 */
export function parseFloatingPoint(text: string): number {
  const special = /^([+-]?)(?:(inf|infinity)|nan)$/i.exec(text)
  if (special !== null) {
    if (special[2] === undefined) {
      if (special[1] !== '') throw syntax('ParseFloat', text)
      return Number.NaN
    }
    return special[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  if (!/^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i.test(text)) {
    throw syntax('ParseFloat', text)
  }
  if (!Number.isFinite(Number(text))) throw range('ParseFloat', text)
  return Number(text)
}

/**
 * @throws CorefileError `strconv.ParseBool: parsing "yes": invalid syntax`
 */
export function parseBoolean(text: string): boolean {
  if (/^(?:1|t|T|true|TRUE|True)$/.test(text)) return true
  if (/^(?:0|f|F|false|FALSE|False)$/.test(text)) return false
  throw syntax('ParseBool', text)
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

function signed(text: string, base: 0 | 10): bigint | undefined {
  const value = unsigned(text.replace(/^[+-]/, ''), base)
  return value !== undefined && text.startsWith('-') ? -value : value
}

function unsigned(text: string, base: 0 | 10): bigint | undefined {
  if (base === 10) return /^[0-9]+$/.test(text) ? BigInt(text) : undefined
  return PREFIXED.test(text) ? BigInt(withoutPrefixOfC(text).replaceAll('_', '')) : undefined
}

/** What a Go program's text may write: an underscore only between digits, or after the prefix. */
const PREFIXED =
  /^(?:0x(?:_?[0-9a-f])+|0o(?:_?[0-7])+|0b(?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/i

/** `0755` is octal for Go, and JavaScript says `0o755`. */
function withoutPrefixOfC(text: string): string {
  return /^0[0-7_]+$/.test(text) ? `0o${text.slice(1)}` : text
}

function syntax(call: string, text: string): CorefileError {
  return new CorefileError(`strconv.${call}: parsing ${quote(text)}: invalid syntax`)
}

function range(call: string, text: string): CorefileError {
  return new CorefileError(`strconv.${call}: parsing ${quote(text)}: value out of range`)
}
