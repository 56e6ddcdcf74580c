import { type Place, PresentationError } from './error.ts'

/** A word of a master file: what stands between blanks, or between quotes. Escapes are still in it. */
export interface Word extends Place {
  readonly text: string
  readonly quoted: boolean
  /** Whether it follows the word before it without a blank, as the quoted part of `alpn="h2"` does. */
  readonly glued: boolean
}

/** A line of a master file, or several that parentheses join (RFC 1035 §5.1). */
export interface Entry {
  readonly words: readonly Word[]
  /** Whether it begins with a blank, so that its owner is the last one. */
  readonly indented: boolean
  readonly end: Place
  /** Whether the text ends with it, without a line feed. */
  readonly last: boolean
}

/**
 * Splits a master file into entries; empty lines and comments are left out. `;` begins a comment, quotes may span lines, `\` takes its meaning from the
 * next character.
 *
 * @param octets the file, one character an octet
 * @param file its path, for messages
 * @throws PresentationError
 */
export function* entriesOf(octets: string, file = ''): Generator<Entry> {
  const lexer = new Lexer(octets, file)
  for (let entry = lexer.entry(); entry !== undefined; entry = lexer.entry()) yield entry
}

/** A word without quotes: a backslash takes its meaning from the next character of the line. */
const PLAIN = /(?:[^ \t\r\n;"()\\]+|\\[^\r\n]|\\)+/y

class Lexer {
  private readonly octets: string
  private readonly file: string
  private at = 0
  private line = 1
  private lineStart = 0

  constructor(octets: string, file: string) {
    this.octets = octets
    this.file = file
  }

  /** The next entry that has words; undefined at the end. */
  entry(): Entry | undefined {
    while (this.at < this.octets.length) {
      const indented = this.octets[this.at] === ' ' || this.octets[this.at] === '\t'
      const { words, end, last } = this.words()
      if (words.length > 0) return { words, indented, end, last }
    }
    return undefined
  }

  private words(): { words: Word[]; end: Place; last: boolean } {
    const words: Word[] = []
    let depth = 0
    let glued = false
    for (;;) {
      const char = this.octets[this.at]
      if (char === undefined) {
        if (depth > 0) throw this.error('unbalanced brace')
        return { words, end: this.place(), last: true }
      }
      if (char === '\n') {
        const end = this.place()
        this.newline()
        if (depth === 0) return { words, end, last: this.at >= this.octets.length }
        glued = false
      } else if (char === ' ' || char === '\t' || char === '\r') {
        this.at++
        glued = false
      } else if (char === ';') {
        while (this.at < this.octets.length && this.octets[this.at] !== '\n') this.at++
      } else if (char === '(' || char === ')') {
        this.at++
        depth += char === '(' ? 1 : -1
        if (depth < 0) throw this.error('extra closing brace')
        glued = false
      } else {
        words.push(char === '"' ? this.quoted(glued) : this.plain(glued))
        glued = true
      }
    }
  }

  private plain(glued: boolean): Word {
    const start = this.at
    PLAIN.lastIndex = start
    this.at += PLAIN.exec(this.octets)?.[0].length ?? 0
    return { text: this.octets.slice(start, this.at), quoted: false, glued, ...this.behindWord() }
  }

  private quoted(glued: boolean): Word {
    const start = ++this.at
    let escaped = false
    for (; this.at < this.octets.length; this.at++) {
      const char = this.octets[this.at] as string
      if (!escaped && char === '"') {
        const text = this.octets.slice(start, this.at++)
        return { text, quoted: true, glued, ...this.place() }
      }
      escaped = !escaped && char === '\\'
      if (char === '\n') {
        this.newline()
        this.at--
      }
    }
    throw this.error('unterminated string', this.octets.slice(start))
  }

  private newline(): void {
    this.at++
    this.line++
    this.lineStart = this.at
  }

  /** A word's place counts the blank that ends it, and not the line feed. */
  private behindWord(): Place {
    const next = this.octets[this.at]
    const counts = next !== undefined && next !== '\n' ? 1 : 0
    return { line: this.line, column: this.at - this.lineStart + counts }
  }

  private place(): Place {
    return { line: this.line, column: this.at - this.lineStart }
  }

  private error(reason: string, token = reason): PresentationError {
    return new PresentationError(reason, token, this.place(), this.file)
  }
}
