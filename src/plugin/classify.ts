import { OPCODE, RCODE, TYPE } from '../wire/codes.ts'
import { DNSSEC_OK } from '../wire/edns.ts'
import { opcodeOf } from '../wire/header.ts'
import { type Rr, readU32 } from '../wire/record.ts'
import type { Reply } from './reply.ts'

/** What kind of message a reply is, in the reference's words. */
export type ReplyType =
  | 'NOERROR'
  | 'NXDOMAIN'
  | 'SERVERERROR'
  | 'NODATA'
  | 'DELEGATION'
  | 'META'
  | 'UPDATE'
  | 'OTHERERROR'

/** The coarser sorting of {@link ReplyType}. */
export type ReplyClass = 'success' | 'denial' | 'error'

/**
 * Sorts a reply by its opcode, rcode and sections. With DO in its OPT record, a signature outside its validity period makes it an OTHERERROR.
 *
 * @param now seconds since 1970
 */
export function typeOf(reply: Reply, now: number): ReplyType {
  const opcode = opcodeOf(reply.flags)
  if (opcode === OPCODE.UPDATE) return 'UPDATE'
  if (opcode === OPCODE.NOTIFY) return 'META'
  const qtype = reply.question?.qtype
  if (qtype === TYPE.AXFR || qtype === TYPE.IXFR) return 'META'
  if (hasExpiredSignature(reply, now)) return 'OTHERERROR'
  if (reply.answer.length > 0 && reply.rcode === RCODE.NOERROR) return 'NOERROR'
  if (reply.answer.length > 0 && reply.rcode === RCODE.NXDOMAIN) return 'OTHERERROR'
  return typeWithoutAnswer(reply)
}

function typeWithoutAnswer({ rcode, authority }: Reply): ReplyType {
  if (rcode === RCODE.NOERROR) {
    if (authority.some((rr) => rr.type === TYPE.SOA)) return 'NODATA'
    return authority.some((rr) => rr.type === TYPE.NS) ? 'DELEGATION' : 'NOERROR'
  }
  if (rcode === RCODE.NXDOMAIN) return 'NXDOMAIN'
  return rcode === RCODE.SERVFAIL || rcode === RCODE.NOTIMP ? 'SERVERERROR' : 'OTHERERROR'
}

/** Success takes in delegations, denial NXDOMAIN and NODATA, error the rest. */
export function classOf(type: ReplyType): ReplyClass {
  if (type === 'NOERROR' || type === 'DELEGATION') return 'success'
  return type === 'NXDOMAIN' || type === 'NODATA' ? 'denial' : 'error'
}

function hasExpiredSignature({ opt, answer, authority, additional }: Reply, now: number): boolean {
  if (opt === undefined || (opt.flags & DNSSEC_OK) === 0) return false
  return [answer, authority, additional].some((section) => section.some((rr) => isExpired(rr, now)))
}

/** RFC 4034 §3.1.5: expiration and inception are compared in serial number arithmetic (RFC 1982). */
function isExpired(rr: Rr, now: number): boolean {
  if (rr.type !== TYPE.RRSIG || rr.rdata.length < 18) return false
  const expiration = readU32(rr.rdata, 8)
  const inception = readU32(rr.rdata, 12)
  return ((now - inception) | 0) < 0 || ((expiration - now) | 0) < 0
}
