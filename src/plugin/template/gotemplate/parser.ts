import { TemplateError } from './error.ts'
import { type Piece, pieces, type Token } from './lexer.ts'
import { characterCode, unquote } from './literals.ts'
import type { Branch, Node, Operand, Pipe } from './nodes.ts'

/** A parsed template and those that it defines. */
export interface Parsed {
  readonly root: readonly Node[]
  readonly defined: ReadonlyMap<string, readonly Node[]>
}

/** @throws TemplateError */
export function parseTemplate(
  name: string,
  source: string,
  functions: ReadonlySet<string>,
): Parsed {
  return new Parser(name, pieces(name, source), functions).parse()
}

/** What ended a list of nodes. */
interface End {
  readonly word: 'end' | 'else' | 'eof'
  readonly tokens: Tokens
}

class Parser {
  private readonly name: string
  private readonly pieces: readonly Piece[]
  private readonly functions: ReadonlySet<string>
  private readonly defined = new Map<string, readonly Node[]>()
  private variables: string[] = ['$']
  private at = 0
  private loops = 0

  constructor(name: string, pieces: readonly Piece[], functions: ReadonlySet<string>) {
    this.name = name
    this.pieces = pieces
    this.functions = functions
  }

  parse(): Parsed {
    const { nodes, end } = this.list()
    if (end.word !== 'eof') throw end.tokens.error(`unexpected {{${end.word}}}`)
    return { root: nodes, defined: this.defined }
  }

  private list(): { nodes: Node[]; end: End } {
    const nodes: Node[] = []
    for (let piece = this.pieces[this.at++]; piece !== undefined; piece = this.pieces[this.at++]) {
      if (piece.kind === 'text') {
        nodes.push({ kind: 'text', text: piece.text })
        continue
      }
      const tokens = new Tokens(this.name, piece.line, piece.tokens)
      const word = tokens.peek()?.kind === 'word' ? tokens.peek()?.text : undefined
      if (word === 'end' || word === 'else') {
        tokens.next()
        return { nodes, end: { word, tokens } }
      }
      nodes.push(...this.action(tokens, word))
    }
    return { nodes, end: { word: 'eof', tokens: new Tokens(this.name, this.lastLine(), []) } }
  }

  private action(tokens: Tokens, word: string | undefined): Node[] {
    if (word === 'if' || word === 'with' || word === 'range') {
      tokens.next()
      return [this.branch(word, tokens)]
    }
    if (word === 'break' || word === 'continue') {
      tokens.next()
      if (this.loops === 0) throw tokens.error(`{{${word}}} outside {{range}}`)
      tokens.finish(word)
      return [{ kind: word }]
    }
    if (word === 'define' || word === 'template' || word === 'block') {
      tokens.next()
      return this.named(word, tokens)
    }
    return [{ kind: 'print', pipe: this.pipe(tokens, 'command') }]
  }

  private branch(kind: Branch['kind'], tokens: Tokens): Branch {
    const outer = this.variables
    this.variables = [...outer]
    const pipe = this.pipe(tokens, kind)
    this.loops += kind === 'range' ? 1 : 0
    const { nodes: body, end } = this.list()
    this.loops -= kind === 'range' ? 1 : 0
    const otherwise = end.word === 'else' ? this.otherwise(kind, end.tokens) : []
    if (end.word === 'eof') throw end.tokens.error('unexpected EOF')
    this.variables = outer
    return { kind, pipe, body, otherwise }
  }

  /** Behind `{{else}}`, or `{{else if …}}`, which one `{{end}}` ends. */
  private otherwise(kind: Branch['kind'], tokens: Tokens): readonly Node[] {
    const next = tokens.peek()
    if (next?.kind === 'word' && next.text === kind && kind !== 'range') {
      tokens.next()
      return [this.branch(kind, tokens)]
    }
    tokens.finish('else')
    const { nodes, end } = this.list()
    if (end.word !== 'end')
      throw end.tokens.error(`unexpected ${end.word === 'eof' ? 'EOF' : '{{else}}'}`)
    return nodes
  }

  private named(word: 'define' | 'template' | 'block', tokens: Tokens): Node[] {
    const token = tokens.next()
    if (token?.kind !== 'string') throw tokens.error(`unexpected ${shown(token)} in ${word} clause`)
    const name = unquote(token.text)
    const pipe = word === 'define' || tokens.atEnd ? undefined : this.pipe(tokens, word)
    if (word === 'define') tokens.finish(word)
    if (word !== 'template') {
      const outer = this.variables
      this.variables = ['$']
      const { nodes, end } = this.list()
      if (end.word !== 'end')
        throw end.tokens.error(`unexpected ${end.word === 'eof' ? 'EOF' : '{{else}}'}`)
      this.variables = outer
      this.defined.set(name, nodes)
    }
    return word === 'define' ? [] : [{ kind: 'template', name, pipe }]
  }

  private pipe(tokens: Tokens, where: string): Pipe {
    const { variables, assigns } = this.declarations(tokens, where === 'range' ? 2 : 1)
    const commands = this.commands(tokens)
    if (commands.length === 0) throw tokens.error(`missing value for ${where}`)
    tokens.finish(where)
    if (!assigns) this.variables.push(...variables)
    return { line: tokens.line, variables, assigns, commands }
  }

  /** `$x :=`, `$i, $x :=` or `$x =` where the pipeline begins so. */
  private declarations(tokens: Tokens, most: number): Pick<Pipe, 'variables' | 'assigns'> {
    const variables: string[] = []
    const mark = tokens.mark()
    while (tokens.peek()?.kind === 'variable') {
      variables.push(tokens.next()?.text as string)
      const sign = tokens.peek()?.text
      if (sign === ':=' || sign === '=') {
        tokens.next()
        const unknown = variables.find((name) => sign === '=' && !this.variables.includes(name))
        if (unknown !== undefined)
          throw tokens.error(`undefined variable ${JSON.stringify(unknown)}`)
        return { variables, assigns: sign === '=' }
      }
      if (sign !== ',' || variables.length >= most) break
      tokens.next()
    }
    tokens.reset(mark)
    return { variables: [], assigns: false }
  }

  private commands(tokens: Tokens): Operand[][] {
    const commands: Operand[][] = []
    for (;;) {
      const operands: Operand[] = []
      for (let token = tokens.peek(); token !== undefined; token = tokens.peek()) {
        if (token.text === ')' || (token.kind === 'sign' && token.text === '|')) break
        operands.push(this.operand(tokens))
      }
      const piped = tokens.peek()?.text === '|'
      if (operands.length === 0 && (piped || commands.length > 0)) {
        throw tokens.error(
          commands.length === 0 ? 'missing value for command' : 'missing value for pipeline',
        )
      }
      if (operands.length > 0) commands.push(operands)
      this.checkStage(commands, tokens)
      if (!piped) return commands
      tokens.next()
    }
  }

  /** Only functions and methods take the value of the stage before. */
  private checkStage(commands: readonly (readonly Operand[])[], tokens: Tokens): void {
    const kind = commands.length > 1 ? commands.at(-1)?.[0]?.kind : undefined
    if (kind === 'literal' || kind === 'dot' || kind === 'nil') {
      throw tokens.error(`non executable command in pipeline stage ${commands.length}`)
    }
  }

  private operand(tokens: Tokens): Operand {
    const token = tokens.next() as Token
    switch (token.kind) {
      case 'field':
        return { kind: 'field', path: [token.text.slice(1), ...tokens.chain()] }
      case 'variable':
        if (!this.variables.includes(token.text)) {
          throw tokens.error(`undefined variable ${JSON.stringify(token.text)}`)
        }
        return { kind: 'variable', name: token.text, path: tokens.chain() }
      case 'dot':
        return { kind: 'dot' }
      case 'string':
        return { kind: 'literal', value: this.unquoted(token, tokens), text: token.text }
      case 'character':
        return { kind: 'literal', value: characterCode(token.text), text: token.text }
      case 'number':
        return { kind: 'literal', value: numberOf(token, tokens), text: token.text }
      case 'word':
        return this.word(token, tokens)
      default:
        if (token.text === '(') return this.parenthesized(tokens)
        throw tokens.error(`unexpected ${shown(token)} in operand`)
    }
  }

  private word(token: Token, tokens: Tokens): Operand {
    if (token.text === 'nil') return { kind: 'nil' }
    if (token.text === 'true' || token.text === 'false') {
      return { kind: 'literal', value: token.text === 'true', text: token.text }
    }
    if (!this.functions.has(token.text)) {
      throw tokens.error(`function ${JSON.stringify(token.text)} not defined`)
    }
    return { kind: 'function', name: token.text }
  }

  private parenthesized(tokens: Tokens): Operand {
    const declared = this.declarations(tokens, 1)
    const commands = this.commands(tokens)
    if (tokens.next()?.text !== ')') throw tokens.error('unclosed left paren')
    if (commands.length === 0) throw tokens.error('missing value for parenthesized pipeline')
    if (!declared.assigns) this.variables.push(...declared.variables)
    return {
      kind: 'pipe',
      pipe: { line: tokens.line, ...declared, commands },
      path: tokens.chain(),
    }
  }

  private unquoted(token: Token, tokens: Tokens): string {
    try {
      return unquote(token.text)
    } catch {
      throw tokens.error('invalid syntax')
    }
  }

  private lastLine(): number {
    return this.pieces.reduce((line, piece) => (piece.kind === 'action' ? piece.line : line), 1)
  }
}

/** The tokens of an action. */
class Tokens {
  readonly line: number
  private readonly name: string
  private readonly tokens: readonly Token[]
  private at = 0

  constructor(name: string, line: number, tokens: readonly Token[]) {
    this.name = name
    this.line = line
    this.tokens = tokens
  }

  get atEnd(): boolean {
    return this.at >= this.tokens.length
  }

  peek(): Token | undefined {
    return this.tokens[this.at]
  }

  next(): Token | undefined {
    return this.tokens[this.at++]
  }

  mark(): number {
    return this.at
  }

  reset(mark: number): void {
    this.at = mark
  }

  /** The fields that follow without a blank. */
  chain(): string[] {
    const path: string[] = []
    for (let token = this.peek(); token?.kind === 'field' && !token.spaced; token = this.peek()) {
      path.push(token.text.slice(1))
      this.at++
    }
    return path
  }

  /** Nothing more may follow. */
  finish(where: string): void {
    if (!this.atEnd) throw this.error(`unexpected ${shown(this.peek())} in ${where}`)
  }

  error(reason: string): TemplateError {
    return new TemplateError(this.name, this.line, reason)
  }
}

const shown = (token: Token | undefined): string =>
  token === undefined ? '"}}"' : `<${token.text}>`

/** Go's literals; whole numbers beyond 2^53 as bigint. */
function numberOf({ text }: Token, tokens: Tokens): number | bigint {
  const digits = text.replaceAll('_', '')
  if (/^[-+]?[0-9]*\.|^[-+]?[0-9.]+e/i.test(digits)) return Number(digits)
  const sign = digits.startsWith('-') ? -1n : 1n
  const size = digits.replace(/^[-+]/, '')
  if (/^0[0-7]*[89]/.test(size)) throw tokens.error(`bad number syntax: ${JSON.stringify(text)}`)
  const value = sign * BigInt(/^0[0-7]+$/.test(size) ? `0o${size.slice(1)}` : size)
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}
