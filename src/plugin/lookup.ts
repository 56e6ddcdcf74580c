import { CLASS, RCODE } from '../wire/codes.ts'
import type { Name } from '../wire/name.ts'
import { Query } from './query.ts'
import { giveUp, type Reply } from './reply.ts'

/** Lookups inside lookups (an ExternalName that leads to a template that leads to …) before the server gives up. */
export const MAX_LOOKUP_DEPTH = 8

/**
 * Asks the server itself: a query for another name and type, routed anew over all blocks of the listener that `query` came to, with the client's
 * flags, OPT and addresses. SERVFAIL at {@link MAX_LOOKUP_DEPTH}.
 */
export function lookup(query: Query, qname: Name, qtype: number): Reply | Promise<Reply> {
  const { exchange } = query
  const asked = new Query(
    { ...exchange, packet: undefined, depth: exchange.depth + 1 },
    {
      id: query.id,
      flags: query.flags,
      question: { qname, qtype, qclass: CLASS.IN },
      opt: query.opt,
      message: query.message,
    },
  )
  if (exchange.depth >= MAX_LOOKUP_DEPTH) {
    return giveUp(asked, 'lookup', RCODE.SERVFAIL, 'maximum depth of lookups exceeded')
  }
  return exchange.listener.resolve(asked)
}
