import { posix } from 'node:path'
import type { Cursor } from './cursor.ts'
import { glob } from './glob.ts'
import { type CorefileIo, reasonOf } from './io.ts'
import { lex } from './lexer.ts'
import type { Token } from './token.ts'

/** Snippets expanded in one parse. What imports itself ends here. */
export const MAX_SNIPPET_IMPORTS = 10_000
/** File patterns expanded in one parse. CoreDNS names the snippets' bound in the message. */
export const MAX_FILE_IMPORTS = 100_000

/** Snippets and imported files of one parse. */
export class Imports {
  readonly #io: CorefileIo
  readonly #snippets = new Map<string, readonly Token[]>()
  readonly #files = new Map<string, readonly Token[]>()
  #snippetImports = 0
  #fileImports = 0

  constructor(io: CorefileIo) {
    this.#io = io
  }

  hasSnippet(name: string): boolean {
    return this.#snippets.has(name)
  }

  /**
   * Keeps a snippet. One that imports itself is refused here already, before it is used.
   *
   * @param substitute replaces environment variables
   */
  define(
    name: string,
    tokens: readonly Token[],
    cursor: Cursor,
    substitute: (text: string) => string,
  ): void {
    const importsItself = tokens.some((token, i) => {
      const previous = tokens[i - 1]
      if (token.text !== 'import' || i === tokens.length - 1) return false
      if (previous?.file === token.file && previous.line === token.line) return false
      return substitute(tokens[i + 1]!.text) === name
    })
    if (importsItself) throw cursor.error(depthText('snippet'))
    this.#snippets.set(name, tokens)
  }

  /** The tokens that stand for `import PATTERN`: those of the snippet of that name, or of the files that match. The cursor is for messages and the file's folder. */
  resolve(pattern: string, cursor: Cursor): readonly Token[] {
    const snippet = this.#snippets.get(pattern)
    if (snippet === undefined) return this.#fromFiles(pattern, cursor)
    if (this.#snippetImports++ >= MAX_SNIPPET_IMPORTS) throw cursor.error(depthText('snippet'))
    return snippet
  }

  #fromFiles(pattern: string, cursor: Cursor): Token[] {
    if (this.#fileImports++ >= MAX_FILE_IMPORTS) throw cursor.error(depthText('file'))
    const folder = posix.dirname(posix.resolve(this.#io.workingDirectory, cursor.file))
    const full = posix.isAbsolute(pattern) ? pattern : posix.join(folder, pattern)
    if (hasManyWildcards(full)) {
      throw cursor.error(`Glob pattern may only contain one wildcard (*), but has others: ${full}`)
    }
    const paths = glob(full, this.#io)
    if (paths === undefined) {
      throw cursor.error(`Failed to use import pattern ${pattern}: syntax error in pattern`)
    }
    if (paths.length === 0) this.#noMatch(pattern, full, cursor)
    return paths.flatMap((path) => this.#tokensOf(path, cursor))
  }

  #noMatch(pattern: string, full: string, cursor: Cursor): void {
    if (!/[*?[\]]/.test(full)) throw cursor.error(`File to import not found: ${pattern}`)
    this.#io.warn(`No files matching import glob pattern: ${pattern}`)
  }

  /** A file is read once in a parse, however often it is imported. */
  #tokensOf(path: string, cursor: Cursor): readonly Token[] {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    const tokens = lex(this.#read(path, cursor), posix.resolve(this.#io.workingDirectory, path))
    this.#files.set(path, tokens)
    return tokens
  }

  #read(path: string, cursor: Cursor): string {
    try {
      return this.#io.readFile(path)
    } catch (error) {
      const reason = reasonOf(error)
      const { code } = error as NodeJS.ErrnoException
      throw cursor.error(
        `Could not import ${path}: ${code === 'EISDIR' ? '' : `open ${path}: `}${reason}`,
      )
    }
  }
}

function hasManyWildcards(pattern: string): boolean {
  const count = (char: string) => pattern.split(char).length - 1
  return count('*') > 1 || count('?') > 1 || (pattern.includes('[') && pattern.includes(']'))
}

function depthText(kind: 'snippet' | 'file'): string {
  return `maximum ${kind} import depth (${MAX_SNIPPET_IMPORTS}) exceeded`
}
