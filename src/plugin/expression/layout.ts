import { ExpressionError } from './error.ts'
import { atWall, fixedPlace, type Moment, type Place, UTC, type Wall, wallOf } from './moment.ts'

/** Layouts that Go calls RFC 3339, RFC 822, RFC 850 and RFC 1123, among those that `date` tries without one. */
const TRIED = [
  '2006-01-02',
  '15:04:05',
  '2006-01-02 15:04:05',
  '2006-01-02T15:04:05Z07:00',
  '02 Jan 06 15:04 MST',
  'Monday, 02-Jan-06 15:04:05 MST',
  'Mon, 02 Jan 2006 15:04:05 MST',
]

const MONTHS =
  'January February March April May June July August September October November December'.split(' ')
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ')

/** The pieces of a layout that stand for something, longest first; what is between them stands for itself. */
const PIECE =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|_2(?!006)|0[1-6]|15|PM|pm|[.,]0+(?!\d)|[.,]9+(?!\d)|[1-5]/g

/** What is read of a text, before it is a moment. */
interface Draft {
  wall: Wall
  halfDay: 'am' | 'pm' | undefined
  /** Undefined where the text names none. */
  place: Place | undefined
}

/** A piece of a layout: how it looks in a text, and what it says. */
type Reading = readonly [pattern: string, take: (draft: Draft, text: string) => void]

/**
 * Reads a moment by a layout in the manner of Go's time package, or by the layouts that expr-lang's `date` tries.
 *
 * @param place where a text that names no zone was written
 * @throws ExpressionError
 */
export function readMoment(text: string, layout: string | undefined, place: Place = UTC): Moment {
  if (layout !== undefined) {
    const read = readBy(text, layout, place)
    if (read !== undefined) return read
    const [value, form] = [JSON.stringify(text), JSON.stringify(layout)]
    throw new ExpressionError(`parsing time ${value} as ${form}: cannot parse ${value} as ${form}`)
  }
  for (const tried of TRIED) {
    const read = readBy(text, tried, place)
    if (read !== undefined) return read
  }
  throw new ExpressionError(`invalid date ${text}`)
}

function readBy(text: string, layout: string, place: Place): Moment | undefined {
  const takes: Reading[1][] = []
  let pattern = ''
  let at = 0
  for (const { 0: piece, index } of layout.matchAll(PIECE)) {
    const [look, take] = readingOf(piece)
    // Go takes a fraction behind the seconds though the layout has none.
    const fraction =
      /^(?:05|5)$/.test(piece) && !/^[.,][09]/.test(layout.slice(index + piece.length))
    pattern += `${literal(layout.slice(at, index))}(${look}${fraction ? '(?:[.,]\\d+)?' : ''})`
    takes.push(take)
    at = index + piece.length
  }
  const found = new RegExp(`^${pattern}${literal(layout.slice(at))}$`).exec(text)
  if (found === null) return undefined
  const draft: Draft = {
    wall: { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 },
    halfDay: undefined,
    place: undefined,
  }
  for (const [i, take] of takes.entries()) take(draft, found[i + 1] as string)
  const { wall, halfDay } = draft
  if (halfDay === 'pm' && wall.hour < 12) wall.hour += 12
  if (halfDay === 'am' && wall.hour === 12) wall.hour = 0
  return atWall(wall, draft.place ?? place)
}

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

const set =
  (field: keyof Wall): Reading[1] =>
  ({ wall }, text) => {
    wall[field] = Number(text.trim().replace(',', '.'))
  }

function readingOf(piece: string): Reading {
  const known = READINGS[piece]
  if (known !== undefined) return known
  if (/^[.,]/.test(piece)) {
    const digits = piece.includes('0') ? `\\d{${piece.length - 1}}` : '\\d*'
    const look = piece.includes('0') ? `[.,]${digits}` : `(?:[.,]${digits})?`
    return [
      look,
      ({ wall }, text) => {
        wall.second += Number(`0${text.replace(',', '.')}`)
      },
    ]
  }
  return [piece.startsWith('Z') ? `Z|${OFFSET}` : OFFSET, takeOffset]
}

const OFFSET = '[+-]\\d\\d(?::?\\d\\d){0,2}'

function takeOffset(draft: Draft, text: string): void {
  if (text === 'Z') {
    draft.place = UTC
    return
  }
  const [hours = 0, minutes = 0, seconds = 0] = (text.match(/\d\d/g) ?? []).map(Number)
  const offset = (hours * 60 + minutes) * 60 + seconds
  draft.place = fixedPlace('', text.startsWith('-') ? -offset : offset)
}

const byWord = (words: readonly string[], octets: number | undefined) =>
  words.map((word) => word.slice(0, octets)).join('|')

const month: Reading[1] = ({ wall }, text) => {
  wall.month = MONTHS.findIndex((name) => name.startsWith(text)) + 1
}

const READINGS: Readonly<Record<string, Reading | undefined>> = {
  __proto__: null as never,
  January: [byWord(MONTHS, undefined), month],
  Jan: [byWord(MONTHS, 3), month],
  Monday: [byWord(DAYS, undefined), () => {}],
  Mon: [byWord(DAYS, 3), () => {}],
  MST: [
    '[A-Z]{3,5}',
    (draft, text) => {
      draft.place = text === 'UTC' ? UTC : fixedPlace(text, 0)
    },
  ],
  2006: ['\\d{4}', set('year')],
  '06': [
    '\\d\\d',
    ({ wall }, text) => {
      wall.year = Number(text) + (Number(text) >= 69 ? 1900 : 2000)
    },
  ],
  '01': ['\\d\\d', set('month')],
  1: ['\\d\\d?', set('month')],
  '02': ['\\d\\d', set('day')],
  _2: [' ?\\d\\d?', set('day')],
  2: ['\\d\\d?', set('day')],
  15: ['\\d\\d?', set('hour')],
  '03': ['\\d\\d', set('hour')],
  3: ['\\d\\d?', set('hour')],
  '04': ['\\d\\d', set('minute')],
  4: ['\\d\\d?', set('minute')],
  '05': ['\\d\\d', set('second')],
  5: ['\\d\\d?', set('second')],
  PM: ['AM|PM', takeHalf],
  pm: ['am|pm', takeHalf],
}

function takeHalf(draft: Draft, text: string): void {
  draft.halfDay = text.toLowerCase() as 'am' | 'pm'
}

/** A moment as a layout has it. */
export function writeMoment(moment: Moment, layout: string): string {
  const wall = wallOf(moment)
  return layout.replace(PIECE, (piece) => {
    if (/^[.,]/.test(piece)) return fraction(wall.second, piece)
    if (/^Z|^-/.test(piece)) return offsetText(moment, piece)
    const write = WRITINGS[piece]
    return write === undefined ? piece : write(wall, moment)
  })
}

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
const half = (hour: number): number => hour % 12 || 12

const WRITINGS: Readonly<Record<string, ((wall: Wall, moment: Moment) => string) | undefined>> = {
  __proto__: null as never,
  January: ({ month }) => MONTHS[month - 1] as string,
  Jan: ({ month }) => (MONTHS[month - 1] as string).slice(0, 3),
  Monday: (_, moment) => DAYS[weekday(moment)] as string,
  Mon: (_, moment) => (DAYS[weekday(moment)] as string).slice(0, 3),
  MST: (_, { place, ms }) => place.abbreviationAt(ms),
  2006: ({ year }) => String(year).padStart(4, '0'),
  '06': ({ year }) => two(year % 100),
  '01': ({ month }) => two(month),
  1: ({ month }) => String(month),
  '02': ({ day }) => two(day),
  _2: ({ day }) => String(day).padStart(2, ' '),
  2: ({ day }) => String(day),
  15: ({ hour }) => two(hour),
  '03': ({ hour }) => two(half(hour)),
  3: ({ hour }) => String(half(hour)),
  '04': ({ minute }) => two(minute),
  4: ({ minute }) => String(minute),
  '05': ({ second }) => two(second),
  5: ({ second }) => String(Math.floor(second)),
  PM: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  pm: ({ hour }) => (hour < 12 ? 'am' : 'pm'),
}

function fraction(second: number, piece: string): string {
  const digits = (second % 1)
    .toFixed(9)
    .slice(2)
    .slice(0, piece.length - 1)
  if (piece.includes('0')) return piece[0] + digits
  const short = digits.replace(/0+$/, '')
  return short === '' ? '' : piece[0] + short
}

function offsetText({ place, ms }: Moment, piece: string): string {
  const offset = place.offsetAt(ms)
  if (offset === 0 && piece.startsWith('Z')) return 'Z'
  const all = Math.abs(offset)
  const parts = [two(all / 3600), two((all / 60) % 60), two(all % 60)]
  const count = piece.replace(/[^0-9]/g, '').length / 2
  return (offset < 0 ? '-' : '+') + parts.slice(0, count).join(piece.includes(':') ? ':' : '')
}

/** 0 for Sunday. */
export function weekday({ ms, place }: Moment): number {
  return new Date(ms + place.offsetAt(ms) * 1000).getUTCDay()
}

export const monthWord = (month: number): string => MONTHS[month - 1] as string
export const dayWord = (day: number): string => DAYS[day] as string
