import { RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Lifetime, shortest } from '../lifetime.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo } from '../reply.ts'
import { type Found, find } from './lookup.ts'
import type { Zone } from './zone.ts'

/** How a plugin answers from its zones. */
export interface Manner {
  /** The plugin. */
  readonly by: string
  /** How long the zone stands, read before it was. */
  readonly lifetime: Lifetime
  /** Whether names that the zone does not have go to the next plugin. */
  readonly fallsThrough?: boolean
  /** Whether AA is left out also where an alias of the zone leads to the delegation, as it is behind auto. */
  readonly disownsAliases?: boolean
}

/**
 * What a zone answers; undefined where it does not have the name and that falls through.
 *
 * @param zone undefined while it is not loaded
 */
export function answerFrom(
  zone: Zone | undefined,
  query: Query,
  manner: Manner,
): Reply | undefined | Promise<Reply | undefined> {
  const { by } = manner
  // What is no transfer here is none: plugin transfer would have taken it.
  if (query.qtype === TYPE.AXFR || query.qtype === TYPE.IXFR)
    return giveUp(query, by, RCODE.REFUSED)
  if (zone === undefined) return giveUp(query, by, RCODE.SERVFAIL)
  const found = find(zone, query)
  const reply = (said: Found) => replyOf(said, query, manner)
  return found instanceof Promise ? found.then(reply) : reply(found)
}

function replyOf(found: Found, query: Query, manner: Manner): Reply | undefined {
  const { by, lifetime, fallsThrough, disownsAliases } = manner
  const { result, answer, authority, additional } = found
  const empty = answer.length === 0
  if (fallsThrough && empty && (result === 'nxdomain' || result === 'success')) return undefined
  if (empty && result === 'servfail') return giveUp(query, by, RCODE.SERVFAIL)
  const reply = replyTo(query, by, {
    rcode: RCODES[result],
    answer,
    authority,
    additional,
    lifetime: shortest(lifetime, found.lifetime),
  })
  // A referral is not authoritative, an alias in front of it is.
  return result === 'delegation' && (empty || disownsAliases)
    ? reply
    : { ...reply, flags: reply.flags | FLAG.AA }
}

const RCODES: Readonly<Record<Found['result'], number>> = {
  success: RCODE.NOERROR,
  nodata: RCODE.NOERROR,
  delegation: RCODE.NOERROR,
  nxdomain: RCODE.NXDOMAIN,
  servfail: RCODE.SERVFAIL,
}
