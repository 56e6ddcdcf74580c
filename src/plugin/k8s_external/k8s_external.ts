import { CLASS, EDE, RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { isAtOrBelow, join, labelsOf, type Name, nameOfLabels } from '../../wire/name.ts'
import { type Octets, type Rr, soaRdata } from '../../wire/record.ts'
import { addressRecords } from '../kubernetes/answers.ts'
import type { Hits } from '../kubernetes/hits.ts'
import type { Kubernetes } from '../kubernetes/kubernetes.ts'
import type { Reading } from '../kubernetes/reading.ts'
import { addressOfReverseName } from '../kubernetes/reverse.ts'
import { whyEmpty } from '../kubernetes/why.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo, silence } from '../reply.ts'
import type { Explanation, Why } from '../why.ts'
import { covers, touches } from '../zones.ts'
import { type Answer, addresses, type Lookups, NO_ANSWER, services } from './answers.ts'
import { nameBelow } from './names.ts'
import { transfer } from './transfer.ts'

/** What the block says. */
export interface ExternalConfig {
  /** In lower case, in the order of the block. */
  readonly zones: readonly Name[]
  /** The name, relative to a zone, below which the name servers are; with its root. */
  readonly apex: Name
  /** Seconds. */
  readonly ttl: number
  readonly headless: boolean
  readonly fallthrough: readonly Name[]
}

/** Answers with the addresses that Services have outside the cluster. */
export class K8sExternal implements Plugin {
  readonly name = 'k8s_external'
  readonly keepsLifetimes = true
  readonly zones: readonly Name[]
  readonly #config: ExternalConfig
  readonly #kubernetes: () => Kubernetes

  constructor(config: ExternalConfig, kubernetes: () => Kubernetes) {
    this.#config = config
    this.zones = config.zones
    this.#kubernetes = kubernetes
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { folded } = query
    const zone = this.#zoneOf(folded)
    if (zone === undefined) return next(query)
    const work = { query, zone, reading: this.#kubernetes().reading() }
    for (const other of this.zones) {
      if (folded === other) return this.#apex(work)
      const servers = join(this.#config.apex, other)
      if (servers !== undefined && isAtOrBelow(folded, servers)) return this.#belowApex(work)
    }
    if (query.qtype === TYPE.PTR) {
      const address = addressOfReverseName(folded)
      if (address !== undefined) return this.#pointers(work, address, next)
    }
    return this.#service(work, next)
  }

  explain(query: Query): Explanation | undefined {
    const zone = this.#zoneOf(query.folded)
    if (zone === undefined) return undefined
    const kubernetes = this.#kubernetes()
    const name = nameBelow(query.folded, zone)
    if (name === undefined || !kubernetes.synced || query.qtype === TYPE.PTR) return undefined
    for (const other of this.zones) {
      const servers = join(this.#config.apex, other)
      if (query.folded === other) return undefined
      if (servers !== undefined && isAtOrBelow(query.folded, servers)) return undefined
    }
    return kubernetes.external.explain(name, this.#config.headless)
  }

  clearOf(branch: Name): boolean {
    return !touches(this.zones, branch)
  }

  transfer(zone: Name, serial: number | undefined): Iterable<readonly Rr[]> | undefined {
    if (!this.zones.includes(zone)) return undefined
    const kubernetes = this.#kubernetes()
    const soa = this.#soa(zone, kubernetes.external.serial)
    return transfer(kubernetes, this.#config, { zone, soa, server: this.#server(zone), serial })
  }

  #zoneOf(folded: Name): Name | undefined {
    let longest: Name | undefined
    for (const zone of this.zones) {
      if (isAtOrBelow(folded, zone) && zone.length > (longest?.length ?? 0)) longest = zone
    }
    return longest
  }

  #apex(work: Work): Reply {
    const { query, zone } = work
    if (query.qtype === TYPE.SOA) {
      const { serial, change } = this.#serial(work.reading)
      const reply = this.#reply(work, { answer: [this.#soa(zone, serial)] })
      return { ...reply, lifetime: work.reading.lifetime(), ...change }
    }
    if (query.qtype !== TYPE.NS) return this.#negative(work, RCODE.NOERROR)
    work.reading.everything()
    const { ttl, headless } = this.#config
    const server = this.#server(zone)
    // In the spelling of the query, unlike the NS record's own name of it.
    const owner = this.#server(query.qname)
    const hosts = this.#kubernetes().external.nameservers(headless)
    return this.#reply(work, {
      answer: [record(zone, TYPE.NS, ttl, server as string as Octets)],
      additional: hosts.map((host) => record(owner, host.type, ttl, host.rdata as Octets)),
    })
  }

  /** `ns1` below the apex label, and nothing else there. */
  #belowApex(work: Work): Reply {
    const { query, zone, reading } = work
    const left = labelsOf(`${query.folded.slice(0, query.folded.length - zone.length)}\0` as Name)
    if (left.length === 1) return this.#negative(work, RCODE.NOERROR)
    if (left.length !== 2 || left[0] !== 'ns1') return this.#negative(work, RCODE.NXDOMAIN)
    reading.everything()
    const { ttl, headless } = this.#config
    const answer = this.#kubernetes()
      .external.nameservers(headless)
      .filter((host) => host.type === query.qtype)
      .map((host) => record(query.qname, host.type, ttl, host.rdata as Octets))
    return answer.length === 0 ? this.#negative(work, RCODE.NOERROR) : this.#reply(work, { answer })
  }

  #pointers(work: Work, address: string, next: Next): Reply | Promise<Reply> {
    const targets = this.#kubernetes().external.servicesAt(address, work.reading)
    if (targets.length === 0) return this.#nameError(work, next)
    const zone = this.zones[0] as Name
    const answer: Rr[] = []
    for (const labels of targets) {
      const target = nameOfLabels(labels, zone)
      if (target === undefined) return silence(work.query, this.name)
      const rdata = target as string as Octets
      answer.push(record(work.query.qname, TYPE.PTR, this.#config.ttl, rdata))
    }
    return this.#reply(work, { answer })
  }

  #service(work: Work, next: Next): Reply | Promise<Reply> {
    const { query, zone, reading } = work
    const name = nameBelow(query.folded, zone)
    const { external } = this.#kubernetes()
    if (name === undefined || !external.exposed(name.namespace, reading)) {
      return this.#nameError(work, next)
    }
    if (name.service === '') return this.#negative(work, RCODE.NOERROR)
    const hits = external.find(name, this.#config.headless, reading)
    if (hits === undefined) return this.#nameError(work, next)
    return this.#records(work, hits)
  }

  #records(work: Work, hits: Hits): Reply | Promise<Reply> {
    const { query, zone } = work
    const ttls = { own: this.#config.ttl, cluster: this.#kubernetes().external.ttl }
    const lookups: Lookups = { query, owner: query.qname, zone, ttls }
    switch (query.qtype) {
      case TYPE.A:
      case TYPE.AAAA:
        if (hits.plain) {
          const answer = addressRecords(query.qname, ttls.own, hits, query.qtype)
          return this.#found(work, { ...NO_ANSWER, answer })
        }
        return done(addresses(lookups, hits, query.qtype), (found) => this.#found(work, found))
      case TYPE.SRV:
        return done(services(lookups, hits), (found) => this.#found(work, found))
      default:
        return this.#negative(work, RCODE.NOERROR)
    }
  }

  #found(work: Work, found: Answer): Reply {
    if (found.unspeakable) return silence(work.query, this.name)
    if (found.answer.length === 0) return this.#negative(work, RCODE.NOERROR)
    const reply = this.#reply(work, { answer: found.answer, additional: found.additional })
    const flags = found.truncated ? reply.flags | FLAG.TC : reply.flags
    return { ...reply, flags, lifetime: work.reading.shortest(found.lifetime) }
  }

  #nameError(work: Work, next: Next): Reply | Promise<Reply> {
    const { query, reading } = work
    if (!covers(this.#config.fallthrough, query.folded)) {
      return this.#negative(work, RCODE.NXDOMAIN)
    }
    return whenDone(next(query), (reply) => {
      if (!reply.lifetime.repeatable) return reply
      const lifetime = this.#kubernetes().synced ? reading.shortest(reply.lifetime) : ONCE
      return { ...reply, lifetime, deniedBelow: 0 }
    })
  }

  /** The store's state is not asked for: before it knows everything, what it does not know does not exist. */
  #negative(work: Work, rcode: number): Reply {
    const { serial, change } = this.#serial(work.reading)
    const why = () => whyNegative(rcode, work.query.qtype)
    const reply = this.#reply(work, { rcode, authority: [this.#soa(work.zone, serial)], why })
    return { ...reply, lifetime: this.#kubernetes().synced ? reply.lifetime : ONCE, ...change }
  }

  #reply(work: Work, change: Partial<Reply>): Reply {
    const reply = replyTo(work.query, this.name, change)
    return { ...reply, flags: reply.flags | FLAG.AA, lifetime: work.reading.lifetime() }
  }

  #serial(reading: Reading): { serial: number; change: Partial<Reply> } {
    const kubernetes = this.#kubernetes()
    const liveSerial = kubernetes.liveSerial('external')
    if (liveSerial === undefined) reading.key('stamp:external')
    return {
      serial: kubernetes.external.serial,
      change: liveSerial === undefined ? {} : { liveSerial },
    }
  }

  /** Owner and names as configured, whatever the spelling of the query. */
  #soa(zone: Name, serial: number): Rr {
    const { apex, ttl } = this.#config
    const below = (label: string) => nameOfLabels([label, ...labelsOf(apex)], zone) ?? zone
    const rdata = soaRdata({
      mname: below('ns1'),
      rname: below('hostmaster'),
      serial: serial >>> 0,
      refresh: 7200,
      retry: 1800,
      expire: 86_400,
      minimum: ttl,
    })
    return record(zone, TYPE.SOA, ttl, rdata)
  }

  #server(zone: Name): Name {
    return nameOfLabels(['ns1', ...labelsOf(this.#config.apex)], zone) ?? zone
  }
}

/** One query on its way. */
interface Work {
  readonly query: Query
  readonly zone: Name
  readonly reading: Reading
}

/** What clients are told: nothing that the reply's versions do not end with it. */
function whyNegative(rcode: number, qtype: number): Why {
  const denied = 'no Service with an address outside the cluster has this name'
  return rcode === RCODE.NXDOMAIN ? { code: EDE.OTHER, text: denied } : whyEmpty(qtype)
}

function record(owner: Name, type: number, ttl: number, rdata: Octets): Rr {
  return { owner, type, class: CLASS.IN, ttl, rdata }
}

function done<A, B>(value: A | Promise<A>, then: (value: A) => B): B | Promise<B> {
  return value instanceof Promise ? value.then(then) : then(value)
}
