import { argumentText, type CorefileError, parseError, syntaxError } from './errors.ts'
import { sameLine, startsLine, type Token } from './token.ts'

/**
 * The parser's place in a row of tokens that imports change under its feet: what has been read lies in one list, what is to come in another, last one
 * first, so that taking tokens out and putting others in costs only those.
 */
export class Cursor {
  readonly #path: string
  readonly #read: Token[] = []
  readonly #toCome: Token[]

  /** Whether the place is behind the last token, which happens only when an import there brought nothing. */
  #behind = false

  constructor(path: string, tokens: readonly Token[]) {
    this.#path = path
    this.#toCome = [...tokens].reverse()
  }

  /** The token at the place; undefined before the first and behind the last. */
  get token(): Token | undefined {
    return this.#behind ? undefined : this.#read.at(-1)
  }

  /** Its text, '' without one. */
  text(): string {
    return this.token?.text ?? ''
  }

  /** The file that it stands in. */
  get file(): string {
    return this.token?.file || this.#path
  }

  /** One token on; false at the end. */
  next(): boolean {
    const token = this.#toCome.pop()
    if (token === undefined) return false
    this.#read.push(token)
    return true
  }

  /** One token on, if it is on the same line. */
  nextArgument(): boolean {
    const here = this.token
    const there = this.#toCome.at(-1)
    return here !== undefined && there !== undefined && sameLine(here, there) && this.next()
  }

  /** One token back. From behind the last token that is the last token. */
  back(): void {
    if (this.#behind) this.#behind = false
    else this.#toCome.push(this.#read.pop() as Token)
  }

  /** Whether the token is the first of its line. */
  startsLine(): boolean {
    if (this.#behind) return this.#read.length === 0
    const [previous, here] = this.#read.slice(-2)
    return here === undefined || startsLine(previous as Token, here)
  }

  /** Changes the text of the token at the place. */
  rewrite(text: string): Token {
    const token = { ...(this.token as Token), text }
    this.#read[this.#read.length - 1] = token
    return token
  }

  /** Puts tokens in the place of this one and the one before; the place is then the first of them, or what follows. */
  replacePair(tokens: readonly Token[]): void {
    this.#read.length -= 2
    for (let i = tokens.length - 1; i >= 0; i--) this.#toCome.push(tokens[i] as Token)
    this.#behind = !this.next()
  }

  error(text: string): CorefileError {
    return parseError(this.file, this.token?.line ?? 0, text)
  }

  argumentError(): CorefileError {
    return this.error(argumentText(this.text()))
  }

  endError(): CorefileError {
    return this.error('Unexpected EOF')
  }

  syntaxError(expected: string): CorefileError {
    return syntaxError(this.file, this.token?.line ?? 0, this.text(), expected)
  }
}
