import { Cursor } from './cursor.ts'
import { substitute } from './environment.ts'
import { Imports } from './import.ts'
import type { CorefileIo } from './io.ts'
import { lex } from './lexer.ts'
import type { Token } from './token.ts'

/** A Corefile's text and its path as given: what messages name, and whose folder imports are relative to. */
export interface CorefileInput {
  readonly text: string
  readonly path: string
}

/** A key as written, environment variables replaced. */
export interface BlockKey {
  readonly text: string
  readonly file: string
  readonly line: number
}

export interface ServerBlock {
  /** At least one. */
  readonly keys: readonly BlockKey[]
  /** Directive to the tokens of all its lines and blocks, one after the other, in the order of first appearance. */
  readonly directives: ReadonlyMap<string, readonly Token[]>
}

/** What is served where there is no Corefile, or one without a server block. */
export function defaultCorefile(port: number): CorefileInput {
  return { path: 'Corefile', text: `.:${port} {\nwhoami\nlog\n}\n` }
}

/**
 * The server blocks of a Corefile, imports and snippets expanded. None at all is not an error: see {@link defaultCorefile}.
 *
 * @param directives the directives that there are; without it every word is one
 * @throws CorefileError
 */
export function parseCorefile(
  input: CorefileInput,
  io: CorefileIo,
  directives?: ReadonlySet<string>,
): ServerBlock[] {
  return new Parser(input, io, directives).blocks()
}

class Parser {
  readonly #cursor: Cursor
  readonly #io: CorefileIo
  readonly #known: ReadonlySet<string> | undefined
  readonly #imports: Imports
  #keys: BlockKey[] = []
  #directives = new Map<string, Token[]>()

  constructor(input: CorefileInput, io: CorefileIo, known: ReadonlySet<string> | undefined) {
    this.#cursor = new Cursor(input.path, lex(input.text))
    this.#io = io
    this.#known = known
    this.#imports = new Imports(io)
  }

  blocks(): ServerBlock[] {
    const blocks: ServerBlock[] = []
    while (this.#cursor.next()) {
      this.#keys = []
      this.#directives = new Map()
      this.#readBlock()
      if (this.#keys.length > 0) blocks.push({ keys: this.#keys, directives: this.#directives })
    }
    return blocks
  }

  /** A server block or a snippet, whose first token is under the cursor. A line of keys that ends the file is a block too. */
  #readBlock(): void {
    if (this.#readKeys() === 'end') return
    const name = snippetName(this.#keys)
    if (name === undefined) this.#readBody()
    else this.#readSnippet(name)
  }

  #readKeys(): 'body' | 'end' {
    for (let more = false; ; ) {
      const text = this.#substitute(this.#cursor.text())
      if (text === 'import' && this.#cursor.startsLine()) {
        this.#import()
        continue
      }
      if (text === '{') {
        if (more) {
          throw this.#cursor.error(`Expected another address but had '{' - check for extra comma`)
        }
        return 'body'
      }
      if (text !== '') {
        more = text.endsWith(',')
        this.#addKey(more ? text.slice(0, -1) : text)
      }
      if (!this.#cursor.next()) {
        if (more) throw this.#cursor.endError()
        return 'end'
      }
      if (!more && this.#cursor.startsLine()) return 'body'
    }
  }

  #addKey(text: string): void {
    this.#keys.push({ text, file: this.#cursor.file, line: this.#cursor.token?.line ?? 0 })
  }

  /** The braces may be missing: then the directives go on to the end, or to a stray closing brace. */
  #readBody(): void {
    const braces = this.#cursor.text() === '{'
    if (!braces) this.#cursor.back()
    this.#readDirectives()
    if (braces && this.#cursor.text() !== '}') throw this.#cursor.syntaxError('}')
  }

  #readDirectives(): void {
    while (this.#cursor.next()) {
      if (this.#cursor.text() === '}') return
      if (this.#cursor.text() === 'import') {
        this.#import()
        this.#cursor.back()
      } else {
        this.#readDirective()
      }
    }
  }

  /** A directive with its arguments and, where an opening brace comes, all to the brace that closes it. */
  #readDirective(): void {
    const tokens = this.#tokensOf(this.#substitute(this.#cursor.text()))
    tokens.push(this.#cursor.token as Token)
    let depth = 0
    while (this.#cursor.next()) {
      const text = this.#cursor.text()
      if (depth === 0 && text !== '{' && this.#cursor.startsLine()) {
        this.#cursor.back()
        return
      }
      if (text === 'import' && this.#cursor.startsLine()) {
        this.#import()
        this.#cursor.back()
        continue
      }
      depth += text === '{' ? 1 : text === '}' ? -1 : 0
      if (depth < 0) {
        throw this.#cursor.error("Unexpected '}' because no matching opening brace")
      }
      tokens.push(this.#cursor.rewrite(this.#substitute(text)))
    }
    if (depth > 0) throw this.#cursor.endError()
  }

  #tokensOf(directive: string): Token[] {
    if (this.#known?.has(directive) === false) {
      throw this.#cursor.error(`Unknown directive '${directive}'`)
    }
    const known = this.#directives.get(directive)
    if (known !== undefined) return known
    const tokens: Token[] = []
    this.#directives.set(directive, tokens)
    return tokens
  }

  /** Puts what is imported in the place of `import PATTERN`, whose first word is under the cursor. */
  #import(): void {
    if (!this.#cursor.nextArgument()) throw this.#cursor.argumentError()
    const pattern = this.#substitute(this.#cursor.text())
    if (pattern === '') throw this.#cursor.error('Import requires a non-empty filepath')
    if (this.#cursor.nextArgument()) {
      throw this.#cursor.error('Import takes only one argument (glob pattern or file)')
    }
    this.#cursor.replacePair(this.#imports.resolve(pattern, this.#cursor))
  }

  #readSnippet(name: string): void {
    if (this.#imports.hasSnippet(name)) {
      throw this.#cursor.error(`redeclaration of previously declared snippet ${name}`)
    }
    const tokens = this.#readSnippetBody()
    this.#imports.define(name, tokens, this.#cursor, (text) => this.#substitute(text))
    this.#keys = []
  }

  #readSnippetBody(): Token[] {
    if (this.#cursor.text() !== '{') throw this.#cursor.syntaxError('{')
    const tokens: Token[] = []
    for (let depth = 1; this.#cursor.next(); ) {
      if (this.#cursor.text() === '{') depth++
      if (this.#cursor.text() === '}' && --depth === 0) return tokens
      tokens.push(this.#cursor.token as Token)
    }
    throw this.#cursor.syntaxError('}')
  }

  #substitute(text: string): string {
    const result = substitute(text, this.#io.environment)
    if (result === undefined) {
      throw this.#cursor.error(`environment variables in '${text}' refer to each other without end`)
    }
    return result
  }
}

/** A snippet is a block with one key in parentheses. */
function snippetName(keys: readonly BlockKey[]): string | undefined {
  const key = keys.length === 1 ? keys[0]!.text : ''
  return key.startsWith('(') && key.endsWith(')') ? key.slice(1, -1) : undefined
}
