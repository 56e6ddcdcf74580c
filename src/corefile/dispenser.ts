import { argumentText, type CorefileError, parseError, syntaxError } from './errors.ts'
import { sameLine, startsLine, type Token } from './token.ts'

/**
 * Hands out the tokens of one directive of a server block, all its occurrences one after the other, to the plugin that is set up from them:
 *
 *     while (tokens.next()) {                    // at the directive's own name
 *       const zones = tokens.remainingArgs()
 *       while (tokens.nextBlock()) {             // at the first word of each line
 *         if (tokens.val() !== 'ttl') throw tokens.err(`unknown property '${tokens.val()}'`)
 *         if (!tokens.nextArg()) throw tokens.argErr()
 *         …
 *       }
 *     }
 */
export class Dispenser {
  readonly #path: string
  readonly #tokens: readonly Token[]
  #at = -1
  #depth = 0

  /** @param path the Corefile's path, for messages about tokens that no import brought */
  constructor(path: string, tokens: readonly Token[]) {
    this.#path = path
    this.#tokens = tokens
  }

  /** Loads the next token; false when there is none left. */
  next(): boolean {
    if (this.#at >= this.#tokens.length - 1) return false
    this.#at++
    return true
  }

  /** Loads the next token if it is on the same line. An opening brace is one too. */
  nextArg(): boolean {
    return this.#nextIf(sameLine)
  }

  /** Loads the next token if it is on another line. */
  nextLine(): boolean {
    return this.#nextIf(startsLine)
  }

  /**
   * Loads the next token inside a block: the first call opens the block, whose brace must be on the line, and a call that meets the closing brace is
   * false. An inner block's braces are not counted: read that one with next() or a loop of its own.
   */
  nextBlock(): boolean {
    if (this.#depth > 0) {
      if (!this.next()) return false
      if (this.val() !== '}') return true
      this.#depth--
      return false
    }
    if (!this.nextArg()) return false
    if (this.val() !== '{') {
      this.#at--
      return false
    }
    if (!this.next() || this.val() === '}') return false
    this.#depth++
    return true
  }

  /** The loaded token's text; '' without one. */
  val(): string {
    return this.#tokens[this.#at]?.text ?? ''
  }

  /** The loaded token's line; 0 without one. */
  line(): number {
    return this.#tokens[this.#at]?.line ?? 0
  }

  /** The loaded token's file. */
  file(): string {
    return this.#tokens[this.#at]?.file || this.#path
  }

  /** The next `count` tokens of the line, an opening brace included, and fewer when the line ends before. */
  args(count: number): string[] {
    const args: string[] = []
    while (args.length < count && this.nextArg()) args.push(this.val())
    return args
  }

  /** The tokens up to the end of the line or an opening brace, which is not loaded. */
  remainingArgs(): string[] {
    const args: string[] = []
    while (this.nextArg()) {
      if (this.val() === '{') {
        this.#at--
        break
      }
      args.push(this.val())
    }
    return args
  }

  /** What to throw where an argument is missing or one too many. */
  argErr(): CorefileError {
    return this.err(argumentText(this.val()))
  }

  /** What to throw for anything else: `FILE:LINE - Error during parsing: TEXT`. */
  err(text: string): CorefileError {
    return parseError(this.file(), this.line(), text)
  }

  /** What to throw where the tokens end too early. */
  eofErr(): CorefileError {
    return this.err('Unexpected EOF')
  }

  /** What to throw where another token must stand. */
  syntaxErr(expected: string): CorefileError {
    return syntaxError(this.file(), this.line(), this.val(), expected)
  }

  #nextIf(allowed: (previous: Token, token: Token) => boolean): boolean {
    const here = this.#tokens[this.#at]
    const there = this.#tokens[this.#at + 1]
    if (here === undefined) return this.next()
    if (there === undefined || !allowed(here, there)) return false
    this.#at++
    return true
  }
}
