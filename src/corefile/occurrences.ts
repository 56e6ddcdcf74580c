import { startsLine, type Token } from './token.ts'

/** The tokens of a directive, one list for each time that its word begins a line of the block: in a block's directives they stand one after the other. */
export function occurrencesOf(tokens: readonly Token[], directive: string): Token[][] {
  const found: Token[][] = []
  let depth = 0
  tokens.forEach((token, i) => {
    const previous = tokens[i - 1]
    const first = previous === undefined || startsLine(previous, token)
    if (i === 0 || (depth === 0 && first && token.text === directive)) found.push([])
    if (token.text === '{') depth++
    else if (token.text === '}') depth--
    found.at(-1)?.push(token)
  })
  return found
}

/** Tokens by lines. */
export function linesOf(tokens: readonly Token[]): Token[][] {
  const lines: Token[][] = []
  tokens.forEach((token, i) => {
    const previous = tokens[i - 1]
    if (previous === undefined || startsLine(previous, token)) lines.push([])
    lines.at(-1)?.push(token)
  })
  return lines
}
