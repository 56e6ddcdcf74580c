import type { RE2JS } from 're2js'
import { CLASS, classToText, TYPE, typeToText } from '../../wire/codes.ts'
import { FLAG, opcodeOf } from '../../wire/header.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { rrToText } from '../../wire/presentation.ts'
import type { Rr } from '../../wire/record.ts'
import type { Query } from '../query.ts'

/** What the templates of one query are told. */
export interface Facts {
  /** The zone that matched. */
  readonly zone: Name
  /** What the pattern found, all of it and each group; '' for groups that took no part. */
  readonly match: readonly string[]
  /** The groups by number and by name. */
  readonly group: ReadonlyMap<string, string>
  readonly pattern: RE2JS
  /** Values of `var` lines. */
  readonly variables: ReadonlyMap<string, unknown>
  /** The directive's class and type, for questions about any. */
  readonly qclass: number
  readonly qtype: number
}

/**
 * The data of Go templates: its getters are the fields that templates name. It notes whether one was used whose value is not the same for whoever asks the same.
 */
export class TemplateData {
  /** Whether what came out depends on the client, or on how the name is spelled. */
  personal = false
  private readonly query: Query
  private readonly facts: Facts

  constructor(query: Query, facts: Facts) {
    this.query = query
    this.facts = facts
  }

  get Zone(): string {
    return nameToText(this.facts.zone)
  }
  get Name(): string {
    return nameToText(this.query.folded)
  }
  get Regex(): string {
    return this.facts.pattern.pattern()
  }
  get Match(): readonly string[] {
    return this.facts.match
  }
  get Group(): ReadonlyMap<string, string> {
    return this.facts.group
  }
  /** The class asked for; of a question about any class that of the directive; '' for one without a name. */
  get Class(): string {
    const { qclass } = this.query
    return known(classToText(qclass === CLASS.ANY ? this.facts.qclass : qclass), 'CLASS')
  }
  get Type(): string {
    const { qtype } = this.query
    return known(typeToText(qtype === TYPE.ANY ? this.facts.qtype : qtype), 'TYPE')
  }
  get Var(): ReadonlyMap<string, unknown> {
    return this.facts.variables
  }
  get Remote(): string {
    this.personal = true
    return this.query.exchange.client.address.replace(/%.*$/, '')
  }
  get Question(): Readonly<Record<string, unknown>> {
    this.personal = true
    return questionOf(this.query)
  }
  get Message(): Readonly<Record<string, unknown>> {
    this.personal = true
    return messageOf(this.query)
  }
  Meta(label: unknown): string {
    this.personal = true
    return this.query.metadata?.get(String(label))?.() ?? ''
  }
}

const known = (word: string, generic: string): string =>
  /^\d+$/.test(word.slice(generic.length)) && word.startsWith(generic) ? '' : word

function questionOf({ qname, qtype, qclass }: Query): Readonly<Record<string, unknown>> {
  return { Name: nameToText(qname), Qtype: qtype, Qclass: qclass }
}

/** The query as the reference's library shows messages. */
function messageOf(query: Query): Readonly<Record<string, unknown>> {
  const flag = (mask: number) => (query.flags & mask) !== 0
  const { answer, authority, additional } = query.message
  return {
    Id: query.id,
    Response: flag(FLAG.QR),
    Opcode: opcodeOf(query.flags),
    Authoritative: flag(FLAG.AA),
    Truncated: flag(FLAG.TC),
    RecursionDesired: flag(FLAG.RD),
    RecursionAvailable: flag(FLAG.RA),
    Zero: flag(0x40),
    AuthenticatedData: flag(FLAG.AD),
    CheckingDisabled: flag(FLAG.CD),
    Rcode: query.flags & 15,
    Compress: false,
    Question: [questionOf(query)],
    Answer: answer.map(recordOf),
    Ns: authority.map(recordOf),
    Extra: additional.map(recordOf),
  }
}

function recordOf(rr: Rr): Readonly<Record<string, unknown>> {
  const header = {
    Name: nameToText(rr.owner),
    Rrtype: rr.type,
    Class: rr.class,
    Ttl: rr.ttl,
    Rdlength: rr.rdata.length,
  }
  return { Hdr: header, Header: () => header, String: () => rrToText(rr) }
}
