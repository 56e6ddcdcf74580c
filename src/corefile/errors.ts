/**
 * Bad configuration: the message is what the operator reads, word for word what CoreDNS prints. Everything in this folder throws this and nothing else.
 */
export class CorefileError extends Error {
  override readonly name = 'CorefileError'
}

/** A Corefile that cannot be read at all: it is not there, or its form is wrong before any directive is looked at. */
export class UnreadableCorefile extends Error {
  override readonly name = 'UnreadableCorefile'
}

/** `FILE:LINE - Error during parsing: TEXT`. */
export function parseError(file: string, line: number, text: string): CorefileError {
  return new CorefileError(`${file}:${line} - Error during parsing: ${text}`)
}

/** `FILE:LINE - Syntax error: Unexpected token 'FOUND', expecting 'EXPECTED'`. */
export function syntaxError(
  file: string,
  line: number,
  found: string,
  expected: string,
): CorefileError {
  return new CorefileError(
    `${file}:${line} - Syntax error: Unexpected token '${found}', expecting '${expected}'`,
  )
}

/** What is wrong after the token `last`, where an argument was missing or one too many. */
export function argumentText(last: string): string {
  return last === '{'
    ? "Unexpected token '{', expecting argument"
    : `Wrong argument count or unexpected line ending after '${last}'`
}
