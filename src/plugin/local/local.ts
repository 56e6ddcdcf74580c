import type { Counter } from '../../admin/metrics.ts'
import { CLASS, RCODE, TYPE } from '../../wire/codes.ts'
import { isAtOrBelow, type Name, name } from '../../wire/name.ts'
import { type Octets, type Rr, soaRdata } from '../../wire/record.ts'
import { ALWAYS } from '../lifetime.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo } from '../reply.ts'

/** A week. */
const TTL = 604_800
const LOCALHOST = name('localhost')
/** The first label of `localhost.example.org`. */
const LOCALHOST_LABEL = LOCALHOST.slice(0, -1)
const POINTED = name('1.0.0.127.in-addr.arpa')
/** Zones that are answered here (RFC 6303 §4.1, RFC 6761 §6.3). */
const ZONES: readonly Name[] = [
  LOCALHOST,
  name('0.in-addr.arpa'),
  name('127.in-addr.arpa'),
  name('255.in-addr.arpa'),
]

const LOOPBACK: ReadonlyMap<number, Octets> = new Map([
  [TYPE.A, '\x7f\0\0\x01' as Octets],
  [TYPE.AAAA, `${'\0'.repeat(15)}\x01` as Octets],
])
const SOA = soaRdata({
  mname: LOCALHOST,
  rname: name('root.localhost'),
  serial: 1,
  refresh: 0,
  retry: 0,
  expire: 0,
  minimum: TTL,
})

/** Answers for localhost and for the reverse zones of addresses that mean this host or nothing. */
export class Local implements Plugin {
  readonly name = 'local'
  readonly keepsLifetimes = true
  readonly zones = ZONES
  private readonly prefix: boolean
  private readonly localhosts: Counter

  /** @param prefix whether names that begin with the label `localhost`, in any zone, are the host itself */
  constructor(prefix: boolean, localhosts: Counter) {
    this.prefix = prefix
    this.localhosts = localhosts
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (this.isLocalhost(query.folded)) {
      this.localhosts.inc()
      return { ...answer(query, loopback(query)), counts: [this.localhosts] }
    }
    const zone = ZONES.find((apex) => isAtOrBelow(query.folded, apex))
    return zone === undefined ? next(query) : inZone(query, zone)
  }

  /** With the prefix any branch may hold a `localhost`. */
  clearOf(branch: Name): boolean {
    return (
      !this.prefix &&
      ZONES.every((zone) => !isAtOrBelow(branch, zone) && !isAtOrBelow(zone, branch))
    )
  }

  private isLocalhost(folded: Name): boolean {
    if (folded.length <= LOCALHOST.length) return false
    return isAtOrBelow(folded, LOCALHOST) || (this.prefix && folded.startsWith(LOCALHOST_LABEL))
  }
}

function inZone(query: Query, zone: Name): Reply {
  const { folded, qname, qtype } = query
  if (folded === zone) {
    if (qtype === TYPE.SOA) return answer(query, [soa(qname)])
    if (qtype === TYPE.NS) return answer(query, [record(qname, TYPE.NS, LOCALHOST)])
    return answer(query, zone === LOCALHOST ? loopback(query) : [])
  }
  const apex = qname.slice(qname.length - zone.length) as Name
  if (folded !== POINTED) return { ...answer(query, [], apex), rcode: RCODE.NXDOMAIN }
  return answer(query, qtype === TYPE.PTR ? [record(qname, TYPE.PTR, LOCALHOST)] : [], apex)
}

function loopback({ qname, qtype }: Query): Rr[] {
  const rdata = LOOPBACK.get(qtype)
  return rdata === undefined ? [] : [record(qname, qtype, rdata)]
}

/** Without an answer the SOA of `apex`, as the client spelled it. */
function answer(query: Query, records: readonly Rr[], apex: Name = query.qname): Reply {
  const authority = records.length === 0 ? [soa(apex)] : []
  return replyTo(query, 'local', { answer: records, authority, lifetime: ALWAYS })
}

const soa = (owner: Name): Rr => record(owner, TYPE.SOA, SOA)

function record(owner: Name, type: number, rdata: string): Rr {
  return { owner, type, class: CLASS.IN, ttl: TTL, rdata: rdata as Octets }
}
