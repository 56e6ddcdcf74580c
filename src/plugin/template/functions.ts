/**
 * `parseInt TEXT BASE BITS`, which is Go's strconv.ParseUint: a whole number without sign. Base 0 goes by the text's own prefix.
 *
 * @throws Error
 */
export function parseUint(text: unknown, base: unknown = 10, bits: unknown = 64): number | bigint {
  const failed = (reason: string) =>
    new Error(`strconv.ParseUint: parsing ${JSON.stringify(String(text))}: ${reason}`)
  const [, prefix = '', digits = ''] =
    base === 0 ? (/^(0[xX]|0[oO]?|0[bB]|)(.*)$/s.exec(String(text)) ?? []) : ['', '', String(text)]
  const radix = base === 0 ? (PREFIXES[prefix.toLowerCase()] ?? 10) : Number(base)
  if (!(radix >= 2 && radix <= 36)) throw failed(`invalid base ${radix}`)
  const shown = prefix === '0' && digits === '' ? '0' : digits
  if (shown === '') throw failed('invalid syntax')
  let value = 0n
  for (const char of shown.toLowerCase()) {
    const digit = '0123456789abcdefghijklmnopqrstuvwxyz'.indexOf(char)
    if (digit === -1 || digit >= radix) throw failed('invalid syntax')
    value = value * BigInt(radix) + BigInt(digit)
  }
  if (value >= 1n << BigInt(bits === 0 ? 64 : Number(bits))) throw failed('value out of range')
  return Number.isSafeInteger(Number(value)) ? Number(value) : value
}

const PREFIXES: Readonly<Record<string, number>> = { '0x': 16, '0b': 2, '0o': 8, '0': 8 }
