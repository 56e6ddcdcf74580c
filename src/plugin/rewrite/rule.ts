import type { Opt } from '../../wire/edns.ts'
import type { Name } from '../../wire/name.ts'
import type { Question } from '../../wire/reader.ts'
import type { Rr } from '../../wire/record.ts'
import type { Lifetime } from '../lifetime.ts'
import type { Query } from '../query.ts'

/** What rules make of a query, one after the other. */
export interface Rewriting {
  readonly query: Query
  question: Question
  opt: Opt | undefined
  /** The name that a rule made and that is none. */
  badName: string | undefined
  /** Whether a rule looked at more than the question. */
  personal: boolean
}

/** A rule of the Corefile. */
export interface Rule {
  readonly stops: boolean
  /** Changes the query; undefined when the rule does not concern it, else what is to be done to the reply. */
  apply(rewriting: Rewriting): readonly ResponseRule[] | undefined
  /** Whether the rule does nothing to any name at or below the branch, nor to the reply. */
  clearOf(branch: Name, qtype: number): boolean
}

/** A reply while it is put back. */
export interface Reverting {
  rcode: number
  flags: number
  answer: readonly Rr[]
  /** The client's OPT as it will be echoed. */
  opt: Opt | undefined
  /** The reply's own OPT. */
  ownOpt: Opt | undefined
  lifetime: Lifetime
}

/** What is done to a reply; rules run in the reverse order of those that made them. */
export interface ResponseRule {
  /** Changes a record. */
  record?(rr: Rr): Rr
  /** Changes the message, once for each record, or once where there is none. */
  message?(reply: Reverting): void
  /** Puts the query's OPT back. */
  opt?(opt: Opt): Opt
  /** Changes the answer by asking the server itself; called for each CNAME. */
  alias?(cname: Rr, reply: Reverting): Promise<void>
}
