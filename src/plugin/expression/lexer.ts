import { ExpressionError } from './error.ts'

/** A token of an expression; `value` is what a literal stands for. */
export interface Token {
  readonly kind: 'number' | 'string' | 'name' | 'operator' | 'pointer' | 'end'
  readonly text: string
  readonly value?: number | string
  readonly column: number
}

const SKIP = /(?:\s|\/\*.*?\*\/|\/\/[^\n]*)*/sy
const NUMBER =
  /0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*)(?:\.(?!\.)[0-9_]*)?(?:[eE][-+]?[0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?/y
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`/y
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy
const POINTER = /#[\p{L}\p{N}_]*/uy
const OPERATOR = /\?\.|\?\?|\*\*|\.\.|&&|\|\||[=!<>]=|[-+*/%^<>!?:.,;|()[\]{}=]/y

/** @throws ExpressionError */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; ; ) {
    SKIP.lastIndex = at
    at += SKIP.exec(source)?.[0].length ?? 0
    if (at >= source.length) {
      tokens.push({ kind: 'end', text: 'EOF', column: Math.max(at - 1, 0) })
      return tokens
    }
    const token = tokenAt(source, at)
    tokens.push(token)
    at += token.text.length
  }
}

function tokenAt(source: string, column: number): Token {
  const match = (shape: RegExp) => {
    shape.lastIndex = column
    return shape.exec(source)?.[0]
  }
  const number = match(NUMBER)
  if (number !== undefined) {
    return { kind: 'number', text: number, value: Number(number.replaceAll('_', '')), column }
  }
  const string = match(STRING)
  if (string !== undefined) {
    return { kind: 'string', text: string, value: textOf(string, source, column), column }
  }
  if ('"\'`'.includes(source[column] as string)) {
    throw new ExpressionError('literal not terminated', source, column)
  }
  const name = match(NAME)
  if (name !== undefined) return { kind: 'name', text: name, column }
  const pointer = match(POINTER)
  if (pointer !== undefined) return { kind: 'pointer', text: pointer, column }
  const operator = match(OPERATOR)
  if (operator !== undefined) return { kind: 'operator', text: operator, column }
  const char = String.fromCodePoint(source.codePointAt(column) as number)
  throw new ExpressionError(
    `unrecognized character: U+${(char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')} '${char}'`,
    source,
    column,
  )
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
  '`': '`',
  '?': '?',
}

function textOf(literal: string, source: string, column: number): string {
  const inside = literal.slice(1, -1)
  if (literal.startsWith('`')) return inside
  return inside.replace(
    /\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)/gsu,
    (_, code: string) => {
      const simple = ESCAPES[code]
      if (simple !== undefined) return simple
      const octal = /^[0-7]{3}$/.test(code)
      const value = Number.parseInt(code.replace(/[xuU{}]/g, ''), octal ? 8 : 16)
      if (code.length === 1 || !(value <= 0x10ffff)) {
        throw new ExpressionError('unable to unescape string', source, column)
      }
      return String.fromCodePoint(value)
    },
  )
}
