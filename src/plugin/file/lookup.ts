import { RCODE, TYPE } from '../../wire/codes.ts'
import { ancestor, countLabels, fold, isAtOrBelow, type Name, nameToText } from '../../wire/name.ts'
import { endOfName, type Octets, type Rr } from '../../wire/record.ts'
import { ALWAYS, type Lifetime } from '../lifetime.ts'
import { lookup } from '../lookup.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import { type Node, wildcardOf, type Zone } from './zone.ts'

/** CNAMEs inside the zone that are followed. */
const MAX_CHAIN = 9

export type Result = 'success' | 'nxdomain' | 'nodata' | 'delegation' | 'servfail'

/** What a zone says to a question. */
export interface Found {
  readonly result: Result
  readonly answer: readonly Rr[]
  readonly authority: readonly Rr[]
  readonly additional: readonly Rr[]
  /** How long what other plugins said of a CNAME's target may be repeated. */
  readonly lifetime: Lifetime
}

const NOTHING: Omit<Found, 'result'> = {
  answer: [],
  authority: [],
  additional: [],
  lifetime: ALWAYS,
}

/** What the zone says to the query's question; a promise where a CNAME leads out of it. */
export function find(zone: Zone, query: Query): Found | Promise<Found> {
  return new Search(zone, query).run()
}

/** One question to one zone. */
class Search {
  private readonly zone: Zone
  private readonly query: Query
  private readonly qname: Name
  private readonly qtype: number
  private readonly dnssec: boolean

  constructor(zone: Zone, query: Query) {
    this.zone = zone
    this.query = query
    this.qname = query.folded
    this.qtype = query.qtype
    this.dnssec = query.dnssecOk
  }

  run(): Found | Promise<Found> {
    const { zone, qname, qtype, dnssec } = this
    if (qname === zone.origin && qtype === TYPE.SOA) {
      return {
        ...NOTHING,
        result: 'success',
        answer: zone.apexSoa(dnssec),
        authority: zone.apexNs(dnssec),
      }
    }
    if (qname === zone.origin && qtype === TYPE.NS) {
      const answer = zone.apexNs(dnssec)
      return { ...NOTHING, result: 'success', answer, additional: this.glue(answer) }
    }
    return this.walk()
  }

  /** From the apex down to the name: the first DNAME or cut decides, then the name itself, then the last wildcard seen. */
  private walk(): Found | Promise<Found> {
    const { zone, qname } = this
    let wildcard: Name | undefined
    for (const name of this.path(qname)) {
      const node = zone.node(name)
      if (node === undefined) {
        const candidate = wildcardOf(name)
        if (candidate !== undefined && (zone.node(candidate) || zone.hasBelow(candidate)))
          wildcard = candidate
        continue
      }
      const moved = this.substituted(node)
      if (moved !== undefined) return moved
      const cut = this.delegation(node)
      if (cut !== undefined) return cut
      if (name === qname) return this.answered(node)
    }
    if (wildcard !== undefined && !this.hasCloserEncloser(ancestor(wildcard, 1))) {
      return this.synthesized(wildcard)
    }
    return this.missing()
  }

  /** The apex, and each name between it and this one, and this one. */
  private path(name: Name): Name[] {
    const below = countLabels(name) - countLabels(this.zone.origin)
    return Array.from({ length: below + 1 }, (_, i) => ancestor(name, below - i))
  }

  private substituted(node: Node): Found | Promise<Found> | undefined {
    const [dname] = node.of(TYPE.DNAME)
    if (dname === undefined || node.name === this.qname) return undefined
    const cname = this.substitute(node.name, dname)
    if (cname === undefined) return undefined
    if (cname === 'loop') return { ...NOTHING, result: 'servfail' }
    const dnames = node.signed(TYPE.DNAME, this.dnssec)
    if (this.qtype === TYPE.CNAME) {
      const answer = [...dnames, cname]
      return { ...NOTHING, result: 'success', answer, authority: this.zone.apexNs(this.dnssec) }
    }
    const signatures = this.dnssec ? node.signaturesOf(TYPE.CNAME) : []
    return this.follow([cname, ...signatures], dnames)
  }

  /** The CNAME that a DNAME makes (RFC 6672 §3.1); undefined when its target is too long. */
  private substitute(owner: Name, dname: Rr): Rr | 'loop' | undefined {
    const target = this.qname.slice(0, this.qname.length - owner.length) + dname.rdata
    if (target.length > 255) return undefined
    if (fold(target) === this.qname) return 'loop'
    return { ...dname, owner: this.qname, type: TYPE.CNAME, rdata: target as Octets }
  }

  /** A referral where the name is a cut: its NS records, with DO its DS, and glue. The parent answers for DS at the cut itself. */
  private delegation(node: Node, name: Name = this.qname): Found | undefined {
    const servers = node.of(TYPE.NS)
    if (servers.length === 0 || (this.qtype === TYPE.DS && node.name === name)) return undefined
    const authority = this.dnssec ? [...servers, ...node.signed(TYPE.DS, true)] : servers
    return { ...NOTHING, result: 'delegation', authority, additional: this.glue(servers) }
  }

  private answered(node: Node): Found | Promise<Found> {
    const { zone, qtype, dnssec } = this
    if (qtype !== TYPE.CNAME && node.of(TYPE.CNAME).length > 0) {
      return this.follow(node.signed(TYPE.CNAME, dnssec))
    }
    const records = node.of(qtype)
    if (records.length === 0) return this.noData(node)
    return {
      ...NOTHING,
      result: 'success',
      answer: node.signed(qtype, dnssec),
      authority: zone.apexNs(dnssec),
      additional: this.additional(records),
    }
  }

  private noData(node: Node): Found {
    const proof = this.dnssec ? node.signed(TYPE.NSEC, true) : []
    const authority = [...this.zone.apexSoa(this.dnssec), ...proof]
    return { ...NOTHING, result: 'nodata', authority }
  }

  /** RFC 4592 §4.3: a name that exists only because of those below it is nearer than the wildcard's parent. */
  private hasCloserEncloser(parent: Name): boolean {
    for (
      let at = ancestor(this.qname, 1);
      at !== parent && isAtOrBelow(at, parent);
      at = ancestor(at, 1)
    ) {
      if (this.zone.hasBelow(at)) return true
    }
    return false
  }

  /** An answer made from a wildcard (RFC 4592). */
  private synthesized(wildcard: Name): Found | Promise<Found> {
    const { zone, qname, qtype, dnssec } = this
    const node = zone.node(wildcard)
    if (node === undefined) {
      return { ...NOTHING, result: 'nodata', authority: zone.apexSoa(dnssec) }
    }
    this.query.metadata?.set('zone/wildcard', () => nameToText(wildcard))
    const here = (records: readonly Rr[]) => records.map((rr) => ({ ...rr, owner: qname }))
    if (qtype !== TYPE.CNAME && node.of(TYPE.CNAME).length > 0) {
      return this.follow([
        ...here(node.of(TYPE.CNAME)),
        ...(dnssec ? node.signaturesOf(TYPE.CNAME) : []),
      ])
    }
    const records = here(node.of(qtype))
    if (records.length === 0) return this.noData(node)
    return {
      ...NOTHING,
      result: 'success',
      answer: dnssec ? [...records, ...here(node.signaturesOf(qtype))] : records,
      authority: [...zone.apexNs(dnssec), ...this.denialOf(qname)],
      additional: this.additional(records),
    }
  }

  /** NXDOMAIN, or NOERROR for a name that has others below it, with NSEC records where there are any. */
  private missing(): Found {
    const { zone, qname, dnssec } = this
    const result = zone.hasBelow(qname) ? 'success' : 'nxdomain'
    const authority = [...zone.apexSoa(dnssec), ...this.denialOf(qname)]
    if (!dnssec || result === 'success') return { ...NOTHING, result, authority }
    const encloser = zone.closestEncloser(qname)
    const wildcard = encloser === undefined ? undefined : wildcardBelow(encloser.name)
    if (wildcard !== undefined && zone.atOrBefore(wildcard) !== zone.atOrBefore(qname)) {
      authority.push(...this.denialOf(wildcard))
    }
    return { ...NOTHING, result, authority }
  }

  /** The NSEC that covers a name, with its signatures. */
  private denialOf(name: Name): readonly Rr[] {
    return this.dnssec ? (this.zone.atOrBefore(name)?.signed(TYPE.NSEC, true) ?? []) : []
  }

  /** Follows a CNAME inside the zone, and with a lookup out of it. `before` goes in front of the answer. */
  private follow(records: readonly Rr[], before: readonly Rr[] = []): Found | Promise<Found> {
    const { zone, qtype, dnssec } = this
    const answer = [...records]
    let target = targetOf(answer[0] as Rr)
    for (let hops = 0; ; hops++) {
      const node = zone.node(target)
      // A DNAME's target keeps its capitals, and what is asked outside is asked with them.
      const cut = this.cutAbove(fold(target), node)
      if (cut !== undefined) return { ...cut, answer: [...before, ...answer] }
      if (
        node === undefined ||
        qtype === TYPE.NS ||
        (qtype === TYPE.SOA && target === zone.origin)
      ) {
        return this.outside(target, answer, before)
      }
      const next = node.of(TYPE.CNAME)
      if (next.length === 0 || hops >= MAX_CHAIN) {
        if (next.length === 0) answer.push(...node.signed(qtype, dnssec))
        return this.chased('success', answer, before, ALWAYS)
      }
      answer.push(...node.signed(TYPE.CNAME, dnssec))
      target = targetOf(next[0] as Rr)
    }
  }

  private cutAbove(name: Name, exact: Node | undefined): Found | undefined {
    if (!isAtOrBelow(name, this.zone.origin)) return undefined
    for (const at of this.path(name).slice(1)) {
      const node = at === name ? exact : this.zone.node(at)
      const cut = node === undefined ? undefined : this.delegation(node, name)
      if (cut !== undefined) return cut
    }
    return undefined
  }

  private async outside(
    target: Name,
    answer: readonly Rr[],
    before: readonly Rr[],
  ): Promise<Found> {
    const reply = await lookup(this.query, target, this.qtype)
    return this.chased(resultOf(reply), [...answer, ...reply.answer], before, reply.lifetime)
  }

  private chased(
    result: Result,
    answer: readonly Rr[],
    before: readonly Rr[],
    lifetime: Lifetime,
  ): Found {
    const negative = result === 'nxdomain' || result === 'nodata'
    const authority = negative ? this.zone.apexSoa(this.dnssec) : this.zone.apexNs(this.dnssec)
    return {
      result,
      answer: [...before, ...answer],
      authority,
      additional: this.additional(answer),
      lifetime,
    }
  }

  private glue(servers: readonly Rr[]): readonly Rr[] {
    return servers.flatMap(({ type, owner, rdata }) => {
      const target = rdata as string as Name
      return type === TYPE.NS && isAtOrBelow(target, owner) ? this.addressesOf(target) : []
    })
  }

  /** Addresses of what MX, SRV, SVCB and HTTPS records point to, as far as the zone has them, each once. */
  private additional(records: readonly Rr[]): readonly Rr[] {
    const targets = new Set<Name>()
    for (const { type, rdata } of records) {
      const from = POINTING.get(type)
      if (from === undefined || rdata === '') continue
      targets.add(fold(rdata.slice(from, endOfName(rdata, from)) as Name))
    }
    return [...targets].flatMap((target) =>
      isAtOrBelow(target, this.zone.origin) ? this.addressesOf(target) : [],
    )
  }

  private addressesOf(name: Name): readonly Rr[] {
    const node = this.zone.node(name)
    if (node === undefined) return []
    return [...node.signed(TYPE.A, this.dnssec), ...node.signed(TYPE.AAAA, this.dnssec)]
  }
}

/** Types whose target gets its addresses added, and octets in front of it. */
const POINTING: ReadonlyMap<number, number> = new Map([
  [TYPE.MX, 2],
  [TYPE.SRV, 6],
  [TYPE.SVCB, 2],
  [TYPE.HTTPS, 2],
])

const targetOf = (cname: Rr): Name => cname.rdata as string as Name

const wildcardBelow = (name: Name): Name => `\x01*${name}` as Name

function resultOf({ kind, rcode, answer }: Reply): Result {
  if (kind === 'silence') return 'success'
  if (rcode === RCODE.NXDOMAIN) return 'nxdomain'
  if (rcode === RCODE.SERVFAIL) return 'servfail'
  return rcode === RCODE.NOERROR && answer.length === 0 ? 'nodata' : 'success'
}
