import { EDE, RCODE } from '../../wire/codes.ts'
import { readExtendedError } from '../../wire/edns.ts'
import type { Reply } from '../reply.ts'
import type { Why } from '../why.ts'
import type { Item } from './item.ts'

/**
 * OPT is between two servers (RFC 6891 §6.2.1): the client gets one of this server's own. What a server behind said of an error in it is kept for clients of
 * this one.
 */
export function withoutOpt(reply: Reply): Reply {
  if (reply.opt === undefined) return reply
  const told = reply.why === undefined ? readExtendedError(reply.opt) : undefined
  return { ...reply, opt: undefined, why: told === undefined ? reply.why : () => told }
}

/** Why an item that is not over is no answer: what it was told with, or for a failure that it is kept (RFC 8914 §4.14). */
export function whyKept({ why, rcode }: Item): Pick<Reply, 'why'> {
  if (why !== undefined) return { why }
  return rcode === RCODE.SERVFAIL ? { why: () => KEPT_FAILURE } : {}
}

const KEPT_FAILURE: Why = { code: EDE.CACHED_ERROR, text: 'a failure, kept by the cache' }

/** What clients are told of an answer that is over (RFC 8914 §4.4, §4.20). */
export function whyStale({ rcode }: Item): Why {
  const code = rcode === RCODE.NXDOMAIN ? EDE.STALE_NXDOMAIN : EDE.STALE_ANSWER
  return { code, text: 'kept by the cache beyond its TTL' }
}
