import { optOctets } from '../wire/edns.ts'
import { HEADER_OCTETS } from '../wire/header.ts'
import type { Rr } from '../wire/record.ts'
import { uncompressedOctets } from '../wire/writer.ts'
import type { Query } from './query.ts'
import type { Reply } from './reply.ts'

/** Octets of the query with no name compressed: what logs and metrics count. */
export function queryOctets(query: Query): number {
  const { message } = query
  if (message.answer.length + message.authority.length + message.additional.length > 0) {
    return uncompressedOctets({ ...message, question: query.question, opt: query.opt })
  }
  const opt = query.opt === undefined ? 0 : optOctets(query.opt)
  return HEADER_OCTETS + query.qname.length + 4 + opt
}

/**
 * Octets of the reply as plugins made it: no name compressed, before truncation and before the core answers the client's OPT. What nobody wrote has none.
 */
export function replyOctets(reply: Reply): number {
  return reply.kind === 'message' ? uncompressedOctets(reply) : 0
}

/**
 * Does something once a reply is all there: at once for a message, at the end of its stream for a zone transfer.
 *
 * @param done gets the octets of all messages
 */
export function whenWritten(reply: Reply, done: (octets: number) => void): Reply {
  if (reply.stream === undefined) {
    done(replyOctets(reply))
    return reply
  }
  return { ...reply, stream: measured(reply, reply.stream, done) }
}

async function* measured(
  reply: Reply,
  stream: AsyncIterable<readonly Rr[]>,
  done: (octets: number) => void,
): AsyncIterable<readonly Rr[]> {
  let octets = 0
  try {
    for await (const answer of stream) {
      octets += uncompressedOctets({ ...reply, answer })
      yield answer
    }
  } finally {
    done(octets)
  }
}
