/** `YYYYMMDDHHmmSS` or seconds since 1970, as 32 bits that wrap (RFC 4034 §3.1.5); undefined for anything else. */
export function timeFromText(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined) {
    return /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffff_ffff ? Number(text) : undefined
  }
  const [year, month, day, hour, minute, second] = parts as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second)
  const date = new Date(milliseconds)
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24
  return exists && minute < 60 && second < 60 ? (milliseconds / 1000) >>> 0 : undefined
}

/** Seconds since 1970 as `YYYYMMDDHHmmSS`, in the span of 68 years around `now`. */
export function timeToText(seconds: number, now = Date.now()): string {
  const wraps = Math.round((now / 1000 - seconds) / 2 ** 32)
  const date = new Date((seconds + wraps * 2 ** 32) * 1000)
  return date.toISOString().replace(/[-:T]|\..*/g, '')
}
