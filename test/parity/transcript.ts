import { CLASS, rcodeFromText, TYPE, typeFromText, typeToText } from '../../src/wire/codes.ts'
import { FLAG } from '../../src/wire/header.ts'
import { type Name, nameFromText, nameToText } from '../../src/wire/name.ts'
import { type Message, readMessage } from '../../src/wire/reader.ts'
import { type Rr, readSoa, readU16 } from '../../src/wire/record.ts'
import { Writer } from '../../src/wire/writer.ts'

/** A question of a transcript and the answer recorded for it, sections as sorted lines. */
export interface Recorded {
  readonly line: number
  readonly qname: Name
  readonly qtype: number
  readonly options: readonly string[]
  /** `NOERROR aa rd question=…` without the size. */
  readonly head: string
  readonly records: readonly string[]
}

/** Reads a transcript: `?` question, `>` head, `=` answer, `@` authority, `+` additional, `!` how much fitted. */
export function readTranscript(text: string): Recorded[] {
  const recorded: (Omit<Recorded, 'records'> & { records: string[]; head: string })[] = []
  text.split('\n').forEach((line, i) => {
    const rest = line.slice(2)
    if (line.startsWith('? ')) {
      const [name = '', type = '', ...options] = rest.split(' ')
      const qname = nameFromText(name)
      const qtype = typeFromText(type)
      if (qname === undefined || qtype === undefined) throw new Error(`line ${i + 1}: ${line}`)
      recorded.push({ line: i + 1, qname, qtype, options, head: '', records: [] })
    } else if (line.startsWith('> '))
      (recorded.at(-1) as { head: string }).head = rest.replace(/ size=\d+/, '')
    else if (/^[=@+!] /.test(line)) recorded.at(-1)?.records.push(line.trimEnd())
  })
  return recorded
}

const writer = new Writer()

/** The question as a packet. */
export function packetOf(recorded: Recorded, id: number): Buffer {
  const option = (name: string) =>
    recorded.options.find((o) => o === name || o.startsWith(`${name}=`))
  const bufsize = option('+bufsize')
  const flags = (option('+nord') ? 0 : FLAG.RD) | (option('+cd') ? FLAG.CD : 0)
  const opt = {
    udpSize: Number(bufsize?.split('=')[1] ?? 1232),
    extendedRcode: 0,
    version: 0,
    flags: option('+do') ? 0x8000 : 0,
    options: [],
  }
  const message = writer.write(
    {
      id,
      flags,
      question: { qname: recorded.qname, qtype: recorded.qtype, qclass: CLASS.IN },
      answer: [],
      authority: [],
      additional: [],
      opt: bufsize || option('+do') ? opt : undefined,
    },
    65535,
  )
  return Buffer.from(message)
}

/** An answer in the form of the transcript, to compare with. */
export function describe(packet: Buffer): { head: string; records: string[] } {
  const message = readMessage(packet)
  const words = [rcodeWord(message)]
  for (const [word, bit] of FLAG_WORDS) if ((message.flags & bit) !== 0) words.push(word)
  const q = message.question
  words.push(
    `question=${q === undefined ? '' : `${nameToText(q.qname)} ${q.qclass} ${typeToText(q.qtype)}`}`,
  )
  const cut = (message.flags & FLAG.TC) !== 0
  const lines = (mark: string, records: readonly Rr[]) =>
    records.map((rr) => `${mark} ${recordText(rr)}`)
  const all = [
    ...lines('=', message.answer),
    ...lines('@', message.authority),
    ...lines('+', message.additional),
  ]
  if (message.opt !== undefined) all.push(`+ ${optText(message.opt)}`)
  return {
    head: words.join(' '),
    records: cut
      ? [
          `! ${message.answer.length} answers fitted`,
          ...all.filter((line) => line.startsWith('+ OPT')),
        ]
      : all.sort(),
  }
}

const FLAG_WORDS: readonly [string, number][] = [
  ['aa', FLAG.AA],
  ['tc', FLAG.TC],
  ['rd', FLAG.RD],
  ['ra', FLAG.RA],
  ['ad', FLAG.AD],
  ['cd', FLAG.CD],
]

function optText({ udpSize, flags }: NonNullable<Message['opt']>): string {
  return `OPT udp=${udpSize} ext=${flags.toString(16)}`
}

function rcodeWord(message: Message): string {
  for (const word of ['NOERROR', 'NXDOMAIN', 'SERVFAIL', 'REFUSED', 'FORMERR', 'NOTIMP']) {
    if (rcodeFromText(word) === (message.flags & 15)) return word
  }
  return `RCODE${message.flags & 15}`
}

function recordText(rr: Rr): string {
  return `${nameToText(rr.owner)} ${rr.ttl} ${typeToText(rr.type)} ${rdataText(rr)}`
}

function rdataText({ type, rdata }: Rr): string {
  const octets = Buffer.from(rdata, 'latin1')
  if (type === TYPE.A) return octets.join('.')
  if (type === TYPE.CNAME || type === TYPE.PTR || type === TYPE.NS)
    return nameToText(rdata as string as Name)
  if (type === TYPE.SRV)
    return `${readU16(rdata, 0)} ${readU16(rdata, 2)} ${readU16(rdata, 4)} ${nameToText(rdata.slice(6) as Name)}`
  if (type !== TYPE.SOA) return octets.toString('hex')
  const soa = readSoa(rdata)
  return `${nameToText(soa.mname)} ${nameToText(soa.rname)} <serial> ${soa.refresh} ${soa.retry} ${soa.expire} ${soa.minimum}`
}
