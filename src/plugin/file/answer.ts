import { EDE, RCODE, TYPE, typeToText } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Lifetime, shortest } from '../lifetime.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo } from '../reply.ts'
import type { Why } from '../why.ts'
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
  if (query.qtype === TYPE.AXFR || query.qtype === TYPE.IXFR) {
    return { ...giveUp(query, by, RCODE.REFUSED), why: () => NO_TRANSFER }
  }
  if (zone === undefined) return { ...giveUp(query, by, RCODE.SERVFAIL), why: () => NOT_LOADED }
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
    ...(empty && result !== 'delegation' && { why: () => whyEmpty(query, result) }),
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

/** What is refused since no zone here has it. */
export function notMine(query: Query, by: string): Reply {
  return { ...giveUp(query, by, RCODE.REFUSED), why: () => NOT_MINE }
}

const NO_TRANSFER: Why = { code: EDE.PROHIBITED, text: 'zone transfers are not offered' }
const NOT_LOADED: Why = { code: EDE.NOT_READY, text: 'the zone is not loaded' }
const NOT_MINE: Why = { code: EDE.NOT_AUTHORITATIVE, text: 'no zone here has this name' }

function whyEmpty({ qtype }: Query, result: Found['result']): Why {
  const text =
    result === 'nxdomain'
      ? 'the zone has no such name'
      : `the name has no records of type ${typeToText(qtype)}`
  return { code: EDE.OTHER, text }
}

const RCODES: Readonly<Record<Found['result'], number>> = {
  success: RCODE.NOERROR,
  nodata: RCODE.NOERROR,
  delegation: RCODE.NOERROR,
  nxdomain: RCODE.NXDOMAIN,
  servfail: RCODE.SERVFAIL,
}
