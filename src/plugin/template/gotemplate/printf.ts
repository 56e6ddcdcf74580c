import { goQuote } from './literals.ts'
import { show, typeName, type Value } from './values.ts'

const VERB = /%([-+# 0]*)(?:\[(\d+)\])?(\*|\d+)?(?:\.(\*|\d+)?)?(?:\[(\d+)\])?(.?)/gsu

/** Widths and precisions above it are refused, as in Go. */
const MAX_WIDTH = 1_000_000

/** Go's fmt.Sprintf: verbs v s q d b o x X c U t f F e E g G %, flags, width, precision, `*` and argument indexes. */
export function sprintf(format: string, args: readonly Value[]): string {
  let at = 0
  let reordered = false
  const text = format.replace(
    VERB,
    (_, flags: string, index, width, precision, later, verb: string) => {
      if (verb === '%') return '%'
      const chosen = index ?? later
      if (chosen !== undefined) {
        at = Number(chosen) - 1
        reordered = true
      }
      const wide = width === '*' ? Number(args[at++]) : Number(width ?? 0)
      const exact = precision === '*' ? Number(args[at++]) : precision
      if (verb === '') return '%!(NOVERB)'
      if (at >= args.length) return `%!${verb}(MISSING)`
      if (!(Math.abs(wide) <= MAX_WIDTH)) return '%!(BADWIDTH)'
      const digits = exact === undefined ? undefined : Number(exact)
      return pad(format1(verb, flags, digits, args[at++]), flags, wide)
    },
  )
  if (reordered || at >= args.length) return text
  const extra = args.slice(at).map((arg) => `${typeName(arg)}=${show(arg)}`)
  return `${text}%!(EXTRA ${extra.join(', ')})`
}

function format1(verb: string, flags: string, digits: number | undefined, arg: Value): string {
  if (arg === undefined || arg === null) return verb === 'v' ? '<nil>' : `%!${verb}(<nil>)`
  if (verb === 'v')
    return typeof arg === 'number' || typeof arg === 'bigint' ? signed(show(arg), flags) : show(arg)
  if (verb === 'T') return typeName(arg)
  if (Array.isArray(arg))
    return `[${arg.map((item) => format1(verb, flags, digits, item)).join(' ')}]`
  const written =
    typeof arg === 'number' || typeof arg === 'bigint'
      ? numeric(verb, flags, digits, arg)
      : typeof arg === 'boolean'
        ? verb === 't'
          ? String(arg)
          : undefined
        : textual(verb, flags, digits, show(arg))
  return written ?? `%!${verb}(${typeName(arg)}=${show(arg)})`
}

function textual(
  verb: string,
  flags: string,
  digits: number | undefined,
  text: string,
): string | undefined {
  const cut = digits === undefined ? text : Array.from(text).slice(0, digits).join('')
  switch (verb) {
    case 's':
      return cut
    case 'q':
      return flags.includes('#') && !/[`\n]/.test(cut) ? `\`${cut}\`` : goQuote(cut)
    case 'x':
    case 'X': {
      const hex = Buffer.from(text).toString('hex')
      const spaced = flags.includes(' ') ? (hex.match(/../g) ?? []).join(' ') : hex
      return verb === 'x' ? spaced : spaced.toUpperCase()
    }
    default:
      return undefined
  }
}

const BASES: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, x: 16, X: 16 }
const PREFIXES: Readonly<Record<string, string>> = { b: '0b', o: '0', x: '0x', X: '0X' }

function numeric(
  verb: string,
  flags: string,
  digits: number | undefined,
  arg: number | bigint,
): string | undefined {
  const base = BASES[verb]
  if ('feEgGF'.includes(verb))
    return typeof arg === 'number' ? signed(decimal(verb, digits, arg), flags) : undefined
  if (typeof arg === 'number' && !Number.isInteger(arg)) return undefined
  if (verb === 'c') return String.fromCodePoint(Number(arg))
  if (verb === 'q') return `'${String.fromCodePoint(Number(arg))}'`
  if (verb === 'U') return `U+${arg.toString(16).toUpperCase().padStart(4, '0')}`
  if (base === undefined) return undefined
  const size = (arg < 0 ? -arg : arg).toString(base).padStart(digits ?? 0, '0')
  const cased = verb === 'X' ? size.toUpperCase() : size
  const prefix = verb === 'O' ? '0o' : flags.includes('#') ? (PREFIXES[verb] ?? '') : ''
  return signed(`${arg < 0 ? '-' : ''}${prefix}${cased}`, flags)
}

function decimal(verb: string, digits: number | undefined, value: number): string {
  if (!Number.isFinite(value)) return show(value)
  const lower = verb.toLowerCase()
  const text =
    lower === 'f'
      ? value.toFixed(Math.min(digits ?? 6, 100))
      : lower === 'e'
        ? value.toExponential(Math.min(digits ?? 6, 100))
        : digits === undefined
          ? show(value)
          : String(Number(value.toPrecision(Math.min(Math.max(digits, 1), 100))))
  const exponent = text.replace(/e([+-])(\d)$/, 'e$10$2')
  return verb === lower ? exponent : exponent.toUpperCase()
}

function signed(text: string, flags: string): string {
  if (text.startsWith('-') || text.startsWith('+')) return text
  return flags.includes('+') ? `+${text}` : flags.includes(' ') ? ` ${text}` : text
}

function pad(text: string, flags: string, width: number): string {
  const missing = Math.abs(width) - Array.from(text).length
  if (missing <= 0) return text
  if (flags.includes('-') || width < 0) return text + ' '.repeat(missing)
  if (!flags.includes('0')) return ' '.repeat(missing) + text
  const sign = /^[-+ ]?(?:0[xXbo])?/.exec(text)?.[0] ?? ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}
