import type { Token } from './token.ts'

/**
 * The words of a Corefile's text. White space separates them, a double quote at a word's beginning takes everything up to the next unescaped one (the only
 * escape is `\"`), `#` begins a comment wherever it stands outside quotes. A byte order mark at the beginning is skipped. Every text has words: there are no
 * errors here, a quote that is never closed takes the rest.
 *
 * @param file what the tokens carry as their file
 */
export function lex(text: string, file = ''): Token[] {
  const lexer = new Lexer(text, file)
  const tokens: Token[] = []
  for (let token = lexer.next(); token !== undefined; token = lexer.next()) tokens.push(token)
  return tokens
}

/** White space of Unicode, which is what CoreDNS separates words by. JavaScript's `\s` differs by U+0085 and U+FEFF. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/
const BYTE_ORDER_MARK = '\ufeff'

class Lexer {
  readonly #text: string
  readonly #file: string
  #at: number
  #line = 1

  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
    this.#at = text.startsWith(BYTE_ORDER_MARK) ? 1 : 0
  }

  next(): Token | undefined {
    this.#skipBlank()
    if (this.#at >= this.#text.length) return undefined
    const line = this.#line
    const word = this.#text[this.#at] === '"' ? this.#quoted() : this.#plain()
    return word === undefined ? undefined : { file: this.#file, line, text: word }
  }

  /** White space and comments up to the next word. */
  #skipBlank(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!
      if (char === '\n') this.#line++
      else if (char === '#') this.#skipComment(/\n/g)
      else if (!SPACE.test(char)) return
    }
  }

  /** To just before what ends the comment. */
  #skipComment(end: RegExp): void {
    end.lastIndex = this.#at
    const found = end.exec(this.#text)
    this.#at = (found === null ? this.#text.length : found.index) - 1
  }

  /** A word in quotes; undefined where the text ends right after the opening one. */
  #quoted(): string | undefined {
    let word = ''
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!
      if (char === '"') {
        this.#at++
        return word
      }
      if (char === '\\') word += this.#escaped()
      else word += this.#counted(char)
    }
    return word === '' ? undefined : word
  }

  /** A backslash and what follows it: it stays, except before a quote and at the end of the text. */
  #escaped(): string {
    const char = this.#text[++this.#at]
    if (char === undefined) return ''
    return char === '"' ? char : `\\${this.#counted(char)}`
  }

  #counted(char: string): string {
    if (char === '\n') this.#line++
    return char
  }

  /** A word without quotes. A carriage return inside it vanishes; a comment that touches it ends at the next white space, not at the end of the line. */
  #plain(): string {
    let word = ''
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#text[this.#at]!
      if (char === '\r') continue
      if (SPACE.test(char)) break
      if (char === '#') this.#skipComment(COMMENT_END)
      else word += char
    }
    return word
  }
}

const COMMENT_END = /[\t-\f \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/g
