import { DNSSEC_OK, type Opt } from '../../wire/edns.ts'
import type { Rr } from '../../wire/record.ts'
import { ONCE } from '../lifetime.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import type { Draft } from './draft.ts'
import { ReplyDraft } from './reply-draft.ts'
import type { ReplyRule } from './reply-rules.ts'

/** Flags of the client's OPT that an empty reply has as well. */
const ECHOED_FLAGS = 0xff00

/** What happened to the query that a reply comes back to. */
export interface Rewritten {
  readonly draft: Draft
  readonly asked: Query
  /** In the order in which the query met them. */
  readonly rules: readonly ReplyRule[]
}

/**
 * The reply with the question that the client asked, and what the rules make of its records. One that no plugin wrote is written here, so that those in front may
 * change it too.
 */
export function restored(reply: Reply, rewritten: Rewritten): Reply | Promise<Reply> {
  if (reply.kind === 'silence') return reply
  const { draft, asked, rules } = rewritten
  const opt = reverted(draft.opt, rules)
  const noted = { ...withNotes(reply, draft, opt), question: draft.query.question }
  const written: Reply = { ...noted, kind: 'message' }
  if (rules.length === 0) return written
  const unwritten = reply.kind === 'rcode'
  const work = new ReplyDraft(unwritten ? { ...written, opt: emptyOpt(draft.opt) } : written, asked)
  const finish = () =>
    unwritten ? withoutOpt(work.finished(), opt) : withStream(work.finished(), rewritten)
  const waiting = work.apply(rules)
  return waiting instanceof Promise ? waiting.then(finish) : finish()
}

/** The reply as it came: the reference restores a question only for rules that stop or have something to do with the reply. */
export function unrestored(reply: Reply, draft: Draft): Reply {
  const noted = withNotes(reply, draft, draft.opt)
  const isOther = draft.question !== draft.query.question
  return isOther ? { ...noted, lifetime: ONCE } : noted
}

/** What the server and the plugins in front must know of the query that was passed on. */
function withNotes(reply: Reply, draft: Draft, opt: Opt | undefined): Reply {
  const { query, question, renamed, personal } = draft
  const isOther = question !== query.question
  return {
    ...reply,
    ...(isOther && { askedAs: question, deniedBelow: 0 }),
    ...(opt !== query.opt && { askedWith: reply.askedWith ?? { opt } }),
    ...(renamed && { echoesSpelling: false }),
    ...(personal && { lifetime: ONCE, deniedBelow: 0 }),
  }
}

/** The query's OPT record without what rules undo. */
function reverted(opt: Opt | undefined, rules: readonly ReplyRule[]): Opt | undefined {
  let shown = opt
  for (const rule of rules.toReversed()) {
    if (shown !== undefined && rule.revert !== undefined) {
      shown = { ...shown, options: rule.revert(shown.options) }
    }
  }
  return shown
}

/** OPT of a reply that is only an rcode, as rules see it; the core makes it of the query's. */
function emptyOpt(asked: Opt | undefined): Opt | undefined {
  return asked && { ...asked, extendedRcode: 0, version: 0, flags: asked.flags & ECHOED_FLAGS }
}

function withoutOpt(reply: Reply, asked: Opt | undefined): Reply {
  const flags = reply.opt?.flags
  const bare = { ...reply, opt: undefined }
  if (asked === undefined || flags === undefined) return bare
  if (flags === (asked.flags & ECHOED_FLAGS)) return bare
  const shown = { ...asked, flags: (flags & ECHOED_FLAGS) | (asked.flags & DNSSEC_OK) }
  return { ...bare, askedWith: { opt: shown } }
}

function withStream(reply: Reply, rewritten: Rewritten): Reply {
  if (reply.stream === undefined) return reply
  return { ...reply, stream: changed(reply, reply.stream, rewritten) }
}

/** The messages of a transfer, each as a reply of its own; it ends where one cannot be sent. */
async function* changed(
  reply: Reply,
  stream: AsyncIterable<readonly Rr[]>,
  { asked, rules }: Rewritten,
): AsyncIterable<readonly Rr[]> {
  for await (const answer of stream) {
    const work = new ReplyDraft({ ...reply, answer, stream: undefined }, asked)
    await work.apply(rules)
    const message = work.finished()
    if (message.kind === 'silence') return
    yield message.answer
  }
}
