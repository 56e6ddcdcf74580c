import { formatDuration, parseDuration } from '../../corefile/duration.ts'
import { ExpressionError } from './error.ts'
import { dayWord, monthWord, readMoment, weekday, writeMoment } from './layout.ts'
import { type Moment, momentAt, momentOf, namedPlace, type Place, UTC, wallOf } from './moment.ts'

/** Values of time, beside those of JavaScript: moments, spans, zones, and the days and months that have a name and are no plain number. */
export class Timed {
  readonly value: Moment | Span | Zone | Named

  constructor(value: Moment | Span | Zone | Named) {
    this.value = value
  }
}

interface Span {
  readonly type: 'span'
  /** Milliseconds, with fractions. */
  readonly ms: number
}

interface Zone {
  readonly type: 'zone'
  readonly place: Place
}

interface Named {
  readonly type: 'named'
  readonly number: number
  readonly word: string
  /** Go's name of it. */
  readonly of: 'time.Month' | 'time.Weekday'
}

const timed = (moment: Moment): Timed => new Timed(moment)
const span = (ms: number): Timed => new Timed({ type: 'span', ms })

/** The moment that it is, in the zone of the machine or in another. */
export function now(ms: number, ...args: readonly unknown[]): Timed {
  const [zone] = args
  if (args.length > 1 || (zone !== undefined && kindOf(zone) !== 'zone')) {
    throw new ExpressionError(`invalid number of arguments (expected 0, got ${args.length})`)
  }
  const place = zone === undefined ? namedPlace('Local') : (zone as { value: Zone }).value.place
  return timed(momentAt(ms, place))
}

/** The functions about time that need no clock. */
export const TIME_BUILTINS: Readonly<Record<string, (...args: readonly unknown[]) => unknown>> = {
  duration: (text) => span(spanOf(text)),
  timezone: (name) => new Timed({ type: 'zone', place: namedPlace(textArgument(name)) }),
  date: (...args) => {
    const zone = kindOf(args[0]) === 'zone' ? (args[0] as { value: Zone }).value.place : undefined
    const [text, layout, name, ...more] = zone === undefined ? args : args.slice(1)
    if (more.length > 0) throw new ExpressionError('invalid number of arguments')
    const place = name === undefined ? (zone ?? UTC) : namedPlace(textArgument(name))
    return timed(
      readMoment(
        textArgument(text),
        layout === undefined ? undefined : textArgument(layout),
        place,
      ),
    )
  },
}

function spanOf(text: unknown): number {
  try {
    return parseDuration(textArgument(text))
  } catch (error) {
    throw new ExpressionError((error as Error).message)
  }
}

function textArgument(value: unknown): string {
  if (typeof value === 'string') return value
  throw new ExpressionError('invalid argument, expected string')
}

const kindOf = (value: unknown): string => (value instanceof Timed ? value.value.type : '')

/** What Go calls the type. */
export function timedType({ value }: Timed): string {
  const names = { moment: 'time.Time', span: 'time.Duration', zone: 'time.Location' }
  return value.type === 'named' ? value.of : names[value.type]
}

/** The value as a text. */
export function timedText({ value }: Timed): string {
  switch (value.type) {
    case 'moment':
      return writeMoment(value, '2006-01-02 15:04:05.999999999 -0700 MST')
    case 'span':
      return formatDuration(value.ms)
    case 'zone':
      return value.place.name
    case 'named':
      return value.word
  }
}

/** The value as JSON has it. */
export function timedJson({ value }: Timed): string | number {
  if (value.type === 'moment') return writeMoment(value, '2006-01-02T15:04:05.999999999Z07:00')
  if (value.type === 'zone') return value.place.name
  return timedInteger(new Timed(value)) as number
}

/** What a day, a month or a span is as a whole number; undefined for what has none. */
export function timedInteger({ value }: Timed): number | undefined {
  if (value.type === 'named') return value.number
  return value.type === 'span' ? Math.round(value.ms * 1e6) : undefined
}

/** How two values of one kind stand to each other: below 0, 0 or above; undefined where they do not. */
export function compareTimed(a: unknown, b: unknown): number | undefined {
  if (!(a instanceof Timed && b instanceof Timed) || timedType(a) !== timedType(b)) return undefined
  return orderOf(a) - orderOf(b)
}

function orderOf({ value }: Timed): number {
  if (value.type === 'zone') return 0
  return value.type === 'named' ? value.number : value.ms
}

/** `+`, `-` and `*` where one side is of time; undefined where neither is. @throws ExpressionError for what does not go together */
export function calculate(operator: string, a: unknown, b: unknown): Timed | undefined {
  if (!(a instanceof Timed || b instanceof Timed)) return undefined
  const [left, right] = [kindOf(a) || typeof a, kindOf(b) || typeof b]
  const ms = (side: unknown) => orderOf(side as Timed)
  const moved = (moment: unknown, by: number) => {
    const { place, ms: from } = (moment as { value: Moment }).value
    return timed(momentAt(from + by, place))
  }
  switch (`${left} ${operator} ${right}`) {
    case 'moment - moment':
    case 'span - span':
      return span(ms(a) - ms(b))
    case 'span + span':
      return span(ms(a) + ms(b))
    case 'moment + span':
      return moved(a, ms(b))
    case 'moment - span':
      return moved(a, -ms(b))
    case 'span + moment':
      return moved(b, ms(a))
    case 'span * number':
      return span(ms(a) * (b as number))
    case 'number * span':
      return span((a as number) * ms(b))
    default:
      throw new ExpressionError(`invalid operation: ${operator} on a value of time`)
  }
}

/** A method of the value. @throws ExpressionError when there is none of that name */
export function methodOf({ value }: Timed, name: string): (...args: readonly unknown[]) => unknown {
  const methods: Readonly<Record<string, Method | undefined>> = METHODS[value.type]
  const method = methods[name]
  if (method === undefined) throw new ExpressionError(`no method ${name}`)
  return (...args) => method(value as never, ...args)
}

type Method = (value: never, ...args: readonly unknown[]) => unknown

function momentArgument(value: unknown): Moment {
  if (kindOf(value) === 'moment') return (value as { value: Moment }).value
  throw new ExpressionError('invalid argument, expected time.Time')
}

function spanArgument(value: unknown): number {
  if (kindOf(value) === 'span') return (value as { value: Span }).value.ms
  throw new ExpressionError('invalid argument, expected time.Duration')
}

function placeArgument(value: unknown): Place {
  if (kindOf(value) === 'zone') return (value as { value: Zone }).value.place
  throw new ExpressionError('invalid argument, expected time.Location')
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Of Go's zero time, 1 January of year 1. */
const ZERO_MS = -62_135_596_800_000

const METHODS: Readonly<Record<'moment' | 'span' | 'zone' | 'named', Record<string, Method>>> = {
  moment: {
    Year: (moment: Moment) => wallOf(moment).year,
    Month: (moment: Moment) => {
      const { month } = wallOf(moment)
      return new Timed({ type: 'named', number: month, word: monthWord(month), of: 'time.Month' })
    },
    Day: (moment: Moment) => wallOf(moment).day,
    Hour: (moment: Moment) => wallOf(moment).hour,
    Minute: (moment: Moment) => wallOf(moment).minute,
    Second: (moment: Moment) => Math.floor(wallOf(moment).second),
    Nanosecond: (moment: Moment) => Math.round((wallOf(moment).second % 1) * 1e9),
    Weekday: (moment: Moment) => {
      const number = weekday(moment)
      return new Timed({ type: 'named', number, word: dayWord(number), of: 'time.Weekday' })
    },
    YearDay: (moment: Moment) => {
      const wall = wallOf(moment)
      const first = momentOf({ ...wall, month: 1, day: 1 }, UTC)
      return Math.round((momentOf(wall, UTC).ms - first.ms) / DAY_MS) + 1
    },
    Unix: ({ ms }: Moment) => Math.floor(ms / 1000),
    UnixMilli: ({ ms }: Moment) => Math.floor(ms),
    UnixMicro: ({ ms }: Moment) => Math.floor(ms * 1e3),
    UnixNano: ({ ms }: Moment) => Math.floor(ms * 1e6),
    Format: (moment: Moment, layout: unknown) => writeMoment(moment, textArgument(layout)),
    String: (moment: Moment) => timedText(timed(moment)),
    Location: ({ place }: Moment) => new Timed({ type: 'zone', place }),
    In: ({ ms }: Moment, zone: unknown) => timed(momentAt(ms, placeArgument(zone))),
    UTC: ({ ms }: Moment) => timed(momentAt(ms, UTC)),
    Local: ({ ms }: Moment) => timed(momentAt(ms, namedPlace('Local'))),
    Add: ({ ms, place }: Moment, by: unknown) => timed(momentAt(ms + spanArgument(by), place)),
    AddDate: (moment: Moment, ...by: readonly unknown[]) => {
      const [years = 0, months = 0, days = 0] = by.map(Number)
      const { year, month, day, ...clock } = wallOf(moment)
      const wall = { ...clock, year: year + years, month: month + months, day: day + days }
      return timed(momentOf(wall, moment.place))
    },
    Sub: ({ ms }: Moment, other: unknown) => span(ms - momentArgument(other).ms),
    Before: ({ ms }: Moment, other: unknown) => ms < momentArgument(other).ms,
    After: ({ ms }: Moment, other: unknown) => ms > momentArgument(other).ms,
    Equal: ({ ms }: Moment, other: unknown) => ms === momentArgument(other).ms,
    Compare: ({ ms }: Moment, other: unknown) => Math.sign(ms - momentArgument(other).ms),
    IsZero: ({ ms }: Moment) => ms === ZERO_MS,
    Truncate: ({ ms, place }: Moment, by: unknown) => {
      const each = spanArgument(by)
      const over = each <= 0 ? 0 : (((ms - ZERO_MS) % each) + each) % each
      return timed(momentAt(ms - over, place))
    },
  },
  span: {
    Hours: ({ ms }: Span) => ms / HOUR_MS,
    Minutes: ({ ms }: Span) => ms / MINUTE_MS,
    Seconds: ({ ms }: Span) => ms / 1000,
    Milliseconds: ({ ms }: Span) => Math.trunc(ms),
    Microseconds: ({ ms }: Span) => Math.trunc(ms * 1e3),
    Nanoseconds: ({ ms }: Span) => Math.round(ms * 1e6),
    String: ({ ms }: Span) => formatDuration(ms),
    Abs: ({ ms }: Span) => span(Math.abs(ms)),
    Round: ({ ms }: Span, by: unknown) => {
      const each = spanArgument(by)
      return span(each <= 0 ? ms : Math.sign(ms) * Math.round(Math.abs(ms) / each) * each)
    },
    Truncate: ({ ms }: Span, by: unknown) => {
      const each = spanArgument(by)
      return span(each <= 0 ? ms : Math.trunc(ms / each) * each)
    },
  },
  zone: { String: ({ place }: Zone) => place.name },
  named: { String: ({ word }: Named) => word },
}
