import type { Inspector } from '../../kube/inspect.ts'
import type { Stamps } from '../../kube/store.ts'
import { CLASS, RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { isAtOrBelow, type Name, name } from '../../wire/name.ts'
import { type Rr, txtRdata } from '../../wire/record.ts'
import { ALWAYS, ONCE, type Versions } from '../lifetime.ts'
import { type ClosedZone, type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, silence } from '../reply.ts'
import type { ClusterStanding, Rolls, Standing } from '../standing.ts'
import type { Explanation } from '../why.ts'
import { covers, touches } from '../zones.ts'
import {
  addressRecords,
  NO_RECORDS,
  nameserverRecords,
  serviceRecords,
  UNSPEAKABLE,
} from './answers.ts'
import { Asked } from './asked.ts'
import { autoPath } from './autopath.ts'
import { type Chase, follow } from './chase.ts'
import { ClosedNames } from './closed.ts'
import type { Config } from './config.ts'
import { deniedBelow } from './denials.ts'
import { explainAsked, explainOutside } from './explain.ts'
import { External } from './external.ts'
import { Finder } from './finder.ts'
import { Hits, NOTHING } from './hits.ts'
import { Looker } from './looker.ts'
import { metadata } from './metadata.ts'
import { isDefaultNameserver, nameservers } from './nameservers.ts'
import { podAt } from './pods.ts'
import { Reading } from './reading.ts'
import { Replies, type ReplyParts } from './replies.ts'
import { addressOfReverseName, pointerRecords } from './reverse.ts'
import { StoreRolls } from './rolls.ts'
import { transfer } from './transfer.ts'
import { whyDenied } from './why.ts'
import { type Zone, Zones } from './zones.ts'

/** Version of the Kubernetes DNS specification, told by `dns-version` (§2.2 there), and the TTL of that record in seconds. */
export const SCHEMA_VERSION = '1.1.0'
export const SCHEMA_VERSION_TTL = 28_800

const ARPA = name('arpa.')

/** What the plugin works on. */
export interface KubernetesParts extends ReplyParts {
  readonly config: Config
  readonly versions: Versions
  /** Search list of this machine's resolver, for autopath. */
  readonly search: readonly Name[]
  /** What the readiness page should tell of the store. */
  readonly note?: () => string | undefined
  /** Looks at whole objects of the cluster, for explanations. */
  readonly inspector?: Inspector
  /** How fresh the store is. */
  readonly cluster?: () => ClusterStanding | undefined
}

/** A name error: no such name, unless somebody behind knows it. */
const NAME_ERROR = 'name error'
type Outcome = Reply | typeof NAME_ERROR

/** Answers for a cluster's zones from what the store says. */
export class Kubernetes implements Plugin {
  readonly name = 'kubernetes'
  readonly keepsLifetimes = true
  readonly zones: readonly Name[]
  /** What k8s_external asks. */
  readonly external: External
  readonly rolls: Rolls
  /** Addresses of this server (NS records), known once it starts. */
  localAddresses: readonly string[] = []

  readonly #config: Config
  readonly #parts: KubernetesParts
  readonly #zones: Zones
  readonly #finder: Finder
  readonly #replies: Replies
  readonly #whole: number
  readonly #closed = new Map<Name, ClosedZone>()

  constructor(parts: KubernetesParts) {
    const { config } = parts
    this.#config = config
    this.#parts = parts
    this.#replies = new Replies(parts)
    this.#zones = new Zones(config)
    this.#finder = new Finder(parts.store, config)
    this.#whole = parts.versions.whole(parts.storeName)
    this.zones = config.zones
    this.rolls = new StoreRolls(parts.store, config, new Looker(parts.inspector))
    this.external = new External(this.#finder, config, () => this.localAddresses)
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { qname, folded } = query
    const zone = this.#zones.match(folded)
    if (zone === undefined) return next(query)
    const asked = this.#asked(qname, folded, zone)
    return whenDoneWith(this.#answer(query, asked), (outcome) =>
      outcome === NAME_ERROR ? this.#nameError(query, asked, next) : outcome,
    )
  }

  explain(query: Query, reply: Reply | undefined): Promise<Explanation> | Explanation | undefined {
    const { folded, qname } = query
    const zone = this.#zones.match(folded)
    if (zone === undefined) return explainOutside(folded, reply, this.#finder, this.#config)
    return explainAsked({
      query,
      reply,
      asked: this.#asked(qname, folded, zone),
      finder: this.#finder,
      config: this.#config,
      looker: new Looker(this.#parts.inspector),
      synced: this.synced,
    })
  }

  clearOf(branch: Name): boolean {
    return !touches(this.zones, branch)
  }

  closedZone(folded: Name): ClosedZone | undefined {
    const zone = this.#zones.match(folded)
    if (zone === undefined || zone.holdsAddresses || zone.grammar.multicluster) return undefined
    let closed = this.#closed.get(zone.name)
    if (closed === undefined) {
      closed = new ClosedNames(zone, this.#parts.store, this.#config)
      this.#closed.set(zone.name, closed)
    }
    return closed
  }

  podAt(address: string): string | undefined {
    return podAt(this.#parts.store, address)
  }

  ready(): boolean {
    return this.#parts.store.synced
  }

  readyNote(): string | undefined {
    return this.#parts.note?.()
  }

  standing(): Standing {
    const cluster = this.#parts.cluster?.()
    return cluster === undefined ? {} : { cluster }
  }

  metadata(query: Query): Iterable<readonly [string, () => string]> {
    return metadata(query, this.#zones, this.#finder, this.#config)
  }

  autoPath(query: Query): readonly Name[] | undefined {
    return autoPath(query, this.#zones, this.#finder, this.#config, this.#parts.search)
  }

  transfer(zone: Name, serial: number | undefined): Iterable<readonly Rr[]> | undefined {
    if (this.#zones.match(zone) === undefined) return undefined
    return transfer(this.#finder, this.#config, this.localAddresses, zone, serial, this.reading())
  }

  /** For notes on an answer made from the store. */
  reading(): Reading {
    return new Reading(this.#parts.versions, this.#whole)
  }

  /** The name by which replies tell of a serial; undefined where none is noted. */
  liveSerial(stamp: keyof Stamps): string | undefined {
    return this.#replies.liveSerial(stamp)
  }

  get synced(): boolean {
    return this.#parts.store.synced
  }

  #asked(qname: Name, folded: Name, zone: Zone): Asked {
    const suffix =
      qname === folded ? zone.name : (qname.slice(qname.length - zone.name.length) as Name)
    return new Asked(qname, folded, zone, suffix, this.reading())
  }

  #answer(query: Query, asked: Asked): Outcome | Promise<Outcome> {
    switch (query.qtype) {
      case TYPE.A:
      case TYPE.AAAA:
        return this.#addresses(query, asked)
      case TYPE.SRV:
        return this.#services(query, asked)
      case TYPE.TXT:
        return this.#text(query, asked)
      case TYPE.CNAME:
        return this.#alias(query, asked)
      case TYPE.PTR:
        return this.#pointers(query, asked)
      case TYPE.SOA:
        return asked.folded === asked.zone.name
          ? this.#replies.soa(query, asked)
          : this.#replies.noData(query, asked)
      case TYPE.NS:
        // The reference compares the folded name with the zone as it was typed.
        return asked.folded === asked.suffix
          ? this.#nameservers(query, asked)
          : this.#anythingElse(query, asked)
      case TYPE.AXFR:
      case TYPE.IXFR:
        return giveUp(query, this.name, RCODE.REFUSED)
      default:
        return this.#anythingElse(query, asked)
    }
  }

  #addresses(query: Query, asked: Asked): Outcome | Promise<Outcome> {
    const { qtype } = query
    const hits = this.#find(asked, qtype)
    if (hits === undefined) return NAME_ERROR
    if (hits.plain) {
      const answer = addressRecords(asked.qname, this.#config.ttl, hits, qtype)
      return this.#replies.reply(query, asked, { answer, additional: NO_RECORDS.additional })
    }
    const chase: Chase = {
      query,
      type: qtype,
      ttl: this.#config.ttl,
      find: (target) => this.#find(target, qtype),
    }
    return whenDoneWith(follow(chase, asked, hits), (followed) => {
      if (followed.unspeakable) return silence(query, this.name)
      const records = { answer: followed.records, additional: NO_RECORDS.additional }
      const reply = this.#replies.reply(query, asked, records)
      const lifetime = asked.reading.shortest(followed.lifetime)
      const flags = followed.truncated ? reply.flags | FLAG.TC : reply.flags
      // A target in the zone is spelled as its object is.
      return {
        ...reply,
        flags,
        lifetime: reply.lifetime === ONCE ? ONCE : lifetime,
        echoesSpelling: false,
      }
    })
  }

  #services(query: Query, asked: Asked): Outcome {
    const hits = this.#find(asked, TYPE.SRV)
    if (hits === undefined) return NAME_ERROR
    const hosts = hits.plain
      ? hits
      : new Hits(hits.list.filter((hit) => hit.host.type !== TYPE.CNAME))
    return this.#replies.reply(
      query,
      asked,
      serviceRecords(asked.qname, asked.suffix, this.#config.ttl, hosts),
    )
  }

  /** The one text there is. Elsewhere what has no hosts does not exist for this type, an empty non-terminal or the apex neither. */
  #text(query: Query, asked: Asked): Outcome {
    const { parts } = asked
    if (parts.depth === 1 && parts.first === 'dns-version') return this.#schemaVersion(query, asked)
    const hits = this.#finder.find(asked.zone, parts, asked.reading)
    if (hits === undefined || (hits.list.length === 0 && parts.zone === '')) return NAME_ERROR
    return this.#replies.noData(query, asked)
  }

  #schemaVersion(query: Query, asked: Asked): Reply {
    const record = {
      owner: asked.qname,
      type: TYPE.TXT,
      class: CLASS.IN,
      ttl: SCHEMA_VERSION_TTL,
      rdata: txtRdata(SCHEMA_VERSION),
    }
    const reply = this.#replies.reply(query, asked, { ...NO_RECORDS, answer: [record] })
    return { ...reply, lifetime: ALWAYS }
  }

  #alias(query: Query, asked: Asked): Outcome {
    const hits = this.#find(asked, TYPE.CNAME)
    if (hits === undefined) return NAME_ERROR
    const host = hits.list[0]?.host
    if (host === undefined || host.type !== TYPE.CNAME) return this.#replies.noData(query, asked)
    const { rdata } = host
    if (rdata === undefined) return silence(query, this.name)
    const { ttl } = this.#config
    const record = { owner: asked.qname, type: TYPE.CNAME, class: CLASS.IN, ttl, rdata }
    const reply = this.#replies.reply(query, asked, { ...NO_RECORDS, answer: [record] })
    return { ...reply, echoesSpelling: false }
  }

  #pointers(query: Query, asked: Asked): Outcome {
    const address = addressOfReverseName(asked.folded)
    if (address === undefined) {
      const hits = this.#finder.find(asked.zone, asked.parts, asked.reading)
      return hits === undefined ? NAME_ERROR : this.#replies.noData(query, asked)
    }
    const { primaryZone, ttl } = this.#config
    const answer = pointerRecords(this.#finder, asked, address, primaryZone, ttl)
    if (answer === undefined) return NAME_ERROR
    const records = answer === UNSPEAKABLE ? answer : { ...NO_RECORDS, answer }
    const reply = this.#replies.reply(query, asked, records)
    // Targets are spelled as configured, which shows where they end as the question does.
    return isAtOrBelow(primaryZone, ARPA) ? { ...reply, echoesSpelling: false } : reply
  }

  #nameservers(query: Query, asked: Asked): Outcome {
    asked.reading.everything()
    const hits = nameservers(this.#finder, this.localAddresses)
    const { ttl } = this.#config
    return this.#replies.reply(
      query,
      asked,
      nameserverRecords(asked.qname, asked.suffix, ttl, hits),
    )
  }

  /** Types of which no name here has records: whether the name exists is asked of its addresses. */
  #anythingElse(query: Query, asked: Asked): Outcome {
    return this.#find(asked, TYPE.A) === undefined ? NAME_ERROR : this.#replies.noData(query, asked)
  }

  /** What a name leads to, `ns.dns` included; undefined for a name error. */
  #find(asked: Asked, type: number): Hits | undefined {
    if (!isDefaultNameserver(asked.folded, asked.suffix)) {
      return this.#finder.find(asked.zone, asked.parts, asked.reading)
    }
    if (type !== TYPE.A && type !== TYPE.AAAA) return NOTHING
    asked.reading.everything()
    return new Hits(nameservers(this.#finder, this.localAddresses))
  }

  /** Falling through comes before the question whether the store knows everything yet: so it is with the reference. */
  #nameError(query: Query, asked: Asked, next: Next): Reply | Promise<Reply> {
    if (covers(this.#config.fallthrough, asked.folded)) {
      return whenDone(next(query), (reply) => this.#fallenThrough(reply, asked))
    }
    const why = () => whyDenied(asked, this.#finder, this.#config, this.synced)
    if (!this.synced) return { ...this.#replies.negative(query, asked, RCODE.SERVFAIL), why }
    const below = deniedBelow(asked, query.qtype, this.#finder, this.#config)
    const reply = { ...this.#replies.negative(query, asked, RCODE.NXDOMAIN), why }
    return below === 0 ? reply : { ...reply, deniedBelow: below }
  }

  /** Another plugin's reply, which stands only as long as the name is an error here, and for no other name. */
  #fallenThrough(reply: Reply, asked: Asked): Reply {
    if (!reply.lifetime.repeatable) return reply
    const lifetime = this.synced ? asked.reading.shortest(reply.lifetime) : ONCE
    return { ...reply, lifetime, deniedBelow: 0 }
  }
}

function whenDoneWith<A, B>(value: A | Promise<A>, then: (value: A) => B | Promise<B>) {
  return value instanceof Promise ? value.then(then) : then(value)
}
