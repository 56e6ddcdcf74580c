/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Substitutions in one token, and characters that it may grow to. Values that name each other would never end otherwise. */
export const MAX_SUBSTITUTIONS = 1000
export const MAX_SUBSTITUTED_LENGTH = 1 << 20

/**
 * The text with `{%NAME%}` and then `{$NAME}` replaced; what is not set is empty. A value's own references are replaced too. An opening without
 * its end, or with no name, leaves the rest as it is.
 *
 * @returns undefined when the values refer to each other without end
 */
export function substitute(text: string, environment: Environment): string | undefined {
  const first = replaceReferences(text, '{%', '%}', environment)
  return first === undefined ? undefined : replaceReferences(first, '{$', '}', environment)
}

function replaceReferences(
  text: string,
  open: string,
  close: string,
  environment: Environment,
): string | undefined {
  let result = text
  for (let count = 0; ; count++) {
    const start = result.indexOf(open)
    const end = start === -1 ? -1 : result.indexOf(close, start)
    if (end <= start + open.length) return result
    if (count === MAX_SUBSTITUTIONS || result.length > MAX_SUBSTITUTED_LENGTH) return undefined
    const name = result.slice(start + open.length, end)
    const value = Object.hasOwn(environment, name) ? (environment[name] ?? '') : ''
    result = result.replaceAll(result.slice(start, end + close.length), () => value)
  }
}
