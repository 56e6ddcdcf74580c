/**
 * A text in double quotes as Go's `%q` writes it, in which CoreDNS's messages show what they complain about: control characters and what cannot be printed are
 * escaped.
 */
export function quote(text: string): string {
  return `"${Array.from(text, quoteChar).join('')}"`
}

const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
}
const PRINTABLE = /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u

function quoteChar(char: string): string {
  const short = SHORT[char]
  if (short !== undefined) return short
  if (PRINTABLE.test(char)) return char
  const code = char.codePointAt(0) as number
  if (code < 0x80) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}
