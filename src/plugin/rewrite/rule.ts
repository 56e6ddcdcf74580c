import type { Draft } from './draft.ts'
import type { Share } from './matcher.ts'
import type { ReplyRule } from './reply-rules.ts'

/** A line of the Corefile. */
export interface Rule {
  /** Whether no rule behind it is looked at once it has been applied. */
  readonly stops: boolean

  /** Changes the query; what is to be done to its reply. Undefined: the rule is not for this query (it may have given it an OPT record all the same). */
  apply(draft: Draft): readonly ReplyRule[] | undefined

  /**
   * What it does to denials of names at or below a branch (lower case, text), for queries of this type: nothing (`none`), the same to each (`all`), or it cannot
   * be told.
   */
  shareOf(branch: string, qtype: number): Share
}

/** Nothing is to be done to the reply. */
export const NO_REPLY_RULES: readonly ReplyRule[] = []
