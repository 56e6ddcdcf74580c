import { labelKeyFaults, labelValueFaults, quoted } from './label.ts'

/** What became of a selector's text: its canonical spelling, or what is wrong with it in apimachinery's words. */
export type ParsedSelector = { readonly selector: string } | { readonly error: string }

type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'gt' | 'lt' | 'exists' | '!'

interface Requirement {
  readonly key: string
  readonly operator: Operator
  /** Sorted, without repetition. */
  readonly values: readonly string[]
}

const BINARY: Readonly<Record<string, Operator>> = {
  in: 'in',
  notin: 'notin',
  '=': '=',
  '==': '==',
  '!=': '!=',
  '>': 'gt',
  '<': 'lt',
}
const SYMBOLS = new Set([')', ',', '!', '==', '=', '>', '<', '!=', '('])

/**
 * Reads a label selector as `kubectl -l` takes it: `app=x, tier in (a, b), !legacy`.
 *
 * The canonical spelling has its requirements sorted by key and the values of a set sorted. `!=`, `>` and `<` are
 * refused, as a LabelSelector object has no words for them.
 */
export function parseSelector(text: string): ParsedSelector {
  try {
    const requirements = parseRequirements(tokensOf(text))
    requirements.sort((a, b) => compare(a.key, b.key))
    return { selector: canonical(requirements) }
  } catch (error) {
    if (error instanceof Unsupported) return { error: error.message }
    if (!(error instanceof SelectorError)) throw error
    return { error: `couldn't parse the selector string "${text}": ${error.message}` }
  }
}

/** Unwinds the parser; never leaves this file. */
class SelectorError extends Error {}
class Unsupported extends Error {}

interface Token {
  readonly kind: 'identifier' | 'symbol' | 'end' | 'error'
  readonly text: string
}

const END: Token = { kind: 'end', text: '' }

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  // A NUL ends the text, as it does for the lexer whose errors these are.
  const matches = /^[^\0]*/.exec(text)![0].matchAll(/([=!(),><]+)|([^=!(),><\s]+)/g)
  for (const [, symbols, identifier] of matches) {
    if (identifier !== undefined) tokens.push({ kind: 'identifier', text: identifier })
    else if (symbols !== undefined) tokens.push(...symbolsOf(symbols))
  }
  return [...tokens, END]
}

/** The longest symbols first: `==` is one, `=!` are two. */
function symbolsOf(run: string): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < run.length; ) {
    const two = run.slice(at, at + 2)
    const text = SYMBOLS.has(two) ? two : run.charAt(at)
    tokens.push({ kind: 'symbol', text })
    at += text.length
  }
  return tokens
}

/** Tokens with a place among them. */
class Cursor {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }
  peek(): Token {
    return this.#tokens[this.#at] ?? END
  }
  next(): Token {
    return this.#tokens[this.#at++] ?? END
  }
}

function parseRequirements(tokens: readonly Token[]): Requirement[] {
  const cursor = new Cursor(tokens)
  const requirements: Requirement[] = []
  for (;;) {
    const first = cursor.peek()
    if (first.kind === 'end') return requirements
    if (!beginsRequirement(first)) {
      throw unexpected(first, ", expected: !, identifier, or 'end of string'")
    }
    requirements.push(parseRequirement(cursor))
    const separator = cursor.next()
    if (separator.kind === 'end') return requirements
    if (!is(separator, ',')) throw unexpected(separator, ", expected: ',' or 'end of string'")
    if (!beginsRequirement(cursor.peek())) {
      throw unexpected(cursor.peek(), ", expected: identifier after ','")
    }
  }
}

function parseRequirement(cursor: Cursor): Requirement {
  try {
    const requirement = readRequirement(cursor)
    const faults = faultsOf(requirement)
    if (faults.length > 0) throw new SelectorError(joined(faults))
    return requirement
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error
    throw new SelectorError(`unable to parse requirement: ${error.message}`)
  }
}

function readRequirement(cursor: Cursor): Requirement {
  let token = cursor.next()
  const absent = is(token, '!')
  if (absent) token = cursor.next()
  if (token.kind !== 'identifier') throw unexpected(token, ', expected: identifier')
  const key = token.text
  const faults = labelKeyFaults(key)
  if (faults.length > 0) {
    throw new SelectorError(`<nil>: Invalid value: ${quoted(key)}: ${faults.join('; ')}`)
  }
  if (absent) return { key, operator: '!', values: [] }
  const next = cursor.peek()
  if (next.kind === 'end' || is(next, ',')) return { key, operator: 'exists', values: [] }
  const operator = readOperator(cursor.next())
  const isSet = operator === 'in' || operator === 'notin'
  const values = isSet ? readSet(cursor) : [readValue(cursor)]
  return { key, operator, values: [...new Set(values)].sort(compare) }
}

function readOperator(token: Token): Operator {
  const operator = token.kind === 'end' ? undefined : BINARY[token.text]
  if (operator === undefined) throw unexpected(token, ', expected: in, notin, =, ==, !=, gt, lt')
  return operator
}

/** `(a, b)`; an empty place between commas is the empty value. */
function readSet(cursor: Cursor): string[] {
  const open = cursor.next()
  if (!is(open, '(')) throw unexpected(open, " expected: '('")
  const first = cursor.peek()
  if (is(first, ')')) {
    cursor.next()
    return ['']
  }
  if (first.kind !== 'identifier' && !is(first, ',')) {
    throw unexpected(first, ", expected: ',', ')' or identifier")
  }
  const values: string[] = []
  for (;;) {
    const token = cursor.next()
    const next = cursor.peek()
    if (token.kind === 'identifier') {
      values.push(token.text)
      if (is(next, ')')) break
      if (!is(next, ',')) throw unexpected(next, ", expected: ',' or ')'")
    } else if (is(token, ',')) {
      if (values.length === 0 || is(next, ',') || is(next, ')')) values.push('')
      if (is(next, ')')) break
    } else throw unexpected(token, ", expected: ',', or identifier")
  }
  cursor.next()
  return values
}

function readValue(cursor: Cursor): string {
  const next = cursor.peek()
  if (next.kind === 'end' || is(next, ',')) return ''
  const token = cursor.next()
  if (token.kind !== 'identifier') throw unexpected(token, ', expected: identifier')
  return token.text
}

function faultsOf({ key, operator, values }: Requirement): string[] {
  const faults: string[] = []
  for (const [i, value] of values.entries()) {
    if ((operator === 'gt' || operator === 'lt') && !isInt64(value)) {
      const detail = "for 'Gt', 'Lt' operators, the value must be an integer"
      faults.push(`values[${i}]: Invalid value: ${quoted(value)}: ${detail}`)
    }
  }
  for (const [i, value] of values.entries()) {
    const details = labelValueFaults(value)
    if (details.length === 0) continue
    faults.push(`values[${i}][${key}]: Invalid value: ${quoted(value)}: ${details.join('; ')}`)
  }
  return faults
}

function canonical(requirements: readonly Requirement[]): string {
  // `a=1,a=2` is one entry of an object's map, so the last of them stands.
  const exact = new Map<string, string>()
  const others: { key: string; text: string }[] = []
  for (const { key, operator, values } of requirements) {
    switch (operator) {
      case '=':
      case '==':
        exact.set(key, `${key}=${values[0]}`)
        break
      case 'in':
      case 'notin':
        others.push({ key, text: `${key} ${operator} (${values.join(',')})` })
        break
      case 'exists':
        others.push({ key, text: key })
        break
      case '!':
        others.push({ key, text: `!${key}` })
        break
      case 'gt':
      case 'lt':
        throw new Unsupported(`"${operator}" isn't supported in label selectors`)
      default:
        throw new Unsupported(`"${operator}" is not a valid label selector operator`)
    }
  }
  const all = [...[...exact].map(([key, text]) => ({ key, text })), ...others]
  return all
    .sort((a, b) => compare(a.key, b.key))
    .map(({ text }) => text)
    .join(',')
}

function beginsRequirement(token: Token): boolean {
  return token.kind === 'identifier' || is(token, '!')
}

function is(token: Token, symbol: string): boolean {
  return token.kind === 'symbol' && token.text === symbol
}

function unexpected(token: Token, expected: string): SelectorError {
  return new SelectorError(`found '${token.text}'${expected}`)
}

function joined(faults: readonly string[]): string {
  const different = [...new Set(faults)]
  return different.length === 1 ? different[0]! : `[${different.join(', ')}]`
}

function isInt64(value: string): boolean {
  if (!/^[+-]?[0-9]+$/.test(value)) return false
  const number = BigInt(value.replace(/^\+/, ''))
  return number >= -(2n ** 63n) && number < 2n ** 63n
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
