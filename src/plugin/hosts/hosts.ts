import { CLASS, RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import type { Octets, Rr } from '../../wire/record.ts'
import { addressOfReverseName } from '../kubernetes/reverse.ts'
import { type Lifetime, ONCE, shortest, type Versions, whileStanding } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo } from '../reply.ts'
import type { Explanation } from '../why.ts'
import { covers, touches } from '../zones.ts'
import type { HostsFile } from './file.ts'
import { addressesOf, type HostsTable, hasAtOrBelow } from './table.ts'

export interface HostsConfig {
  readonly zones: readonly Name[]
  readonly ttl: number
  /** Zones whose missing names go to the next plugin; none without. */
  readonly fallthrough: readonly Name[]
  readonly fallthroughUnsupported: boolean
}

/** Answers A, AAAA and PTR from a hosts file and from lines in the Corefile. */
export class Hosts implements Plugin {
  readonly name = 'hosts'
  readonly keepsLifetimes = true
  readonly zones: readonly Name[]
  private readonly config: HostsConfig
  private readonly file: HostsFile
  private readonly inline: HostsTable
  private readonly versions: Versions

  constructor(config: HostsConfig, file: HostsFile, inline: HostsTable, versions: Versions) {
    this.config = config
    this.zones = config.zones
    this.file = file
    this.inline = inline
    this.versions = versions
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { folded, qtype } = query
    if (!covers(this.config.zones, folded) && qtype !== TYPE.PTR) return next(query)
    const lifetime = this.lifetime()
    if (qtype === TYPE.PTR) {
      const names = this.namesOf(folded)
      if (names.length === 0) return this.pass(query, next, lifetime)
      return this.answer(query, TYPE.PTR, names as readonly string[] as readonly Octets[], lifetime)
    }
    const through = covers(this.config.fallthrough, folded)
    if (qtype !== TYPE.A && qtype !== TYPE.AAAA && this.config.fallthroughUnsupported && through) {
      return next(query)
    }
    const [ipv4, ipv6] = [this.addresses('ipv4', folded), this.addresses('ipv6', folded)]
    if (ipv4.length === 0 && ipv6.length === 0) {
      // There is no SOA to deny a name with, so the reference says SERVFAIL.
      return through ? this.pass(query, next, lifetime) : giveUp(query, this.name, RCODE.SERVFAIL)
    }
    const found = qtype === TYPE.A ? ipv4 : qtype === TYPE.AAAA ? ipv6 : []
    return this.answer(query, qtype, found, lifetime)
  }

  explain({ folded, qtype }: Query, reply: Reply | undefined): Explanation | undefined {
    if (!covers(this.config.zones, folded) && qtype !== TYPE.PTR) return undefined
    const known = this.names().has(folded)
    const name = this.file.key
    const says = `${this.file.table.names.size} addresses, ${this.inline.names.size} in the Corefile; ${known ? 'it has the name' : 'it has not the name'}`
    const facts = [{ kind: 'hosts', name, says }]
    if (reply?.by !== this.name || reply.rcode !== RCODE.SERVFAIL) return { facts, problems: [] }
    const problem = {
      code: 'not-in-hosts',
      reason: `Plugin hosts does not have ${nameToText(folded)}, and nothing falls through: SERVFAIL, since there is no zone to deny a name in.`,
      remedy: 'Write `fallthrough` into the block of hosts, or add the name.',
    }
    return { facts, problems: [problem] }
  }

  private names(): ReadonlySet<Name> {
    const tables = [this.file.table, this.inline]
    return new Set(tables.flatMap(({ ipv4, ipv6 }) => [...ipv4.keys(), ...ipv6.keys()]))
  }

  /**
   * What hosts leaves alone now: the version of the file, which goes with every reply that passes, ends what is made of that. A zone whose missing names do not
   * fall through is never left alone.
   */
  clearOf(branch: Name, qtype: number): boolean {
    if (qtype === TYPE.PTR) return false
    const { zones, fallthrough } = this.config
    if (!touches(zones, branch)) return true
    if (!covers(fallthrough, branch)) return false
    return !hasAtOrBelow(this.file.table, branch) && !hasAtOrBelow(this.inline, branch)
  }

  /** Those behind answer, for as long as hosts has nothing to say. */
  private pass(query: Query, next: Next, lifetime: Lifetime): Reply | Promise<Reply> {
    return whenDone(next(query), (reply) =>
      reply.lifetime === ONCE ? reply : { ...reply, lifetime: shortest(reply.lifetime, lifetime) },
    )
  }

  private lifetime(): Lifetime {
    const slot = this.versions.slot(this.file.key)
    return whileStanding([{ slot, version: this.versions.read(slot) }])
  }

  private addresses(family: 'ipv4' | 'ipv6', folded: Name): readonly Octets[] {
    const fromFile = addressesOf(this.file.table[family], folded)
    const inline = addressesOf(this.inline[family], folded)
    return fromFile.length === 0
      ? inline
      : inline.length === 0
        ? fromFile
        : [...fromFile, ...inline]
  }

  private namesOf(folded: Name): readonly Name[] {
    const address = addressOfReverseName(folded)
    if (address === undefined) return []
    return [
      ...(this.file.table.names.get(address) ?? []),
      ...(this.inline.names.get(address) ?? []),
    ]
  }

  /** Owners are in lower case, whatever the client typed: what the reference sends. */
  private answer(query: Query, type: number, rdatas: readonly Octets[], lifetime: Lifetime): Reply {
    const { ttl } = this.config
    const owner = query.folded
    const answer = rdatas.map((rdata): Rr => ({ owner, type, class: CLASS.IN, ttl, rdata }))
    const reply = replyTo(query, this.name, { answer, lifetime })
    return { ...reply, flags: reply.flags | FLAG.AA }
  }
}
