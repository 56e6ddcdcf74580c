import type { Query } from '../plugin/query.ts'
import type { Reply } from '../plugin/reply.ts'
import { OPTION } from '../wire/codes.ts'
import { extendedError, type Opt, type Option } from '../wire/edns.ts'
import { type Content, MAX_UDP_OCTETS, uncompressedOctets, type Writer } from '../wire/writer.ts'

/** Option codes that a reply echoes when the client sent them. */
const ECHOED: ReadonlySet<number> = new Set([
  OPTION.NSID,
  OPTION.EXPIRE,
  OPTION.COOKIE,
  OPTION.TCP_KEEPALIVE,
  OPTION.PADDING,
])

/** DO and the upper seven Z bits go back as they came, the lower eight as zero: what the reference sends. */
const ECHOED_FLAGS = 0xff00

/**
 * The reply as a message for this client: rcode in the flags and in OPT, the client's OPT answered (RFC 6891 §6.1.1), whole records up to
 * the client's size. Undefined when it cannot be said: an rcode above 15 without OPT.
 *
 * @returns octets in the writer's buffer, valid until it writes again
 */
export function finish(
  query: Query,
  reply: Reply,
  opt: Opt | undefined,
  writer: Writer,
): Buffer | undefined {
  if (reply.rcode > 15 && opt === undefined) return undefined
  return writer.write(contentOf(query, reply, opt), limitOf(query, reply))
}

/** What {@link finish} writes. A reply that is only an rcode goes back with the question as the client asked it. */
export function contentOf(query: Query, reply: Reply, opt: Opt | undefined): Content {
  return {
    id: query.id,
    flags: reply.flags | (reply.rcode & 0xf),
    question: reply.kind === 'rcode' ? (reply.askedAs ?? query.question) : reply.question,
    answer: reply.answer,
    authority: reply.authority,
    additional: reply.additional,
    opt,
  }
}

/** Octets that the reply may have, by the client's OPT as plugins left it; no more than a datagram holds. */
export function limitOf(query: Query, reply: Reply): number {
  const { askedWith } = reply
  const { sizeLimit } = askedWith === undefined ? query : query.with(askedWith)
  return query.exchange.transport === 'udp' ? Math.min(sizeLimit, MAX_UDP_OCTETS) : sizeLimit
}

/** The OPT record of the reply; undefined for none. */
export function optOf(query: Query, reply: Reply): Opt | undefined {
  const asked = reply.askedWith === undefined ? query.opt : reply.askedWith.opt
  const extendedRcode = reply.rcode >> 4
  const own = reply.opt
  if (asked === undefined) return own === undefined ? undefined : { ...own, extendedRcode }
  const { udpSize } = asked
  const flags =
    own === undefined
      ? asked.flags & ECHOED_FLAGS
      : (own.flags & ECHOED_FLAGS) | (asked.flags & 0x8000)
  const options =
    own === undefined ? echoed(asked.options, query.exchange.listener.echoes) : own.options
  return { udpSize, extendedRcode, version: 0, flags, options: withError(options, reply) }
}

/** What an upstream or a plugin said of an error comes before what this server makes of it. */
function withError(options: readonly Option[], { extendedError: why }: Reply): readonly Option[] {
  if (why === undefined || options.some(({ code }) => code === OPTION.EXTENDED_ERROR))
    return options
  return [...options, extendedError(why.code, why.text)]
}

function echoed(
  options: readonly Option[],
  more: ReadonlySet<number> | undefined,
): readonly Option[] {
  if (options.length === 0) return options
  return options.filter(({ code }) => ECHOED.has(code) || more?.has(code) === true)
}

/** The reply cut to what the client's size lets through, for plugins that look up and take over its records. */
export function fit(query: Query, reply: Reply, writer: Writer): Reply {
  const opt = optOf(query, reply)
  const content = contentOf(query, reply, opt)
  const limit = limitOf(query, reply)
  if (uncompressedOctets(content) <= limit) return reply
  writer.write(content, limit)
  if (!writer.truncated) return reply
  const [answers, authorities, additionals] = writer.counts
  return {
    ...reply,
    flags: reply.flags | 0x0200,
    answer: reply.answer.slice(0, answers),
    authority: reply.authority.slice(0, authorities),
    additional: reply.additional.slice(0, additionals),
  }
}
