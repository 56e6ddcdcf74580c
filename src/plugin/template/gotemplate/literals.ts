const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
}

/** The text of a Go string literal: in double quotes with escapes, in back quotes as it stands. Throws SyntaxError for an escape that Go has not. */
export function unquote(literal: string): string {
  const inside = literal.slice(1, -1)
  if (literal.startsWith('`')) return inside.replaceAll('\r', '')
  return inside.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/gsu,
    (_, code: string) => {
      const simple = SIMPLE[code]
      if (simple !== undefined) return simple
      const value = /^[0-7]{3}$/.test(code)
        ? Number.parseInt(code, 8)
        : Number.parseInt(code.slice(1), 16)
      if (Number.isNaN(value) || value > 0x10ffff) throw new SyntaxError('invalid syntax')
      return String.fromCodePoint(value)
    },
  )
}

/** The code point of a character literal such as `'a'`. */
export function characterCode(literal: string): number {
  const text = unquote(`"${literal.slice(1, -1)}"`)
  return text.codePointAt(0) as number
}

/** A text as Go's %q writes it. */
export function goQuote(text: string): string {
  return `"${Array.from(text, escapeCharacter).join('')}"`
}

const WRITTEN: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(SIMPLE)
    .filter(([letter]) => letter !== "'")
    .map(([letter, char]) => [char, `\\${letter}`]),
)

function escapeCharacter(char: string): string {
  const code = char.codePointAt(0) as number
  const written = WRITTEN[char]
  if (written !== undefined) return written
  return code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, '0')}` : char
}
