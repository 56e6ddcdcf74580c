import { CLASS, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { fold, isAtOrBelow, type Name } from '../../wire/name.ts'
import type { Octets, Rr } from '../../wire/record.ts'
import { ALWAYS, type Lifetime, shortest } from '../lifetime.ts'
import { lookup } from '../lookup.ts'
import { whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Asked } from './asked.ts'
import type { Hit, Hits } from './hits.ts'

/** CNAME records that one answer may follow inside the zone. */
export const MAX_CNAME_CHAIN = 10

/** What following names has brought. */
export interface Followed {
  readonly records: readonly Rr[]
  /** A reply on the way was truncated, and so is the answer. */
  readonly truncated: boolean
  /** Of the replies on the way. */
  readonly lifetime: Lifetime
  /** A target is no name, so that the answer cannot be written. */
  readonly unspeakable: boolean
}

export const FOLLOWED_NOTHING: Followed = {
  records: [],
  truncated: false,
  lifetime: ALWAYS,
  unspeakable: false,
}

/** What following needs to know. */
export interface Chase {
  readonly query: Query
  /** A or AAAA. */
  readonly type: number
  readonly ttl: number
  /** What a name of the zone leads to. */
  find(asked: Asked): Hits | undefined
}

/**
 * Addresses of one family among hits that lead to names too: a target in the zone is looked for here, any other is asked of the server itself
 * (RFC 1034 §3.6.2 within the zone; the reference's rules beyond).
 *
 * @param before targets of the CNAME records that led here
 */
export function follow(
  chase: Chase,
  asked: Asked,
  hits: Hits,
  before: readonly Name[] = [],
): Followed | Promise<Followed> {
  return followFrom(chase, asked, hits.list, 0, before, FOLLOWED_NOTHING, new Set())
}

function followFrom(
  chase: Chase,
  asked: Asked,
  hits: readonly Hit[],
  from: number,
  before: readonly Name[],
  sofar: Followed,
  seen: Set<string>,
): Followed | Promise<Followed> {
  let followed = sofar
  for (let i = from; i < hits.length; i++) {
    const step = followOne(chase, asked, hits[i] as Hit, before, seen)
    if (step instanceof Promise) {
      const reached = followed
      return step.then((later) =>
        followFrom(chase, asked, hits, i + 1, before, both(reached, later), seen),
      )
    }
    followed = both(followed, step)
  }
  return followed
}

function followOne(
  chase: Chase,
  asked: Asked,
  { host }: Hit,
  before: readonly Name[],
  seen: Set<string>,
): Followed | Promise<Followed> {
  if (host.type === TYPE.CNAME) return followName(chase, asked, host.rdata, before)
  if (host.type !== chase.type || seen.has(host.text)) return FOLLOWED_NOTHING
  seen.add(host.text)
  return only({ ...ownedBy(asked.qname, chase.ttl), type: host.type, rdata: host.rdata as Octets })
}

function followName(
  chase: Chase,
  asked: Asked,
  rdata: Octets | undefined,
  before: readonly Name[],
): Followed | Promise<Followed> {
  if (rdata === undefined) return { ...FOLLOWED_NOTHING, unspeakable: true }
  const target = rdata as string as Name
  const folded = fold(target)
  // A name that leads to itself, or to what lies below it, leads nowhere.
  if (isAtOrBelow(folded, asked.folded)) return FOLLOWED_NOTHING
  if (before.length > MAX_CNAME_CHAIN || before.includes(target)) return FOLLOWED_NOTHING
  const cname = only({ ...ownedBy(asked.qname, chase.ttl), type: TYPE.CNAME, rdata })
  if (!isAtOrBelow(folded, asked.zone.name)) return followOutside(chase, cname, target)
  const next = asked.onTheWay(target)
  const hits = chase.find(next)
  if (hits === undefined) return FOLLOWED_NOTHING
  return afterwards(follow(chase, next, hits, [...before, target]), (found) =>
    found.records.length === 0 ? found : both(cname, found),
  )
}

/** Whatever the server says of the target, its answer section goes along; only silence says nothing. */
function followOutside(chase: Chase, cname: Followed, target: Name): Followed | Promise<Followed> {
  return whenDone<Followed>(lookup(chase.query, target, chase.type), (reply) => {
    if (reply.kind === 'silence') return { ...FOLLOWED_NOTHING, lifetime: reply.lifetime }
    return both(cname, {
      records: reply.answer,
      truncated: (reply.flags & FLAG.TC) !== 0,
      lifetime: reply.lifetime,
      unspeakable: false,
    })
  })
}

function ownedBy(owner: Name, ttl: number): Pick<Rr, 'owner' | 'class' | 'ttl'> {
  return { owner, class: CLASS.IN, ttl }
}

function only(record: Rr): Followed {
  return { ...FOLLOWED_NOTHING, records: [record] }
}

function both(a: Followed, b: Followed): Followed {
  return {
    records: [...a.records, ...b.records],
    truncated: a.truncated || b.truncated,
    lifetime: shortest(a.lifetime, b.lifetime),
    unspeakable: a.unspeakable || b.unspeakable,
  }
}

function afterwards<A, B>(value: A | Promise<A>, then: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? value.then(then) : then(value)
}
