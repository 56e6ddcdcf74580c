/** An expression that cannot be parsed, or evaluated. */
export class ExpressionError extends Error {
  /** @param column of the source, counting from 0; without it the message says no place */
  constructor(reason: string, source?: string, column = 0) {
    const place =
      source === undefined ? '' : ` (1:${column + 1})\n | ${source}\n | ${'.'.repeat(column)}^`
    super(reason + place)
    this.name = 'ExpressionError'
  }
}
