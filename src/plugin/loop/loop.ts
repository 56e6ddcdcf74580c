import { joinHostPort } from '../../corefile/addresses.ts'
import { quote } from '../../corefile/quote.ts'
import { RCODE, TYPE } from '../../wire/codes.ts'
import { isAtOrBelow, type Name, name } from '../../wire/name.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply } from '../reply.ts'

/** Times that the probe may come in: the query itself, and a client's repetition of it. */
const MAX_SEEN = 2

/** A name as text and as octets. */
export interface Probe {
  readonly text: string
  readonly qname: Name
}

/** Finds out whether a query that is forwarded comes back here: then every query would, for ever. */
export class Loop implements Plugin {
  readonly name = 'loop'
  readonly keepsLifetimes = true
  readonly qname: Name
  /** Where the probe is sent. */
  address = ''
  /** The probe has been answered, or given up. */
  off = false
  private seen = 0
  private readonly zone: string
  private readonly zoneName: Name
  private readonly text: string
  private readonly fatal: (text: string) => void

  constructor(zone: string, probe: Probe, fatal: (text: string) => void) {
    this.zone = zone
    this.zoneName = name(zone)
    this.qname = probe.qname
    this.text = probe.text
    this.fatal = fatal
  }

  clearOf(_branch: Name, qtype: number): boolean {
    return this.off || qtype !== TYPE.HINFO
  }

  /** Forgets what was seen, before the probe is sent again. */
  reset(): void {
    this.seen = 0
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (this.off || query.qtype !== TYPE.HINFO || !isAtOrBelow(query.folded, this.zoneName)) {
      return next(query)
    }
    if (query.folded === this.qname) this.seen++
    if (this.seen > MAX_SEEN) return this.found(query)
    return whenDone(next(query), (reply) => ({ ...reply, lifetime: ONCE, deniedBelow: 0 }))
  }

  private found(query: Query): Reply {
    const { address, port } = query.exchange.client
    const way = `${joinHostPort(address, port)} -> ${this.address}`
    this.off = true
    this.fatal(
      `plugin/loop: Loop (${way}) detected for zone ${quote(this.zone)}, see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${this.text}"`,
    )
    return giveUp(query, 'loop', RCODE.SERVFAIL)
  }
}
