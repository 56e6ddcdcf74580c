import { CLASS, classFromText, classToText, typeFromText, typeToText } from '../codes.ts'
import { type Name, nameToText, ROOT } from '../name.ts'
import type { Octets, Rr } from '../record.ts'
import { rdataFits } from '../tails.ts'
import { Cursor, nameOfWord } from './cursor.ts'
import type { Entry } from './lexer.ts'
import { fromHex, hexOf } from './text.ts'
import { ttlFromText } from './ttl.ts'
import { LAYOUTS } from './types.ts'

/** What an entry may leave out, because an entry before it, or a directive, said it. */
export interface Defaults {
  readonly origin: Name
  /** Owner of an entry that begins with a blank. */
  readonly owner: Name | undefined
  /** Seconds; undefined where nothing has said one yet. */
  readonly ttl: number | undefined
  /** For messages; '' for none. */
  readonly file: string
}

/** A record, and whether its entry says the TTL itself. */
export interface Parsed {
  readonly rr: Rr
  readonly ownTtl: boolean
}

/**
 * Reads one entry: `[OWNER] [TTL] [CLASS] TYPE RDATA`, TTL and class in any order (RFC 1035 §5.1).
 *
 * @throws PresentationError
 */
export function readEntry(entry: Entry, defaults: Defaults): Parsed {
  const cursor = new Cursor(entry, defaults.origin, defaults.file)
  const owner = entry.indented ? (defaults.owner ?? ROOT) : ownerOf(cursor)
  const { type, class: class_, ttl } = readHead(cursor, defaults.ttl, !entry.indented)
  const rdata = readRdata(cursor, type)
  const rr = { owner, type, class: class_, ttl: ttl ?? defaults.ttl ?? 0, rdata }
  return { rr, ownTtl: ttl !== undefined }
}

function ownerOf(cursor: Cursor): Name {
  const word = cursor.next()
  const owner = nameOfWord(word, cursor.origin)
  if (owner === undefined) throw cursor.error('bad owner name')
  return owner
}

interface Head {
  readonly type: number
  readonly class: number
  readonly ttl: number | undefined
}

function readHead(cursor: Cursor, defaultTtl: number | undefined, afterOwner: boolean): Head {
  let ttl: number | undefined
  let class_: number | undefined
  for (;;) {
    const word = cursor.next()
    const upper = word.quoted ? '' : word.text.toUpperCase()
    const asClass = classFromText(upper)
    const asType = asClass === undefined ? typeFromText(upper) : undefined
    if (asType !== undefined) {
      const bare = ttl === undefined && class_ === undefined
      if (bare && afterOwner && defaultTtl === undefined) {
        throw cursor.error('missing TTL with no previous value')
      }
      return { type: asType, class: class_ ?? CLASS.IN, ttl }
    }
    if (asClass !== undefined && class_ === undefined) class_ = asClass
    else if (asClass === undefined && ttl === undefined && isWord(word)) {
      ttl = ttlFromText(word.text)
      if (ttl === undefined) throw cursor.error('not a TTL')
    } else throw cursor.error(expected(ttl, class_))
  }
}

const isWord = ({ text, quoted }: { text: string; quoted: boolean }) => !quoted && text !== '\n'

function expected(ttl: number | undefined, class_: number | undefined): string {
  if (ttl !== undefined && class_ !== undefined) return 'unknown RR type'
  if (ttl !== undefined) return 'expecting RR type or class, not this...'
  if (class_ !== undefined) return 'expecting RR type or TTL, not this...'
  return 'expecting RR type, TTL or class, not this...'
}

/** The RDATA of the words left. None at all is none (RFC 2136 §2.4), at the end of the text only. */
function readRdata(cursor: Cursor, type: number): Octets {
  if (cursor.atEndOfText) return '' as Octets
  if (cursor.atEnd) throw cursor.error('unexpected newline', cursor.next())
  if (cursor.peek()?.text === '\\#') return readGeneric(cursor, type)
  const layout = LAYOUTS.get(type)
  if (layout === undefined) {
    cursor.next()
    throw cursor.error('bad RFC3597 Rdata')
  }
  let octets = ''
  for (const [label, field] of layout) {
    const piece = field.read(cursor)
    if (piece === undefined) throw cursor.error(`bad ${typeToText(type)} ${label}`)
    octets += piece
  }
  if (!cursor.atEnd) throw cursor.error('garbage after rdata', cursor.next())
  return octets as Octets
}

/** `\# LENGTH HEX…` (RFC 3597 §5): for a type that is known, what its RDATA can be. */
function readGeneric(cursor: Cursor, type: number): Octets {
  cursor.next()
  const length = cursor.next()
  const octets = fromHex(
    cursor
      .rest()
      .map((word) => word.text)
      .join(''),
  )
  if (octets === undefined || String(octets.length) !== length.text) {
    throw cursor.error('bad RFC3597 Rdata', length)
  }
  if (!rdataFits(type, octets)) throw cursor.error(`RDATA does not fit ${typeToText(type)}`, length)
  return octets
}

/** A record on one line, its fields separated by tabs. Unknown types and RDATA that does not fit its type in the generic form (RFC 3597 §5). */
export function rrToText(rr: Rr): string {
  const head = [nameToText(rr.owner), rr.ttl, classToText(rr.class), typeToText(rr.type)]
  return `${head.join('\t')}\t${rdataToText(rr.type, rr.rdata)}`
}

/** RDATA in its type's presentation form, else in the generic one. */
export function rdataToText(type: number, rdata: Octets): string {
  if (rdata === '' && LAYOUTS.has(type)) return ''
  const texts: string[] = []
  let at = 0
  for (const [, field] of LAYOUTS.get(type) ?? []) {
    const written = field.write(rdata, at)
    if (written === undefined) return generic(rdata)
    if (written[0] !== '') texts.push(written[0])
    at = written[1]
  }
  return LAYOUTS.has(type) && at === rdata.length ? texts.join(' ') : generic(rdata)
}

const generic = (rdata: Octets): string => `\\# ${rdata.length} ${hexOf(rdata)}`.trimEnd()
