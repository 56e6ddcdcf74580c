import { type Name, ROOT } from '../name.ts'
import type { Rr } from '../record.ts'
import { Cursor } from './cursor.ts'
import { generated } from './generate.ts'
import { type Entry, entriesOf } from './lexer.ts'
import { readEntry } from './record.ts'
import { octetsOf } from './text.ts'
import { ttlFromText } from './ttl.ts'

/** `$INCLUDE` inside `$INCLUDE`. */
const MAX_INCLUDE_DEPTH = 7
/** TTL of records that `$GENERATE` makes and of single records, in seconds, where nothing says one. */
const DEFAULT_TTL = 3600

/** What a master file is read with. */
export interface ZoneOptions {
  /** Path for messages, which also begin with it; relative `$INCLUDE`s are looked up beside it. */
  readonly file?: string
  /** TTL of records before the first that says one, in seconds; without it such a record is an error. */
  readonly ttl?: number
  /**
   * The octets of an included file and the path it was found at; throws when there is none. Without it `$INCLUDE` is an error.
   *
   * @param path as written
   * @param from path of the file that includes it
   */
  readonly include?: (
    path: string,
    from: string,
  ) => { readonly path: string; readonly octets: string }
}

/**
 * The records of a master file (RFC 1035 §5), with `$ORIGIN`, `$TTL` (RFC 2308 §4), `$INCLUDE` and `$GENERATE`.
 *
 * @param octets the file, one character an octet
 * @throws PresentationError
 */
export function parseZone(octets: string, origin: Name, options: ZoneOptions = {}): Rr[] {
  const records: Rr[] = []
  new ZoneReader(records, origin, options, 0).read(octets)
  return records
}

/**
 * The first record of a text, as templates write one: `www 1h30m IN A 192.0.2.1`. Undefined when there is none.
 *
 * @param text.origin what relative names end with; the root by default
 * @param text.ttl seconds, where the text says none; 3600 by default
 * @throws PresentationError
 */
export function rrFromText(
  text: string,
  { origin = ROOT, ttl = DEFAULT_TTL }: { readonly origin?: Name; readonly ttl?: number } = {},
): Rr | undefined {
  const records: Rr[] = []
  const reader = new ZoneReader(records, origin, { ttl }, 0)
  for (const entry of entriesOf(octetsOf(text))) {
    reader.entry(entry)
    if (records.length > 0) return records[0]
  }
  return undefined
}

class ZoneReader {
  private readonly records: Rr[]
  private readonly options: ZoneOptions
  private readonly file: string
  private readonly depth: number
  private readonly mayGenerate: boolean
  private origin: Name
  private owner: Name | undefined
  private ttl: number | undefined
  private ttlByDirective = false

  constructor(
    records: Rr[],
    origin: Name,
    options: ZoneOptions,
    depth: number,
    mayGenerate = true,
  ) {
    this.records = records
    this.origin = origin
    this.options = options
    this.file = options.file ?? ''
    this.ttl = options.ttl
    this.depth = depth
    this.mayGenerate = mayGenerate
  }

  read(octets: string): void {
    for (const entry of entriesOf(octets, this.file)) this.entry(entry)
  }

  /** Takes in one entry: a directive or a record. */
  entry(entry: Entry): void {
    const first = entry.words[0]
    const directive = entry.indented || first?.quoted ? undefined : first?.text.toUpperCase()
    if (directive === '$ORIGIN') this.setOrigin(entry)
    else if (directive === '$TTL') this.setTtl(entry)
    else if (directive === '$INCLUDE') this.include(entry)
    else if (directive === '$GENERATE') this.generate(entry)
    else this.record(entry)
  }

  private record(entry: Entry): void {
    const { origin, owner, ttl, file } = this
    const { rr, ownTtl } = readEntry(entry, { origin, owner, ttl, file })
    this.owner = rr.owner
    if (ownTtl && !this.ttlByDirective) this.ttl = rr.ttl
    this.records.push(rr)
  }

  private setOrigin(entry: Entry): void {
    const words = this.argument(entry)
    const origin = words.name()
    if (origin === undefined) throw words.error('bad origin name')
    this.noMore(words)
    this.origin = origin
  }

  private setTtl(entry: Entry): void {
    const words = this.argument(entry)
    const ttl = ttlFromText(words.next().text)
    if (ttl === undefined) throw words.error('expecting $TTL value, not this...')
    this.noMore(words)
    this.ttl = ttl
    this.ttlByDirective = true
  }

  private include(entry: Entry): void {
    const words = this.argument(entry)
    const path = words.next()
    const origin = words.atEnd ? this.origin : words.name()
    if (origin === undefined) throw words.error('bad origin name')
    if (!words.atEnd) throw words.error('garbage after $INCLUDE', words.next())
    const { include } = this.options
    if (include === undefined) throw words.error('$INCLUDE directive not allowed', path)
    if (this.depth >= MAX_INCLUDE_DEPTH) throw words.error('too deeply nested $INCLUDE', path)
    let found: { readonly path: string; readonly octets: string }
    try {
      found = include(path.text, this.file)
    } catch (error) {
      throw words.error((error as Error).message, path)
    }
    const options = { ...this.options, file: found.path }
    new ZoneReader(this.records, origin, withTtl(options, this.ttl), this.depth + 1).read(
      found.octets,
    )
  }

  private generate(entry: Entry): void {
    const words = this.argument(entry)
    if (!this.mayGenerate) throw words.error('nested $GENERATE directive not allowed', words.next())
    const options = withTtl(this.options, DEFAULT_TTL)
    for (const line of generated(words)) {
      new ZoneReader(this.records, this.origin, options, this.depth, false).read(line)
    }
  }

  /** The words behind a directive, of which there must be one. */
  private argument(entry: Entry): Cursor {
    const words = new Cursor(entry, this.origin, this.file)
    const directive = words.next().text.toUpperCase()
    const next = words.peek()
    if (next === undefined || next.quoted) {
      words.next()
      throw words.error(`expecting ${directive} value, not this...`)
    }
    return words
  }

  private noMore(words: Cursor): void {
    if (!words.atEnd) throw words.error('garbage after rdata', words.next())
  }
}

function withTtl({ ttl: _, ...options }: ZoneOptions, ttl: number | undefined): ZoneOptions {
  return ttl === undefined ? options : { ...options, ttl }
}
