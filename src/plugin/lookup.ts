import { CLASS, RCODE } from '../wire/codes.ts'
import type { Name } from '../wire/name.ts'
import { whenDone } from './plugin.ts'
import { Query } from './query.ts'
import { type Count, giveUp, type Observer, type Reply } from './reply.ts'

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
    },
    query.message,
  )
  if (exchange.depth >= MAX_LOOKUP_DEPTH) {
    return giveUp(asked, 'lookup', RCODE.SERVFAIL, 'maximum depth of lookups exceeded')
  }
  return whenDone(exchange.listener.resolve(asked), (reply) => owing(asked, reply))
}

/** The reply with its counters and observers where whatever is made of it takes them along: in its lifetime. */
function owing(asked: Query, reply: Reply): Reply {
  const { lifetime } = reply
  const bare = { ...reply, counts: [], observers: [] }
  if (!lifetime.repeatable) return bare
  const counts = reply.counts.map((count) => countOf(asked, count))
  const observers = reply.observers.map((observer) => observerOf(asked, observer))
  return {
    ...bare,
    lifetime: { ...lifetime, lookups: [...(lifetime.lookups ?? []), { counts, observers }] },
  }
}

/** A repetition's query is the client's; the lookup asks for its own name. */
function countOf({ qname }: Query, count: Count): Count {
  return {
    inc: (times, repeats) => {
      const nameOctets = times * qname.length
      const queryOctets = repeats.queryOctets - repeats.nameOctets + nameOctets
      count.inc(times, { ...repeats, nameOctets, queryOctets })
    },
  }
}

function observerOf({ question, zone, view }: Query, observer: Observer): Observer {
  return (client, seconds) => {
    const asked = client.with({ question })
    asked.zone = zone
    asked.view = view
    observer(asked, seconds)
  }
}
