import type { Option } from '../../wire/edns.ts'
import type { ReplyDraft } from './reply-draft.ts'
import { type Cell, targetOf, withTarget } from './reply-draft.ts'

/** What a rule does to the reply on its way back. */
export interface ReplyRule {
  /** Is called for each record of the authority, answer and additional sections, in that order. */
  apply(reply: ReplyDraft, record: Cell): void | Promise<void>
  /** Is called for a reply without any record, too. */
  readonly ofMessage?: boolean
  /** Undoes what the rule did to the options of the query: the reply's OPT record is made of them. */
  revert?(options: readonly Option[]): readonly Option[]
}

/** Maps a name to another, both as text; the same text where it does not mean that name. */
export type Rename = (text: string) => string

/** Owners of all records. */
export function renameOwners(rename: Rename): ReplyRule {
  return {
    apply: (reply, record) => {
      const owner = reply.renamed(record.owner, rename)
      if (owner !== undefined) record.owner = owner
    },
  }
}

/** The names that records lead to. */
export function renameTargets(rename: Rename): ReplyRule {
  return {
    apply: (reply, record) => {
      const target = targetOf(record)
      const changed = target === undefined ? undefined : reply.renamed(target, rename)
      if (changed !== undefined) record.rdata = withTarget(record, changed)
    },
  }
}

/** TTLs into bounds, in seconds. */
export function boundTtl(min: number, max: number): ReplyRule {
  return {
    apply: (reply, record) => {
      const ttl = record.ttl < min ? min : Math.min(record.ttl, max)
      reply.setTtl(record, ttl, min > 0)
    },
  }
}

/** One rcode in place of another. As in the reference, every record asks anew, so that two such rules can undo each other. */
export function replaceRcode(from: number, to: number): ReplyRule {
  return {
    ofMessage: true,
    apply: (reply) => {
      if (reply.rcode === from) reply.rcode = to
    },
  }
}

/** Takes an option out that a rule put into the query: the first one of this code, once for each record. */
export function dropOption(code: number): ReplyRule {
  return reverting((options) => {
    const at = options.findIndex((option) => option.code === code)
    return at === -1 ? options : options.toSpliced(at, 1)
  })
}

/** Puts an option back that a rule changed in the query. */
export function restoreOption(option: Option): ReplyRule {
  return reverting((options) => {
    const at = options.findIndex(({ code }) => code === option.code)
    return at === -1 ? options : options.with(at, option)
  })
}

function reverting(revert: (options: readonly Option[]) => readonly Option[]): ReplyRule {
  return {
    apply: (reply) => {
      reply.options = revert(reply.options)
    },
    revert,
  }
}
