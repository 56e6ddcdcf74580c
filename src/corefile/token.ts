/** A word of a Corefile. */
export interface Token {
  /** Absolute path of the imported file it stands in; '' for the Corefile itself, whose path is known to who reads the token. */
  readonly file: string
  /** Line of its first character, from 1. */
  readonly line: number
  /** Without the quotes. */
  readonly text: string
}

/**
 * Whether `token` begins a line, seen from the one before it. Newlines inside a quoted token (or in the environment's value of one) move its end
 * down. A token of another file is always on another line.
 */
export function startsLine(previous: Token, token: Token): boolean {
  return previous.file !== token.file || lastLine(previous) < token.line
}

/** Whether `token` is an argument on the line of the one before it. */
export function sameLine(previous: Token, token: Token): boolean {
  return previous.file === token.file && lastLine(previous) === token.line
}

function lastLine(token: Token): number {
  let line = token.line
  for (let at = token.text.indexOf('\n'); at !== -1; at = token.text.indexOf('\n', at + 1)) line++
  return line
}
