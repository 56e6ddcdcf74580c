import type { Rr } from '../../wire/record.ts'
import type { Reply } from '../reply.ts'
import type { Class } from './classify.ts'
import type { Options } from './options.ts'

/** Seconds for replies that say nothing themselves. */
export const FALLBACK_TTL = 5

/** Seconds that a reply may be kept for, and that its records get whether it is kept or not: within the bounds of its kind; may have a fraction. */
export function keptTtl(reply: Reply, kind: Class, options: Options): number {
  if (kind === 'failure') return options.failureTtl
  const bounds = kind === 'nxdomain' || kind === 'nodata' ? options.denial : options.success
  const { minTtl, maxTtl } = bounds
  return Math.min(Math.max(lowestTtl(reply, kind, maxTtl), minTtl), maxTtl)
}

/** The lowest TTL of a reply's records, `most` at most; for replies without records, and for what is neither answer nor denial, {@link FALLBACK_TTL}. */
function lowestTtl(reply: Reply, kind: Class, most: number): number {
  const { answer, authority, additional } = reply
  if (kind !== 'answer' && kind !== 'nxdomain' && kind !== 'nodata') return FALLBACK_TTL
  if (answer.length + authority.length + additional.length === 0) return FALLBACK_TTL
  let lowest = most
  for (const section of [answer, authority, additional]) {
    for (const rr of section) if (rr.ttl < lowest) lowest = rr.ttl
  }
  return lowest
}

/** The reply with this TTL in all its records, those of a transfer included. */
export function withTtl(reply: Reply, ttl: number): Reply {
  const answer = setTtl(reply.answer, ttl)
  const authority = setTtl(reply.authority, ttl)
  const additional = setTtl(reply.additional, ttl)
  const { stream } = reply
  if (
    stream === undefined &&
    answer === reply.answer &&
    authority === reply.authority &&
    additional === reply.additional
  ) {
    return reply
  }
  return { ...reply, answer, authority, additional, stream: stream && retimed(stream, ttl) }
}

async function* retimed(
  batches: AsyncIterable<readonly Rr[]>,
  ttl: number,
): AsyncGenerator<readonly Rr[]> {
  for await (const batch of batches) yield setTtl(batch, ttl)
}

/** The records as kept ones, whose TTLs count down. */
export function aging(records: readonly Rr[]): readonly Rr[] {
  return records.every((rr) => rr.ages) ? records : records.map((rr) => ({ ...rr, ages: true }))
}

/** The same records where they have this TTL already. */
export function setTtl(records: readonly Rr[], ttl: number): readonly Rr[] {
  return records.every((rr) => rr.ttl === ttl) ? records : records.map((rr) => ({ ...rr, ttl }))
}
