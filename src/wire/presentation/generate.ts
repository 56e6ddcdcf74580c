import type { Cursor } from './cursor.ts'
import type { Word } from './lexer.ts'

/** Records that one `$GENERATE` may make, less one. */
const MAX_STEPS = 65_535
/** Highest number that a record may be made with. */
const MAX_NUMBER = 2 ** 31 - 1

/**
 * The lines that `$GENERATE START-STOP[/STEP] TEXT` stands for: `$` in the text is the number, `${OFFSET[,WIDTH[,BASE]]}` the number with an offset, zeros in front
 * and in base `d`, `o`, `x` or `X`; `$$` and `\$` are a dollar sign.
 *
 * @param words behind the directive
 * @throws PresentationError
 */
export function* generated(words: Cursor): Generator<string> {
  const range = rangeOf(words)
  if (words.atEnd) throw words.error('garbage after $GENERATE range', words.next())
  const text = textOf(words.rest())
  for (let number = range.start; number <= range.stop; number += range.step) {
    yield substitute(text, number, range, words)
  }
}

interface Range {
  readonly start: number
  readonly stop: number
  readonly step: number
}

function rangeOf(words: Cursor): Range {
  const { text } = words.next()
  const [range = '', stepText = '1'] = text.split(/\/(.*)/, 2)
  const step = /^[0-9]+$/.test(stepText) ? Number(stepText) : 0
  if (step <= 0) throw words.error('bad step in $GENERATE range')
  const [startText = '', stopText] = range.split(/-(.*)/, 2)
  if (stopText === undefined) throw words.error('bad start-stop in $GENERATE range')
  if (!/^[0-9]+$/.test(startText)) throw words.error('bad start in $GENERATE range')
  if (!/^[0-9]+$/.test(stopText)) throw words.error('bad stop in $GENERATE range')
  const [start, stop] = [Number(startText), Number(stopText)]
  if (stop < start || (stop - start) / step > MAX_STEPS) {
    throw words.error('bad range in $GENERATE range')
  }
  return { start, stop, step }
}

function textOf(words: readonly Word[]): string {
  let text = ''
  for (const word of words) {
    text += word.glued ? '' : ' '
    text += word.quoted ? `"${word.text}"` : word.text
  }
  return text.slice(1)
}

function substitute(text: string, number: number, range: Range, words: Cursor): string {
  return text.replace(/\\.|\$\$|\$(?:\{([^}]*)(\}?))?/gs, (found, modifier, closed) => {
    if (found.startsWith('\\')) return found === '\\$' ? '$' : found
    if (found === '$$') return '$'
    if (modifier === undefined) return String(number)
    if (closed === '') throw words.error('bad modifier in $GENERATE')
    return modified(number, modifier, range, words)
  })
}

const BASES: Readonly<Record<string, (value: number) => string>> = {
  d: (value) => value.toString(10),
  o: (value) => value.toString(8),
  x: (value) => value.toString(16),
  X: (value) => value.toString(16).toUpperCase(),
}

function modified(number: number, modifier: string, range: Range, words: Cursor): string {
  const [offsetText = '', width = '0', base = 'd', ...others] = modifier.split(',')
  if (others.length > 0) throw words.error('bad modifier in $GENERATE')
  const write = BASES[base]
  if (write === undefined) throw words.error('bad base in $GENERATE')
  const offset = /^[-+]?[0-9]+$/.test(offsetText) ? Number(offsetText) : Number.NaN
  if (!(range.start + offset >= 0 && range.stop + offset <= MAX_NUMBER)) {
    throw words.error('bad offset in $GENERATE')
  }
  if (!/^[0-9]+$/.test(width) || Number(width) > 255) throw words.error('bad width in $GENERATE')
  return write(number + offset).padStart(Number(width), '0')
}
