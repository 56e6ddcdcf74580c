import { CLASS, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import type { Name } from '../../wire/name.ts'
import { type Octets, type Rr, srvRdata } from '../../wire/record.ts'
import { targetOf, weightOf } from '../kubernetes/answers.ts'
import type { Hit, Hits } from '../kubernetes/hits.ts'
import { ALWAYS, type Lifetime, shortest } from '../lifetime.ts'
import { lookup } from '../lookup.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** Records, and what came along from looking up host names of load balancers. */
export interface Answer {
  readonly answer: readonly Rr[]
  readonly additional: readonly Rr[]
  readonly truncated: boolean
  readonly lifetime: Lifetime
  /** A host's text is no name, so that the answer cannot be written. */
  readonly unspeakable: boolean
}

export const NO_ANSWER: Answer = {
  answer: [],
  additional: [],
  truncated: false,
  lifetime: ALWAYS,
  unspeakable: false,
}

/** What records are made with. */
export interface Lookups {
  readonly query: Query
  readonly owner: Name
  readonly zone: Name
  /** Of addresses, and of CNAME and SRV records, which take the cluster's. In seconds. */
  readonly ttls: { readonly own: number; readonly cluster: number }
}

/** Addresses of one family; for a host name a CNAME record and what the server says of the name. */
export async function addresses(lookups: Lookups, hits: Hits, type: number): Promise<Answer> {
  const { owner, ttls, query } = lookups
  const seen = new Set<string>()
  let found = NO_ANSWER
  for (const { host } of hits.list) {
    if (seen.has(host.text)) continue
    seen.add(host.text)
    if (host.rdata === undefined) return { ...NO_ANSWER, unspeakable: true }
    const { rdata } = host
    if (host.type === type) {
      found = plus(found, { answer: [{ owner, type, class: CLASS.IN, ttl: ttls.own, rdata }] })
    } else if (host.type === TYPE.CNAME) {
      const alias = { owner, type: TYPE.CNAME, class: CLASS.IN, ttl: ttls.cluster, rdata }
      const reply = await lookup(query, rdata as string as Name, type)
      found = plus(found, { answer: [alias, ...answerOf(reply)], ...fate(reply) })
      if (isTruncated(reply)) found = { ...found, truncated: true }
    }
  }
  return found
}

/** SRV records to every port, their targets' addresses, and for a host name what the server says of it. */
export function services(lookups: Lookups, hits: Hits): Answer | Promise<Answer> {
  const { owner, ttls, zone } = lookups
  const weight = weightOf(hits.list.length)
  const answer: Rr[] = []
  const additional: Rr[] = []
  const names = new Set<Name>()
  const seen = new Set<string>()
  for (const at of hits.list) {
    if (at.port === -1) continue
    const target = targetAt(at, zone)
    if (target === undefined) return { ...NO_ANSWER, unspeakable: true }
    const rdata = srvRdata(0, weight, at.port & 0xffff, target)
    if (isNew(seen, rdata)) {
      answer.push({ owner, type: TYPE.SRV, class: CLASS.IN, ttl: ttls.cluster, rdata })
    }
    if (at.host.type === TYPE.CNAME) names.add(target)
    else if (isNew(seen, `${at.host.text}/${target}`))
      additional.push(addressOf(at, target, ttls.own))
  }
  const found = { ...NO_ANSWER, answer, additional }
  return names.size === 0 ? found : withHosts(lookups, found, names)
}

/** The addresses of targets that are names. */
async function withHosts(
  lookups: Lookups,
  found: Answer,
  names: ReadonlySet<Name>,
): Promise<Answer> {
  let all = found
  for (const target of names) {
    for (const type of [TYPE.A, TYPE.AAAA]) {
      const reply = await lookup(lookups.query, target, type)
      all = plus(all, { additional: answerOf(reply), ...fate(reply) })
    }
  }
  return all
}

/** A host name is its own target. */
function targetAt(at: Hit, zone: Name): Name | undefined {
  return at.host.type === TYPE.CNAME
    ? (at.host.rdata as string | undefined as Name | undefined)
    : targetOf(at, zone)
}

function addressOf(at: Hit, owner: Name, ttl: number): Rr {
  return { owner, type: at.host.type, class: CLASS.IN, ttl, rdata: at.host.rdata as Octets }
}

function answerOf(reply: Reply): readonly Rr[] {
  return reply.kind === 'silence' ? [] : reply.answer
}

function fate(reply: Reply): Pick<Answer, 'lifetime'> {
  return { lifetime: reply.lifetime }
}

function isTruncated(reply: Reply): boolean {
  return (reply.flags & FLAG.TC) !== 0
}

function plus(sofar: Answer, more: Partial<Answer>): Answer {
  return {
    ...sofar,
    answer: [...sofar.answer, ...(more.answer ?? [])],
    additional: [...sofar.additional, ...(more.additional ?? [])],
    lifetime: shortest(sofar.lifetime, more.lifetime ?? ALWAYS),
  }
}

function isNew(seen: Set<string>, key: string): boolean {
  if (seen.has(key)) return false
  seen.add(key)
  return true
}
