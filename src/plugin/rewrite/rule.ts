import type { Draft } from './draft.ts'
import type { Share } from './matcher.ts'
import type { ReplyRule } from './reply-rules.ts'

/** A rule of the Corefile. */
export interface Rule {
  /** Whether no rule behind it is asked once it met a query. */
  readonly stops: boolean
  /** Changes the query; undefined when the rule does not meet it, else what is to be done to the reply. */
  apply(draft: Draft): readonly ReplyRule[] | undefined
  /** Of the names at or below a branch, as text in lower case, which the rule meets in queries of a type. */
  shareOf(branch: string, qtype: number): Share
}

export const NO_REPLY_RULES: readonly ReplyRule[] = []
