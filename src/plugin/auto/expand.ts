/** What groups a file's name has matched: by number or by name, undefined where there is none or it took no part. */
export type Groups = (group: number | string) => string | undefined

/**
 * The origin that a template gives for a match. `{1}`, `$1` and `$name` stand for groups, `$$` for a dollar; a name reaches as far as letters, digits and
 * underscores do. A group that is not there gives nothing (Go's `Regexp.Expand`, with each `{` taken for `${`).
 */
export function expand(template: string, groups: Groups): string {
  const whole = template.replaceAll('{', '${')
  return whole.replace(REFERENCE, (all, braced?: string, bare?: string) => {
    if (all === '$$') return '$'
    return groups(groupOf((braced ?? bare) as string)) ?? ''
  })
}

const REFERENCE = /\$\$|\$\{([\p{L}\p{Nd}_]+)\}|\$([\p{L}\p{Nd}_]+)/gu

/** Digits are a number, but not after a zero. */
const groupOf = (text: string): number | string =>
  /^(0|[1-9]\d{0,8})$/.test(text) ? Number(text) : text
