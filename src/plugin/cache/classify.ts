import { OPCODE, RCODE, TYPE } from '../../wire/codes.ts'
import { DNSSEC_OK } from '../../wire/edns.ts'
import { FLAG, opcodeOf } from '../../wire/header.ts'
import { fold, type Name } from '../../wire/name.ts'
import { type Rr, readU32 } from '../../wire/record.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** What a reply says, as far as keeping it goes (RFC 2308). */
export type Class =
  | 'answer'
  | 'nxdomain'
  | 'nodata'
  | 'delegation'
  /** SERVFAIL and NOTIMP. */
  | 'failure'
  /** Transfers and NOTIFY, UPDATE, other errors, expired signatures: never kept. */
  | 'other'

const ANY_CLASS = 255

/**
 * @param wallClock milliseconds since 1970, for signatures
 */
export function classify(reply: Reply, wallClock: number): Class {
  const { rcode, answer, authority, flags, question } = reply
  const opcode = opcodeOf(flags)
  if (opcode === OPCODE.UPDATE || opcode === OPCODE.NOTIFY) return 'other'
  if (question?.qtype === TYPE.AXFR || question?.qtype === TYPE.IXFR) return 'other'
  if (hasExpiredSignature(reply, wallClock)) return 'other'
  if (answer.length > 0) return ofAnswer(reply)
  if (rcode === RCODE.NOERROR && hasSoa(reply)) return 'nodata'
  if (rcode === RCODE.NXDOMAIN) return 'nxdomain'
  if (rcode === RCODE.SERVFAIL || rcode === RCODE.NOTIMP) return 'failure'
  if (rcode !== RCODE.NOERROR) return 'other'
  return authority.some((rr) => rr.type === TYPE.NS) ? 'delegation' : 'answer'
}

/** A chain of CNAMEs that leads to nothing, with an SOA, is a NODATA (RFC 2308 §2.2). */
function ofAnswer(reply: Reply): Class {
  if (reply.rcode === RCODE.NOERROR) {
    return hasSoa(reply) && !answersQuestion(reply) ? 'nodata' : 'answer'
  }
  const failure = reply.rcode === RCODE.SERVFAIL || reply.rcode === RCODE.NOTIMP
  return failure ? 'failure' : 'other'
}

/** Whether a reply of this class may be kept: not a truncated one, and no denial without an SOA to tell for how long (RFC 2308 §5). */
export function isKeepable(reply: Reply, kind: Class): boolean {
  if ((reply.flags & FLAG.TC) !== 0 || kind === 'other' || reply.stream !== undefined) return false
  if (kind === 'nxdomain') return hasSoa(reply)
  if (kind !== 'answer' || reply.answer.length === 0) return true
  return hasSoa(reply) || answersQuestion(reply)
}

/** Whether the reply is to this very question: anything else is never kept (RFC 5452). */
export function isReplyTo(query: Query, { flags, question }: Reply): boolean {
  return (
    (flags & FLAG.QR) !== 0 &&
    question !== undefined &&
    question.qtype === query.qtype &&
    question.qclass === query.qclass &&
    (question.qname === query.qname || fold(question.qname) === query.folded)
  )
}

/** Whether NOERROR comes with the type asked for at the end of the CNAME chain that begins at the name asked for. */
export function answersQuestion({ rcode, question, answer }: Reply): boolean {
  if (rcode !== RCODE.NOERROR || question === undefined || answer.length === 0) return false
  const { qtype, qclass } = question
  const qname = fold(question.qname)
  const has = (owner: Name, type: number | undefined) =>
    answer.some(
      (rr) =>
        (type === undefined || rr.type === type) && inClass(rr, qclass) && fold(rr.owner) === owner,
    )
  if (qtype === TYPE.ANY) return has(qname, undefined)
  if (qtype === TYPE.CNAME) return typeof aliasOf(answer, qname, qclass) === 'string'
  const end = endOfChain(answer, qname, qclass)
  return end !== undefined && has(end, qtype)
}

/** Undefined where the chain has two ways to go (RFC 2181 §10.1) or no end. */
function endOfChain(answer: readonly Rr[], qname: Name, qclass: number): Name | undefined {
  const visited = new Set<Name>()
  for (let owner = qname; ; ) {
    if (visited.has(owner)) return undefined
    visited.add(owner)
    const target = aliasOf(answer, owner, qclass)
    if (target === undefined) return owner
    if (target === 'ambiguous') return undefined
    owner = target
  }
}

function aliasOf(
  answer: readonly Rr[],
  owner: Name,
  qclass: number,
): Name | 'ambiguous' | undefined {
  let target: Name | undefined
  for (const rr of answer) {
    if (rr.type !== TYPE.CNAME || !inClass(rr, qclass) || fold(rr.owner) !== owner) continue
    const to = fold(rr.rdata) as string as Name
    if (target !== undefined && target !== to) return 'ambiguous'
    target = to
  }
  return target
}

function inClass(rr: Rr, qclass: number): boolean {
  return qclass === ANY_CLASS || rr.class === qclass
}

function hasSoa({ authority }: Reply): boolean {
  return authority.some((rr) => rr.type === TYPE.SOA)
}

/** Only where the reply's own OPT says that DNSSEC counts. */
function hasExpiredSignature(reply: Reply, wallClock: number): boolean {
  if (reply.opt === undefined || (reply.opt.flags & DNSSEC_OK) === 0) return false
  const seconds = Math.floor(wallClock / 1000)
  const isExpired = (rr: Rr) => rr.type === TYPE.RRSIG && !isValidAt(rr, seconds)
  return (
    reply.answer.some(isExpired) ||
    reply.authority.some(isExpired) ||
    reply.additional.some(isExpired)
  )
}

const HALF_RANGE = 2 ** 31

/** RFC 4034 §3.1.5: times in serial number arithmetic. */
function isValidAt({ rdata }: Rr, seconds: number): boolean {
  if (rdata.length < 18) return true
  const near = (time: number) => time + Math.trunc((time - seconds) / HALF_RANGE) * HALF_RANGE
  return near(readU32(rdata, 12)) <= seconds && seconds <= near(readU32(rdata, 8))
}
