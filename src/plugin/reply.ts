import { OPCODE, RCODE } from '../wire/codes.ts'
import type { Opt } from '../wire/edns.ts'
import { FLAG, opcodeOf } from '../wire/header.ts'
import type { Question } from '../wire/reader.ts'
import type { Rr } from '../wire/record.ts'
import { type Lifetime, ONCE } from './lifetime.ts'
import type { Query } from './query.ts'
import type { Why } from './why.ts'

/** What a plugin answers. Immutable: a plugin that changes one on its way back makes another by spreading it. */
export interface Reply {
  /** QR, opcode, AA, TC, RD, RA, Z, AD, CD: the flag bits without the rcode. */
  readonly flags: number
  /** Twelve bits: the upper eight go into OPT (RFC 6891 §6.1.3). */
  readonly rcode: number
  /** The question given back; undefined for none. */
  readonly question: Question | undefined
  readonly answer: readonly Rr[]
  readonly authority: readonly Rr[]
  readonly additional: readonly Rr[]
  /** An OPT record of the plugin's own (an upstream's, or one with EDE). Without it the core answers the client's OPT by itself. */
  readonly opt: Opt | undefined
  /** The client's OPT as a plugin in front changed it (bufsize, rewrite edns0): the core sizes the reply by it and echoes it. Undefined: as it came. */
  readonly askedWith: { readonly opt: Opt | undefined } | undefined
  /**
   * The question that plugins in front made of the client's (rewrite): what an rcode alone goes back with unless they restore it, and what the reference's logs
   * and metrics show. Without it: as it came.
   */
  readonly askedAs?: Question | undefined
  /**
   * `message`: a plugin wrote it, and those in front may change it, count it, cache it. `rcode`: a plugin gave up with an rcode, and the core makes the
   * empty message for it; nothing in front changes or caches that. `silence`: nothing is sent.
   */
  readonly kind: 'message' | 'rcode' | 'silence'
  /** Why the plugin gave up, for the log of plugin errors: `plugin/forward: no next plugin found`. */
  readonly error: string | undefined
  /** Name of the plugin that made it: the label `plugin` of the metrics. */
  readonly by: string
  /** For how long it may be repeated. */
  readonly lifetime: Lifetime
  /**
   * Whether every name in the reply that ends as the qname does ends in the client's spelling: then the reply to another spelling differs in nothing else.
   */
  readonly echoesSpelling: boolean
  /** A denial that holds for a whole branch (RFC 8020): how many labels of the qname, counted from the right, name the branch; 0 for none. */
  readonly deniedBelow: number
  /**
   * Name of the live number ({@link LiveSerials}) that the SOA serials in the reply show: whoever repeats the reply puts its present value there, and a change
   * of it ends no lifetime. Undefined: the serials are what they are.
   */
  readonly liveSerial: string | undefined
  /** Counters that repetitions add to, as the chain would have. */
  readonly counts: readonly Count[]
  /** Who wants to see each repetition by itself (plugin log). */
  readonly observers: readonly Observer[]
  /** Whether the addresses stand in a chance order (plugin loadbalance), so that each repetition puts them in another. */
  readonly rotates: boolean
  /** The messages of a zone transfer behind this one, each a list of answers (RFC 5936 §2.2). */
  readonly stream: AsyncIterable<readonly Rr[]> | undefined
  /** Why it is not what the client hoped for; clients are told only by {@link extendedError}. Whoever changes what the reply says leaves it out. */
  readonly why?: (() => Why) | undefined
  /** An Extended DNS Error (RFC 8914) that the core puts into the OPT record, for a client that sent one (plugin explain). */
  readonly extendedError?: Why | undefined
  /** Signs a finished message of this reply (RFC 8945 §5.3); `index` counts the messages of a stream from 0. */
  readonly sign: ((message: Buffer, index: number) => Buffer) | undefined
}

/** SOA serials that change without a reply's end. */
export interface LiveSerials {
  /** Notes the present value of a serial. */
  set(name: string, serial: number): void
}

/** A counter that a reply's repetitions add to; a plain counter takes the number and leaves the rest. */
export interface Count {
  inc(times: number, repeats: Repeats): void
}

/** Repetitions of one reply, told together: all by the same transport and address family. */
export interface Repeats {
  readonly times: number
  readonly proto: 'udp' | 'tcp'
  readonly family: 1 | 2
  /** Octets of the queries, of all together. */
  readonly queryOctets: number
  /** Octets of the names that they asked for, of all together: a branch's denial answers names of any length. */
  readonly nameOctets: number
  /** What they took, all together. */
  readonly seconds: number
}

/** Sees a repetition: the query, as the chain would have got it, and what it took. */
export type Observer = (query: Query, seconds: number) => void

const NONE: readonly never[] = []

/**
 * The empty reply to a query: opcode, and for QUERY the bits RD and CD copied, NOERROR. Flags such as AA are the plugin's to add.
 */
export function replyTo(query: Query, by: string, change: Partial<Reply> = NO_CHANGE): Reply {
  // Field by field, and always all of them: a spread of the changes costs as much as the rest of a small answer.
  return {
    flags: change.flags ?? copiedFlags(query),
    rcode: change.rcode ?? RCODE.NOERROR,
    question: 'question' in change ? change.question : query.question,
    answer: change.answer ?? NONE,
    authority: change.authority ?? NONE,
    additional: change.additional ?? NONE,
    opt: change.opt,
    askedWith: change.askedWith,
    askedAs: change.askedAs,
    kind: change.kind ?? 'message',
    error: change.error,
    by: change.by ?? by,
    lifetime: change.lifetime ?? ONCE,
    echoesSpelling: change.echoesSpelling ?? false,
    deniedBelow: change.deniedBelow ?? 0,
    liveSerial: change.liveSerial,
    counts: change.counts ?? NONE,
    observers: change.observers ?? NONE,
    rotates: change.rotates ?? false,
    stream: change.stream,
    why: change.why,
    extendedError: change.extendedError,
    sign: change.sign,
  }
}

const NO_CHANGE: Partial<Reply> = {}

function copiedFlags({ flags }: Query): number {
  const opcode = flags & FLAG.OPCODE
  const copied = opcodeOf(flags) === OPCODE.QUERY ? flags & (FLAG.RD | FLAG.CD) : 0
  return FLAG.QR | opcode | copied
}

/** A plugin gives up: the core answers with this rcode and nothing else. `error` is for the operator. */
export function giveUp(query: Query, by: string, rcode: number, error?: string): Reply {
  return replyTo(query, by, { rcode, kind: 'rcode', error })
}

/** Nothing is sent. */
export function silence(query: Query, by: string): Reply {
  return replyTo(query, by, { kind: 'silence' })
}
