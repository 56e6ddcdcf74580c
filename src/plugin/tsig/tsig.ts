import { timingSafeEqual } from 'node:crypto'
import type { Logger } from '../../log.ts'
import { OPCODE, RCODE, TYPE, typeToText } from '../../wire/codes.ts'
import { FLAG, HEADER_OCTETS, opcodeOf } from '../../wire/header.ts'
import { fold, isAtOrBelow, type Name } from '../../wire/name.ts'
import type { Octets } from '../../wire/record.ts'
import { ALWAYS, ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo } from '../reply.ts'
import type { Keys } from './keys.ts'
import { appendTsig, macOf, readTsig, type Tsig, u48, withoutTsig } from './record.ts'

/** RFC 8945 §10: the recommended fudge, in seconds. */
const FUDGE_SECONDS = 300
/** Error of a TSIG record whose MAC is wrong (RFC 8945 §3); the number is BADVERS elsewhere. */
const BADSIG = 16

export interface TsigSettings {
  /** Lower case. */
  readonly zones: readonly Name[]
  readonly keys: Keys
  /** Queries that must be signed, by type and by opcode. */
  readonly types: ReadonlySet<number> | 'all'
  readonly opcodes: ReadonlySet<number> | 'all'
}

/** Checks the signatures of queries and signs the replies to them (RFC 8945). */
export class TsigPlugin implements Plugin {
  readonly name = 'tsig'
  readonly keepsLifetimes = true
  private readonly settings: TsigSettings
  private readonly log: Logger
  private readonly wallClock: () => number

  /** @param wallClock milliseconds since 1970 */
  constructor(settings: TsigSettings, log: Logger, wallClock: () => number) {
    this.settings = settings
    this.log = log
    this.wallClock = wallClock
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const last = query.message.additional.at(-1)
    const record = last?.type === TYPE.TSIG ? last : undefined
    const opcode = opcodeOf(query.flags)
    if (record === undefined && !this.isRequired(query.qtype, opcode)) return next(query)
    if (!this.settings.zones.some((zone) => isAtOrBelow(query.folded, zone))) return next(query)
    if (record === undefined) return this.refuse(query)
    const tsig = readTsig(record)
    const packet = query.exchange.packet
    const message =
      tsig === undefined || packet === undefined ? undefined : withoutTsig(packet, tsig.originalId)
    if (tsig === undefined || message === undefined) {
      return replyTo(query, this.name, { rcode: RCODE.FORMERR })
    }
    const error = this.verify(tsig, message)
    if (error !== RCODE.NOERROR) return this.deny(query, tsig, error)
    return whenDone(next(stripped(query)), (reply) => this.signed(query, tsig, reply))
  }

  /** What is repeated is not signed, so it must not be of a type that has to be. */
  clearOf(branch: Name, qtype: number): boolean {
    if (!this.isRequired(qtype, OPCODE.QUERY)) return true
    const { zones } = this.settings
    return zones.every((zone) => !isAtOrBelow(branch, zone) && !isAtOrBelow(zone, branch))
  }

  private isRequired(qtype: number, opcode: number): boolean {
    const { types, opcodes } = this.settings
    return types === 'all' || types.has(qtype) || opcodes === 'all' || opcodes.has(opcode)
  }

  private refuse(query: Query): Reply {
    this.log.debug(`rejecting '${typeToText(query.qtype)}' request without TSIG`)
    return replyTo(query, this.name, { rcode: RCODE.REFUSED, lifetime: ALWAYS })
  }

  /** The error for the record of the reply; NOERROR when all is well. The MAC comes before the time (RFC 8945 §5.2). */
  private verify(tsig: Tsig, message: Buffer): number {
    const secret = this.settings.keys.get(fold(tsig.key))
    if (secret === undefined) return RCODE.BADKEY
    const expected = macOf(tsig, secret, { prior: undefined, message, timersOnly: false })
    if (expected === undefined || !sameOctets(expected, tsig.mac)) return BADSIG
    const difference = Math.abs(this.seconds() - tsig.timeSigned)
    return difference > tsig.fudge ? RCODE.BADTIME : RCODE.NOERROR
  }

  private deny(query: Query, tsig: Tsig, error: number): Reply {
    this.log.debug(`TSIG validation failed: ${typeToText(query.qtype)} error ${error}`)
    const reply = replyTo(stripped(query), this.name, { rcode: RCODE.NOTAUTH })
    return { ...reply, sign: this.signer(query, tsig, error) }
  }

  /** A reply that is only an rcode is signed too, so it becomes a message here. */
  private signed(query: Query, tsig: Tsig, reply: Reply): Reply {
    if (reply.kind === 'silence' || reply.sign !== undefined) return reply
    if (reply.error !== undefined) {
      this.log.error(`request handler returned an error: ${reply.error}`)
    }
    return {
      ...reply,
      kind: 'message',
      question: reply.kind === 'rcode' ? query.question : reply.question,
      error: undefined,
      lifetime: ONCE,
      deniedBelow: 0,
      sign: this.signer(query, tsig, RCODE.NOERROR),
    }
  }

  /** Signs message after message; each is digested with the MAC of the one before (RFC 8945 §5.3.1). */
  private signer(query: Query, asked: Tsig, error: number): NonNullable<Reply['sign']> {
    const limit = query.sizeLimit
    // RFC 8945 §5.3.2: what could not be verified is answered without a MAC.
    const unsigned = error === RCODE.BADKEY || error === BADSIG
    const secret = unsigned ? undefined : this.settings.keys.get(fold(asked.key))
    let prior = asked.mac
    const sign = (message: Buffer, timersOnly: boolean): [Buffer, Octets] => {
      const tsig = this.recordFor(message, asked, error)
      const mac = secret && macOf(tsig, secret, { prior, message, timersOnly })
      return [appendTsig(message, { ...tsig, mac: mac ?? tsig.mac }), mac ?? tsig.mac]
    }
    return (message, index) => {
      let [whole, mac] = sign(message, index > 0)
      if (whole.length > limit) [whole, mac] = sign(truncated(message), index > 0)
      prior = mac
      return whole
    }
  }

  private recordFor(message: Buffer, asked: Tsig, error: number): Tsig {
    const now = this.seconds()
    const badTime = error === RCODE.BADTIME
    return {
      key: asked.key,
      algorithm: asked.algorithm,
      // RFC 8945 §5.2.3: the client's time, so that it can check the MAC; the server's own in the other data.
      timeSigned: badTime ? asked.timeSigned : now,
      fudge: FUDGE_SECONDS,
      mac: '' as Octets,
      originalId: message.readUInt16BE(0),
      error,
      otherData: badTime ? u48(now) : ('' as Octets),
    }
  }

  private seconds(): number {
    return Math.floor(this.wallClock() / 1000)
  }
}

/** The query as those behind see it: without its TSIG record, which is not theirs to pass on. */
function stripped(query: Query): Query {
  const { message, exchange } = query
  const additional = message.additional.slice(0, -1)
  return query.with({
    exchange: { ...exchange, packet: undefined },
    message: { ...message, additional },
  })
}

/** RFC 8945 §5.3: where the record does not fit, header and question only, with TC set and NOERROR. */
function truncated(message: Buffer): Buffer {
  const cut = Buffer.from(message.subarray(0, endOfQuestion(message)))
  cut.writeUInt16BE((cut.readUInt16BE(2) & ~FLAG.RCODE) | FLAG.TC, 2)
  cut.fill(0, 6, HEADER_OCTETS)
  return cut
}

/** The server wrote the message, so its question is not compressed. */
function endOfQuestion(message: Buffer): number {
  if (message.readUInt16BE(4) === 0) return HEADER_OCTETS
  let at = HEADER_OCTETS
  while (message[at] !== 0) at += (message[at] as number) + 1
  return at + 5
}

function sameOctets(a: Octets, b: Octets): boolean {
  const [one, other] = [Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')]
  return one.length === other.length && timingSafeEqual(one, other)
}
