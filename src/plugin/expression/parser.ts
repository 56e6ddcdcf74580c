import { RE2JS } from 're2js'
import { BUILTINS, PREDICATE_BUILTINS } from './builtins.ts'
import { Cursor } from './cursor.ts'
import { ExpressionError } from './error.ts'
import { type KindOfName, kindOf, takes, takesOne } from './kinds.ts'
import type { Token } from './lexer.ts'
import type { Node } from './nodes.ts'
import { BINARY, COMPARISONS, NEGATABLE, RESERVED, RIGHT, UNARY } from './operators.ts'

/** Nested parentheses, operators and calls before an expression is refused. */
const MAX_DEPTH = 200
/** Octets of a pattern. */
const MAX_PATTERN = 10_000

/**
 * Parses an expression of expr-lang.
 *
 * @param known whether a name is in the environment
 * @param kinds what the names of the environment are
 * @param arity how many arguments its functions take
 * @throws ExpressionError
 */
export function parseExpression(
  source: string,
  known: (name: string) => boolean,
  kinds: KindOfName,
  arity: ArityOfName,
): Node {
  return new Parser(source, known, kinds, arity).parse()
}

/** How many arguments a function of the environment takes, at least and at most; undefined where any number will do. */
type ArityOfName = (name: string) => readonly [number, number] | undefined

class Parser extends Cursor {
  private readonly known: (name: string) => boolean
  private readonly kinds: KindOfName
  private readonly arity: ArityOfName
  private readonly locals: string[] = []
  private depth = 0
  private predicates = 0

  constructor(
    source: string,
    known: (name: string) => boolean,
    kinds: KindOfName,
    arity: ArityOfName,
  ) {
    super(source)
    this.arity = arity
    this.kinds = (name) => (this.locals.includes(name) ? 'any' : kinds(name))
    this.known = known
  }

  parse(): Node {
    const node = this.sequence()
    if (this.token.kind !== 'end') throw this.unexpected()
    return node
  }

  /** Expressions with `;` between them; the last one is the value. `let` holds for those behind it. */
  private sequence(): Node {
    if (this.takes('let')) return this.declaration()
    const first = this.expression(0)
    if (!this.takes(';') || this.token.kind === 'end') return first
    return { kind: 'sequence', first, rest: this.sequence() }
  }

  private declaration(): Node {
    const { column } = this.token
    const name = this.word()
    if (this.known(name) || BUILTINS[name] !== undefined) {
      const what = this.known(name) ? name : `builtin ${name}`
      throw new ExpressionError(`cannot redeclare ${what}`, this.source, column)
    }
    this.expect('=')
    const value = this.expression(0)
    this.expect(';')
    this.locals.push(name)
    const body = this.sequence()
    this.locals.pop()
    return { kind: 'let', name, value, body }
  }

  private expression(precedence: number): Node {
    if (++this.depth > MAX_DEPTH) throw this.error('expression is nested too deeply')
    if (precedence === 0 && this.takes('if')) {
      const node = this.conditional()
      this.depth--
      return node
    }
    let left = this.unary()
    for (;;) {
      const mark = this.at
      const negated =
        this.token.text === 'not' && NEGATABLE.has(this.tokens[this.at + 1]?.text ?? '')
      if (negated) this.at++
      const operator = this.token
      const binds = this.isOperator(operator) ? BINARY.get(operator.text) : undefined
      if (binds === undefined || binds < precedence) {
        this.at = mark
        break
      }
      this.at++
      left = this.behind(left, operator, binds)
      if (negated) left = { kind: 'unary', operator: '!', operand: left }
    }
    if (precedence === 0) left = this.ternary(left)
    this.depth--
    return left
  }

  private behind(left: Node, operator: Token, binds: number): Node {
    if (operator.text === '|') return this.piped(left)
    const right = this.expression(RIGHT.has(operator.text) ? binds : binds + 1)
    this.checkBoth(operator, left, right)
    if (operator.text === 'matches' && right.kind === 'literal') {
      return { ...binary('matches', left, right), pattern: this.pattern(right.value, operator) }
    }
    if (COMPARISONS.has(operator.text) && COMPARISONS.has(this.token.text)) {
      return this.comparisons(binary(operator.text, left, right), right)
    }
    return binary(operator.text, left, right)
  }

  private checkBoth(operator: Token, left: Node, right: Node): void {
    const [first, second] = [kindOf(left, this.kinds), kindOf(right, this.kinds)]
    if (takes(operator.text, first, second)) return
    const reason = `invalid operation: ${operator.text} (mismatched types ${first} and ${second})`
    throw new ExpressionError(reason, this.source, operator.column)
  }

  /** `1 < x < 5`: both hold. */
  private comparisons(first: Node, middle: Node): Node {
    let all = first
    let left = middle
    while (COMPARISONS.has(this.token.text)) {
      const operator = this.next()
      const right = this.expression(21)
      this.checkBoth(operator, left, right)
      all = binary('&&', all, binary(operator.text, left, right))
      left = right
    }
    return all
  }

  private pattern(value: unknown, operator: Token): RE2JS {
    if (typeof value !== 'string' || value.length > MAX_PATTERN) {
      throw new ExpressionError('invalid pattern', this.source, operator.column)
    }
    try {
      return RE2JS.compile(value)
    } catch (error) {
      throw new ExpressionError((error as Error).message, this.source, operator.column)
    }
  }

  /** `value | upper()`: the value is the call's first argument. */
  private piped(value: Node): Node {
    const name = this.word()
    this.expect('(')
    return this.postfix(this.call(name, [value]))
  }

  private ternary(test: Node): Node {
    if (!this.takes('?')) return test
    const kind = kindOf(test, this.kinds)
    if (kind !== 'bool' && kind !== 'any') {
      throw this.error(`non-bool expression (type ${kind}) used as condition`)
    }
    if (this.takes(':')) return { kind: 'ternary', test, yes: test, no: this.expression(0) }
    const yes = this.expression(0)
    this.expect(':')
    return { kind: 'ternary', test, yes, no: this.expression(0) }
  }

  private conditional(): Node {
    const test = this.expression(0)
    this.expect('{')
    const yes = this.sequence()
    this.expect('}')
    if (!this.takes('else')) throw this.unexpected()
    if (this.takes('if')) return { kind: 'ternary', test, yes, no: this.conditional() }
    this.expect('{')
    const no = this.sequence()
    this.expect('}')
    return { kind: 'ternary', test, yes, no }
  }

  private unary(): Node {
    const { token } = this
    const binds = token.kind === 'string' ? undefined : UNARY.get(token.text)
    if (binds === undefined) return this.postfix(this.primary())
    this.at++
    const operand = this.expression(binds)
    const operator = token.text === 'not' ? '!' : (token.text as '!' | '-' | '+')
    const kind = kindOf(operand, this.kinds)
    if (!takesOne(operator, kind)) {
      const reason = `invalid operation: ${token.text} (mismatched type ${kind})`
      throw new ExpressionError(reason, this.source, token.column)
    }
    return this.postfix({ kind: 'unary', operator, operand })
  }

  private primary(): Node {
    const token = this.next()
    if (token.kind === 'number' || token.kind === 'string')
      return { kind: 'literal', value: token.value }
    if (token.kind === 'pointer') return this.pointer(token)
    if (token.kind === 'name') return this.named(token)
    if (token.text === '(') {
      const node = this.sequence()
      this.expect(')')
      return node
    }
    if (token.text === '[') return { kind: 'array', items: this.list(']') }
    if (token.text === '{') return this.map()
    if (token.text === '.' && this.predicates > 0) {
      const owner: Node = { kind: 'pointer', name: '' }
      return {
        kind: 'member',
        owner,
        key: { kind: 'literal', value: this.word() },
        optional: false,
      }
    }
    this.at--
    throw this.unexpected()
  }

  private pointer(token: Token): Node {
    if (this.predicates === 0) {
      throw new ExpressionError(
        'cannot use pointer accessor outside predicate',
        this.source,
        token.column,
      )
    }
    const name = token.text.slice(1)
    if (!['', 'acc', 'index'].includes(name)) {
      throw new ExpressionError(`unknown pointer ${token.text}`, this.source, token.column)
    }
    return { kind: 'pointer', name }
  }

  private named(token: Token): Node {
    const { text } = token
    if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true' }
    if (text === 'nil') return { kind: 'literal', value: undefined }
    if (RESERVED.has(text)) {
      this.at--
      throw this.unexpected()
    }
    if (this.takes('(')) return this.call(text, [], token)
    if (!this.locals.includes(text) && !this.known(text)) {
      throw new ExpressionError(`unknown name ${text}`, this.source, token.column)
    }
    return { kind: 'name', name: text }
  }

  /** A call whose opening parenthesis is taken. What the environment has goes before what expr-lang has. */
  private call(name: string, first: readonly Node[], token = this.token): Node {
    if (this.locals.includes(name) || this.known(name)) {
      const args = [...first, ...this.list(')')]
      if (!this.locals.includes(name)) this.checkArity(name, args.length, token)
      return { kind: 'call', callee: { kind: 'name', name }, args }
    }
    const predicate = PREDICATE_BUILTINS.has(name)
    if (!predicate && BUILTINS[name] === undefined) {
      throw new ExpressionError(`unknown name ${name}`, this.source, token.column)
    }
    const args = predicate ? this.predicateArguments(first) : [...first, ...this.list(')')]
    return { kind: 'builtin', name, args }
  }

  private checkArity(name: string, given: number, token: Token): void {
    const [least, most] = this.arity(name) ?? [0, Number.POSITIVE_INFINITY]
    if (given >= least && given <= most) return
    const what = given < least ? 'not enough' : 'too many'
    throw new ExpressionError(`${what} arguments to call ${name}`, this.source, token.column)
  }

  /** A list, then what is asked of its items, with or without braces; then whatever else. */
  private predicateArguments(first: readonly Node[]): Node[] {
    const args = [...first]
    while (!this.takes(')')) {
      if (args.length > first.length) this.expect(',')
      args.push(args.length === 1 ? this.predicate() : this.expression(0))
    }
    return args
  }

  private predicate(): Node {
    this.predicates++
    const braces = this.takes('{')
    const body = braces ? this.sequence() : this.expression(0)
    if (braces) this.expect('}')
    this.predicates--
    return { kind: 'predicate', body }
  }

  private postfix(start: Node): Node {
    let node = start
    for (;;) {
      const optional = this.token.kind === 'operator' && this.token.text === '?.'
      if (optional || (this.token.kind === 'operator' && this.token.text === '.')) {
        this.at++
        if (optional && this.takes('[')) node = this.index(node, true)
        else {
          const key: Node = { kind: 'literal', value: this.word() }
          node = { kind: 'member', owner: node, key, optional }
        }
      } else if (this.takes('[')) node = this.index(node, false)
      else if (this.takes('(')) node = { kind: 'call', callee: node, args: this.list(')') }
      else return node
    }
  }

  private index(owner: Node, optional: boolean): Node {
    const from = this.token.text === ':' ? undefined : this.expression(0)
    if (this.takes(':')) {
      const to = this.token.text === ']' ? undefined : this.expression(0)
      this.expect(']')
      return { kind: 'slice', owner, ...(from && { from }), ...(to && { to }) }
    }
    this.expect(']')
    return { kind: 'member', owner, key: from as Node, optional }
  }

  /** Expressions with commas between them, up to a closing sign; a comma may stand behind the last. */
  private list(close: string): Node[] {
    const items: Node[] = []
    while (!this.takes(close)) {
      if (items.length > 0) {
        this.expect(',')
        if (this.takes(close)) break
      }
      items.push(this.expression(0))
    }
    return items
  }

  private map(): Node {
    const entries: [Node, Node][] = []
    while (!this.takes('}')) {
      if (entries.length > 0) {
        this.expect(',')
        if (this.takes('}')) break
      }
      entries.push([this.mapKey(), this.mapValue()])
    }
    return { kind: 'map', entries }
  }

  private mapKey(): Node {
    if (this.takes('(')) {
      const key = this.expression(0)
      this.expect(')')
      return key
    }
    const token = this.next()
    if (token.kind === 'end' || token.kind === 'operator') {
      this.at--
      throw this.unexpected()
    }
    return { kind: 'literal', value: String(token.value ?? token.text) }
  }

  private mapValue(): Node {
    this.expect(':')
    return this.expression(0)
  }
}

const binary = (operator: string, left: Node, right: Node) =>
  ({ kind: 'binary', operator, left, right }) as const
