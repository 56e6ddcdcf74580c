import { RE2JS } from 're2js'

/** Octets of a pattern. */
export const MAX_PATTERN_OCTETS = 10_000
/** Numbers of groups that are looked for in what a name becomes. */
const MAX_GROUP = 100

/**
 * The regular expression (RE2) of a rule about names.
 *
 * @param to what may name its groups; more than it has are a mistake
 * @throws Error in the reference's words
 */
export function namePattern(from: string, to: string): RE2JS {
  const pattern = compiled(from, {
    tooLong: 'regex pattern too long',
    invalid: () => `invalid regex matching pattern: ${from}`,
  })
  if (groupsIn(to) <= pattern.groupCount()) return pattern
  const rest = `uses more subexpressions than its corresponding matching regex pattern (${from})`
  throw new Error(`the rewrite regex pattern (${to}) ${rest}`)
}

/** The regular expression of another rule. */
export function compiled(
  from: string,
  texts: { readonly tooLong: string; readonly invalid: (reason: string) => string },
): RE2JS {
  const octets = Buffer.byteLength(from)
  if (octets > MAX_PATTERN_OCTETS) {
    throw new Error(`${texts.tooLong}: ${octets} > ${MAX_PATTERN_OCTETS}`)
  }
  try {
    return RE2JS.compile(from)
  } catch (error) {
    throw new Error(texts.invalid((error as Error).message))
  }
}

function groupsIn(to: string): number {
  let groups = 0
  for (let group = 0; group <= MAX_GROUP; group++) if (to.includes(`{${group}}`)) groups++
  return groups
}
