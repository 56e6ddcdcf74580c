/** Where a token ended: lines and octets of a line count from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** Text that is no master file, or no record: `db.test: dns: bad A A: "one.two" at line: 3:27`. */
export class PresentationError extends Error {
  /** What is wrong, without the place: `bad A A`. */
  readonly reason: string

  constructor(reason: string, token: string, place: Place, file = '') {
    const prefix = file === '' ? '' : `${file}: `
    super(`${prefix}dns: ${reason}: ${quoteOctets(token)} at line: ${place.line}:${place.column}`)
    this.name = 'PresentationError'
    this.reason = reason
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function quoteOctets(octets: string): string {
  const text = Array.from(
    Buffer.from(octets, 'latin1').toString('utf8'),
    (char) => ESCAPES[char] ?? escapeCharacter(char),
  )
  return `"${text.join('')}"`
}

function escapeCharacter(char: string): string {
  const code = char.codePointAt(0) as number
  if (code >= 0x20 && code < 0x7f) return char
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\U${code.toString(16).padStart(8, '0')}`
}
