import { CorefileError } from './errors.ts'

const NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
])
const LIMIT = 1n << 63n

/**
 * A duration as Go writes it: `300ms`, `-1.5h`, `2h45m`; `0` needs no unit.
 *
 * @returns milliseconds, with fractions
 * @throws CorefileError `time: invalid duration "x"`, `time: missing unit in duration "5"`, `time: unknown unit "d" in duration "1d"`
 */
export function parseDuration(text: string): number {
  const negative = text.startsWith('-')
  const parts = text.replace(/^[+-]/, '')
  const total = parts === '0' ? 0n : sumOf(parts, text)
  if (total > LIMIT - (negative ? 0n : 1n)) throw invalid('invalid duration', text)
  return Number(negative ? -total : total) / 1e6
}

/**
 * A duration in Go's notation: `1m30s`, `1.5ms`, `0s`.
 *
 * @param milliseconds fractions count down to the nanosecond
 */
export function formatDuration(milliseconds: number): string {
  const total = BigInt(Math.round(Math.abs(milliseconds) * 1e6))
  const sign = milliseconds < 0 && total > 0n ? '-' : ''
  if (total === 0n) return '0s'
  if (total < 1_000n) return `${sign}${total}ns`
  if (total < 1_000_000n) return `${sign}${decimal(total, 1_000n)}µs`
  if (total < 1_000_000_000n) return `${sign}${decimal(total, 1_000_000n)}ms`
  const minutes = total / 60_000_000_000n
  const seconds = `${decimal(total % 60_000_000_000n, 1_000_000_000n)}s`
  if (minutes === 0n) return `${sign}${seconds}`
  const hours = minutes / 60n
  return `${sign}${hours > 0n ? `${hours}h` : ''}${minutes % 60n}m${seconds}`
}

/** Nanoseconds of `1h2.5m`. */
function sumOf(parts: string, text: string): bigint {
  if (parts === '') throw invalid('invalid duration', text)
  let total = 0n
  for (let rest = parts; rest !== ''; ) {
    const part = /^([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/.exec(rest) as RegExpExecArray
    const [all, whole = '', fraction = '', unit = ''] = part
    if (whole === '' && fraction === '') throw invalid('invalid duration', text)
    if (BigInt(whole) > LIMIT) throw invalid('invalid duration', text)
    if (unit === '') throw invalid('missing unit in duration', text)
    const nanoseconds = NANOSECONDS.get(unit)
    if (nanoseconds === undefined) {
      throw invalid(`unknown unit ${quoteOctets(unit)} in duration`, text)
    }
    total += BigInt(whole) * nanoseconds
    total += (BigInt(fraction) * nanoseconds) / 10n ** BigInt(fraction.length)
    if (total > LIMIT) throw invalid('invalid duration', text)
    rest = rest.slice(all.length)
  }
  return total
}

function invalid(what: string, text: string): CorefileError {
  return new CorefileError(`time: ${what} ${quoteOctets(text)}`)
}

/** Go's time package has a notation of its own: all that is not printable ASCII octet by octet. */
function quoteOctets(text: string): string {
  const octets = Buffer.from(text).toString('latin1')
  const escaped = octets.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7f]/g, (octet) => {
    return `\\x${octet.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
  return `"${escaped}"`
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = String(value % unit).padStart(String(unit).length - 1, '0')
  const digits = fraction.replace(/0+$/, '')
  return digits === '' ? `${value / unit}` : `${value / unit}.${digits}`
}
