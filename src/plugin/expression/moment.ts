import { ExpressionError } from './error.ts'

/** A zone of time. */
export interface Place {
  readonly name: string
  /** Seconds east of Greenwich at a moment in milliseconds since 1970. */
  offsetAt(ms: number): number
  abbreviationAt(ms: number): string
}

/** A point in time as expr-lang has it: exact to the microsecond. */
export interface Moment {
  readonly type: 'moment'
  /** Milliseconds since 1970, with fractions. */
  readonly ms: number
  readonly place: Place
}

/** What a clock on the wall shows; the second has fractions. */
export interface Wall {
  year: number
  /** 1 to 12. */
  month: number
  day: number
  hour: number
  minute: number
  second: number
}

export const UTC: Place = fixedPlace('UTC', 0)

export const momentAt = (ms: number, place: Place): Moment => ({ type: 'moment', ms, place })

/** A zone that is always as far from Greenwich. */
export function fixedPlace(name: string, offset: number): Place {
  const sign = offset < 0 ? '-' : '+'
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const minutes = Math.floor((Math.abs(offset) / 60) % 60)
  const shown = name || `${sign}${two(Math.abs(offset) / 3600)}${minutes === 0 ? '' : two(minutes)}`
  return { name, offsetAt: () => offset, abbreviationAt: () => shown }
}

/** A zone by its name in the IANA database; '' is UTC. @throws ExpressionError */
export function namedPlace(name: string): Place {
  if (name === '' || name === 'UTC') return UTC
  const timeZone = name === 'Local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : name
  let offsets: Intl.DateTimeFormat
  let words: Intl.DateTimeFormat
  try {
    offsets = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    words = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'short' })
  } catch {
    throw new ExpressionError(`unknown time zone ${name}`)
  }
  return {
    name,
    offsetAt: (ms) => offsetOf(zoneWord(offsets, ms)),
    abbreviationAt: (ms) => zoneWord(words, ms),
  }
}

function zoneWord(format: Intl.DateTimeFormat, ms: number): string {
  return format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? ''
}

/** Of `GMT-05:00`. */
function offsetOf(text: string): number {
  const found = /([+-])(\d\d):(\d\d)(?::(\d\d))?/.exec(text)
  if (found === null) return 0
  const [, sign, hours, minutes, seconds = 0] = found
  const offset = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign === '-' ? -offset : offset
}

/** The moment at which a clock in a place shows this; undefined for what none can show. Between two times of the year it is what Go says. */
export function atWall(wall: Wall, place: Place): Moment | undefined {
  const { year, month, day, hour, minute, second } = wall
  if (hour > 23 || minute > 59 || second >= 60 || month < 1 || month > 12) return undefined
  if (day < 1 || day > daysIn(year, month)) return undefined
  return momentOf(wall, place)
}

/** The same for numbers that may be too large or too small, and carry over. */
export function momentOf({ year, month, day, hour, minute, second }: Wall, place: Place): Moment {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const local = date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000
  const guess = local - place.offsetAt(local) * 1000
  return momentAt(local - place.offsetAt(guess) * 1000, place)
}

function daysIn(year: number, month: number): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month, 0)
  return date.getUTCDate()
}

/** What a clock at the moment's place shows. */
export function wallOf({ ms, place }: Moment): Wall {
  const local = ms + place.offsetAt(ms) * 1000
  const date = new Date(Math.floor(local))
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second:
      Math.round((date.getUTCSeconds() + (local / 1000 - Math.floor(local / 1000))) * 1e6) / 1e6,
  }
}
