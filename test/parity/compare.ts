import { TYPE, typeToText } from '../../src/wire/codes.ts'
import { nameToText } from '../../src/wire/name.ts'
import { readMessage } from '../../src/wire/reader.ts'
import { type Rr, readSoa } from '../../src/wire/record.ts'

/** What of two answers is compared, by the rules of the recordings. */
export interface Comparison {
  /** SOA serials count: they come from a zone file. */
  readonly serial?: boolean
  /** The order of the answer section counts. */
  readonly ordered?: boolean
  /** Sections that are not compared. */
  readonly volatile?: readonly string[]
}

/** The differences between a recorded message and one that came, one sentence each; none when they agree. */
export function differences(expected: Buffer, actual: Buffer, rules: Comparison = {}): string[] {
  const [want, have] = [readMessage(expected), readMessage(actual)]
  const found: string[] = []
  const check = (what: string, a: unknown, b: unknown) => {
    if (JSON.stringify(a) !== JSON.stringify(b))
      found.push(`${what}: ${JSON.stringify(a)}, not ${JSON.stringify(b)}`)
  }
  check('id', want.id, have.id)
  check('flags', want.flags.toString(16), have.flags.toString(16))
  check('question', want.question, have.question)
  const options = (m: typeof want) =>
    m.opt && { ...m.opt, options: m.opt.options.map((o) => JSON.stringify(o)).sort() }
  check('opt', options(want), options(have))
  const cut = (want.flags & have.flags & 0x0200) !== 0
  for (const section of ['answer', 'authority', 'additional'] as const) {
    if (rules.volatile?.some((word) => word.startsWith(section))) continue
    if (cut) check(`records in ${section}`, want[section].length, have[section].length)
    else found.push(...recordDifferences(section, want[section], have[section], rules))
  }
  return found
}

/** As sets of records, TTLs within one second; in order where the rules say so. */
export function recordDifferences(
  section: string,
  want: readonly Rr[],
  have: readonly Rr[],
  rules: Comparison,
): string[] {
  const line = (rr: Rr) => recordLine(rr, rules.serial === true)
  const order = (a: Rr, b: Rr) => (line(a) < line(b) ? -1 : line(a) > line(b) ? 1 : a.ttl - b.ttl)
  const ordered = rules.ordered === true && section === 'answer'
  const [a, b] = ordered ? [want, have] : [[...want].sort(order), [...have].sort(order)]
  const [wantText, haveText] = [a.map(line).join('; '), b.map(line).join('; ')]
  if (wantText !== haveText) return [`${section}: [${wantText}], not [${haveText}]`]
  return a.flatMap((rr, i) => {
    const ttl = (b[i] as Rr).ttl
    return Math.abs(rr.ttl - ttl) <= 1 ? [] : [`${section}: TTL ${rr.ttl}, not ${ttl}: ${line(rr)}`]
  })
}

/** A record without its TTL, RDATA in hex; the serial of an SOA left out unless it counts, times and MAC of a TSIG always. */
function recordLine(rr: Rr, serial: boolean): string {
  let data = Buffer.from(rr.rdata, 'latin1').toString('hex')
  if (rr.type === TYPE.SOA && !serial && rr.rdata.length > 22)
    data = JSON.stringify({ ...readSoa(rr.rdata), serial: 0 })
  if (rr.type === TYPE.TSIG) data = '(signature)'
  return `${nameToText(rr.owner)} ${rr.class} ${typeToText(rr.type)} ${data}`
}
