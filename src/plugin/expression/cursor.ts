import { ExpressionError } from './error.ts'
import { type Token, tokenize } from './lexer.ts'

/** The tokens of an expression, taken one by one. */
export class Cursor {
  protected readonly source: string
  protected readonly tokens: readonly Token[]
  protected at = 0

  /** @throws ExpressionError */
  constructor(source: string) {
    this.source = source
    this.tokens = tokenize(source)
  }

  protected get token(): Token {
    return (this.tokens[this.at] ?? this.tokens.at(-1)) as Token
  }

  protected next(): Token {
    const { token } = this
    this.at++
    return token
  }

  protected isOperator(token: Token): boolean {
    return token.kind === 'operator' || token.kind === 'name'
  }

  protected takes(text: string): boolean {
    if (this.token.text !== text || !this.isOperator(this.token)) return false
    this.at++
    return true
  }

  protected expect(text: string): void {
    if (!this.takes(text)) throw this.unexpected()
  }

  protected word(): string {
    const token = this.next()
    if (token.kind === 'name') return token.text
    this.at--
    throw this.unexpected()
  }

  protected unexpected(): ExpressionError {
    const { kind, text } = this.token
    const shown =
      kind === 'end'
        ? 'token EOF'
        : `token ${kind[0]?.toUpperCase()}${kind.slice(1)}(${JSON.stringify(text)})`
    return this.error(`unexpected ${shown}`)
  }

  protected error(reason: string): ExpressionError {
    return new ExpressionError(reason, this.source, this.token.column)
  }
}
