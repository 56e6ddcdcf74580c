const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }

/** A time in seconds, plain or with units: `3600`, `1h30m`, `2w`. Undefined when it is none or above 32 bits. */
export function ttlFromText(text: string): number | undefined {
  if (!/^[0-9smhdw]+$/i.test(text)) return undefined
  let seconds = 0
  let count = 0
  for (const char of text.toLowerCase()) {
    const unit = UNITS[char]
    if (unit === undefined) count = count * 10 + Number(char)
    else {
      seconds += count * unit
      count = 0
    }
  }
  const total = seconds + count
  return total <= 0xffff_ffff ? total : undefined
}
