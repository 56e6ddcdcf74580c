import type { Opt, Option } from '../../wire/edns.ts'
import { fold, type Name, nameFromText, nameToText } from '../../wire/name.ts'
import type { Question } from '../../wire/reader.ts'
import type { Octets } from '../../wire/record.ts'
import type { Query } from '../query.ts'

/** A query while rules are applied to it, one after the other. */
export class Draft {
  /** As it came to the plugin. */
  readonly query: Query
  qtype: number
  qclass: number
  opt: Opt | undefined
  /** Whether a rule changed the name, if only its spelling. */
  renamed = false
  /** Whether what became of it depends on more than the question: the client, options, metadata. */
  personal = false
  /** Options of its OPT record that rules put there. */
  readonly ownOptions = new Set<Option>()

  private name: Name | undefined
  private raw: string | undefined
  private lower: string | undefined

  constructor(query: Query) {
    this.query = query
    this.name = query.qname
    this.qtype = query.qtype
    this.qclass = query.qclass
    this.opt = query.opt
  }

  /** The name as it stands now; undefined when it is none. */
  get qname(): Name | undefined {
    return this.name
  }

  /** The name as it is spelled now; as a rule wrote it where one did. */
  get spelled(): string {
    this.raw ??= this.name === undefined ? '' : nameToText(this.name)
    return this.raw
  }

  /** The name as rules compare it: in lower case, with its final dot. */
  get text(): string {
    this.lower ??= this.name === undefined ? this.spelled : nameToText(fold(this.name))
    return this.lower
  }

  rename(text: string): void {
    this.renamed = true
    this.raw = text
    this.lower = undefined
    this.name = nameFromText(text)
  }

  /** An option for its OPT record. */
  option(code: number, data: Octets, isOwn: boolean): Option {
    const option = { code, data }
    if (isOwn) this.ownOptions.add(option)
    return option
  }

  /** The question as it stands now; the very one that came when no rule changed it. */
  get question(): Question {
    const { query, qtype, qclass } = this
    if (!this.renamed && qtype === query.qtype && qclass === query.qclass) return query.question
    return { qname: this.name ?? query.qname, qtype, qclass }
  }

  /** The query for those behind. */
  rewritten(): Query {
    const { query, question, opt } = this
    if (question === query.question && opt === query.opt) return query
    return query.with({ question, opt })
  }
}
