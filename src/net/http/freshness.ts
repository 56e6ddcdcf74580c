import { RCODE, TYPE } from '../../wire/codes.ts'
import { type Message, readMessage } from '../../wire/reader.ts'

/** Seconds for replies that say nothing of how long they last: errors, referrals, those without a record. */
const DEFAULT_SECONDS = 5
const MAX_SECONDS = 3600

/** For how many seconds an HTTP cache may keep a reply: the smallest TTL in it (RFC 8484 §5.1). */
export function freshness(message: Buffer): number {
  const read = readMessage(message)
  const records = [...read.answer, ...read.authority, ...read.additional]
  if (records.length === 0 || !tellsTtl(read)) return DEFAULT_SECONDS
  return records.reduce((least, { ttl }) => Math.min(least, ttl), MAX_SECONDS)
}

function tellsTtl({ flags, answer, authority }: Message): boolean {
  const rcode = flags & 0xf
  const soa = authority.some((rr) => rr.type === TYPE.SOA)
  if (rcode === RCODE.NXDOMAIN) return soa
  return rcode === RCODE.NOERROR && (answer.length > 0 || soa)
}
