import { DNSSEC_OK, type Opt } from '../wire/edns.ts'
import { FLAG } from '../wire/header.ts'
import { fold, type Name } from '../wire/name.ts'
import type { Message, Question } from '../wire/reader.ts'
import { MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS } from '../wire/writer.ts'
import type { Reply } from './reply.ts'

/** How a query came in. */
export type Transport = 'udp' | 'tcp' | 'tls' | 'https' | 'https3' | 'quic' | 'grpc'

/** An address and port; IPv4 dotted, IPv6 in RFC 5952 form, `::ffff:` unmapped, a link-local zone kept (`fe80::1%eth0`). */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** The listener that a query came to, as far as a plugin may see it. */
export interface Listener {
  /** `dns://:53`, `tls://127.0.0.1:853`: the label `server` of the metrics. */
  readonly label: string
  /** Codes of EDNS options that clients get back, beside those that all get. */
  readonly echoes?: ReadonlySet<number>
  /** Answers a query as if it had come in here: routed anew over all blocks of the listener, and fitted to the client's size. */
  resolve(query: Query): Reply | Promise<Reply>
  /** The reply cut to what the client's size lets through, with TC where that is not all. */
  fit(query: Query, reply: Reply): Reply
}

/** What all queries made from one packet have in common. */
export interface Exchange {
  readonly transport: Transport
  readonly client: Endpoint
  readonly local: Endpoint
  readonly listener: Listener
  /** When the packet was taken up, in milliseconds of the monotonic clock. */
  readonly started: number
  /** The packet as it came; undefined for queries that the server made itself. */
  readonly packet: Buffer | undefined
  /** How deep a lookup inside a lookup this is; 0 for a client's query. */
  readonly depth: number
  /** When the query is given up (plugin cancel), in milliseconds of the monotonic clock; Infinity for never. */
  readonly deadline: number
}

/** The fields of a query that plugins change for those behind them. */
export interface QueryFields {
  readonly id: number
  /** The sixteen flag bits as they came. */
  readonly flags: number
  readonly question: Question
  readonly opt: Opt | undefined
  /** The whole message, for plugins that look at its other sections (transfer, tsig). */
  readonly message: Message
}

/**
 * A question on its way through a chain. Immutable but for what the server and plugin metadata note in it on the way; a plugin that rewrites makes another with
 * {@link Query.with}.
 */
export class Query {
  readonly id: number
  readonly flags: number
  readonly qname: Name
  readonly qtype: number
  readonly qclass: number
  readonly opt: Opt | undefined
  readonly question: Question
  readonly message: Message
  readonly exchange: Exchange
  /** The zone of the server block that took the query, in lower case: the label `zone` of the metrics. */
  zone: Name | undefined
  /** The `view` of that block; empty without one. */
  view = ''
  /** False where the choice of the block depended on more than the question (plugin view): no reply to it may be repeated. */
  repeatable = true
  /** What metadata plugins say of this query: label to a function that tells the value. */
  metadata: Map<string, () => string> | undefined

  private foldedName: Name | undefined

  constructor(exchange: Exchange, fields: Omit<QueryFields, 'message'>, message: Message) {
    this.exchange = exchange
    this.id = fields.id
    this.flags = fields.flags
    this.question = fields.question
    this.qname = fields.question.qname
    this.qtype = fields.question.qtype
    this.qclass = fields.question.qclass
    this.opt = fields.opt
    this.message = message
  }

  /** The qname in lower case: what is matched. */
  get folded(): Name {
    this.foldedName ??= fold(this.qname)
    return this.foldedName
  }

  /** DNSSEC OK (RFC 3225). */
  get dnssecOk(): boolean {
    return this.opt !== undefined && (this.opt.flags & DNSSEC_OK) !== 0
  }

  /** Checking disabled (RFC 4035 §3.2.2). */
  get checkingDisabled(): boolean {
    return (this.flags & FLAG.CD) !== 0
  }

  /** `udp` for datagrams, `tcp` for every stream: the label `proto` of logs and metrics. */
  get proto(): 'udp' | 'tcp' {
    return this.exchange.transport === 'udp' ? 'udp' : 'tcp'
  }

  /** Octets that a reply may have: what the client's OPT says, 512 at least, over UDP; 65535 over streams. */
  get sizeLimit(): number {
    if (this.exchange.transport !== 'udp') return MAX_MESSAGE_OCTETS
    return Math.max(this.opt?.udpSize ?? 0, MIN_UDP_OCTETS)
  }

  /** The same query with other fields; what was noted on it goes along. */
  with(
    change: Partial<Pick<QueryFields, 'flags' | 'opt' | 'question' | 'message'>> & {
      readonly exchange?: Exchange
    },
  ): Query {
    const fields = {
      id: this.id,
      flags: change.flags ?? this.flags,
      question: change.question ?? this.question,
      opt: 'opt' in change ? change.opt : this.opt,
    }
    const { exchange = this.exchange, message = this.message } = change
    const query = new Query(exchange, fields, message)
    query.zone = this.zone
    query.view = this.view
    query.repeatable = this.repeatable
    query.metadata = this.metadata
    return query
  }
}
