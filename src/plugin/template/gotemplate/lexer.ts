import { TemplateError } from './error.ts'

/** A piece of a template: text, or an action between `{{` and `}}` with its tokens. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly line: number }

/** A token of an action. `spaced` says that a blank stands before it, which ends the operand before. */
export interface Token {
  readonly kind: 'word' | 'field' | 'variable' | 'number' | 'string' | 'character' | 'dot' | 'sign'
  readonly text: string
  readonly spaced: boolean
}

const TOKENS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['string', /"(?:[^"\\\n]|\\.)*"|`[^`]*`/y],
  ['character', /'(?:[^'\\\n]|\\[^\n])[^'\n]*'/y],
  [
    'number',
    /[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?)(?![\p{L}\p{N}_])/uy,
  ],
  ['field', /\.[\p{L}_][\p{L}\p{N}_]*/uy],
  ['variable', /\$[\p{L}\p{N}_]*/uy],
  ['word', /[\p{L}_][\p{L}\p{N}_]*/uy],
  ['dot', /\./y],
  ['sign', /:=|[=|(),]/y],
]

/**
 * Splits a template's text. `{{-` and `-}}` take the white space before and behind away; comments are left out.
 *
 * @throws TemplateError
 */
export function pieces(name: string, source: string): Piece[] {
  const found: Piece[] = []
  let trim = false
  let at = 0
  while (at <= source.length) {
    const open = source.indexOf('{{', at)
    const trimmed = open !== -1 && /^\{\{-\s/.test(source.slice(open, open + 4))
    let text = source.slice(at, open === -1 ? source.length : open)
    if (trim) text = text.replace(/^[ \t\r\n]+/, '')
    if (trimmed) text = text.replace(/[ \t\r\n]+$/, '')
    if (text !== '') found.push({ kind: 'text', text })
    if (open === -1) break
    const line = source.slice(0, open).split('\n').length
    const action = actionAt(name, source, open + (trimmed ? 3 : 2), line)
    if (action.tokens !== undefined) found.push({ kind: 'action', tokens: action.tokens, line })
    trim = action.trim
    at = action.end
  }
  return found
}

interface Action {
  /** Undefined for a comment. */
  readonly tokens: readonly Token[] | undefined
  readonly trim: boolean
  readonly end: number
}

function actionAt(name: string, source: string, start: number, line: number): Action {
  const comment = /\s*\/\*.*?\*\/(\s+-)?\}\}/sy
  comment.lastIndex = start
  const commented = comment.exec(source)
  if (commented !== null) {
    return { tokens: undefined, trim: commented[1] !== undefined, end: comment.lastIndex }
  }
  const tokens: Token[] = []
  let at = start
  for (;;) {
    const blank = /^\s*/.exec(source.slice(at))?.[0].length ?? 0
    const rest = source.slice(at + blank)
    if (rest.startsWith('}}')) return { tokens, trim: false, end: at + blank + 2 }
    if (blank > 0 && rest.startsWith('-}}')) return { tokens, trim: true, end: at + blank + 3 }
    if (rest === '') throw new TemplateError(name, line, 'unclosed action')
    const token = tokenAt(name, source, at + blank, blank > 0 || tokens.length === 0, line)
    tokens.push(token)
    at += blank + token.text.length
  }
}

function tokenAt(name: string, source: string, at: number, spaced: boolean, line: number): Token {
  for (const [kind, shape] of TOKENS) {
    shape.lastIndex = at
    const text = shape.exec(source)?.[0]
    if (text !== undefined) return { kind, text, spaced }
  }
  const char = source[at] as string
  if (char === '"' || char === '`') {
    throw new TemplateError(name, line, `unterminated ${char === '"' ? '' : 'raw '}quoted string`)
  }
  const code = (char.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')
  throw new TemplateError(name, line, `unexpected U+${code} '${char}' in command`)
}
