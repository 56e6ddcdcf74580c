import type { Repeat } from '../net/front.ts'
import type { Owed } from '../plugin/lifetime.ts'
import { type Exchange, Query } from '../plugin/query.ts'
import type { Count, Observer as Onlooker, Reply } from '../plugin/reply.ts'
import type { Publication, Published } from '../table/publish.ts'
import type { Table } from '../table/table.ts'
import { type Opt, optOctets } from '../wire/edns.ts'
import { ancestor, countLabels, type Name } from '../wire/name.ts'
import { readMessage } from '../wire/reader.ts'
import { type Rr, rdataLayout } from '../wire/record.ts'
import { MAX_MESSAGE_OCTETS, Writer } from '../wire/writer.ts'
import { ClosedZones } from './closed.ts'
import { contentOf } from './finish.ts'
import type { Observer } from './observe/observer.ts'
import type { Router } from './router.ts'

/** What an observation of a repetition needs to be told to those who asked for it. */
interface Context {
  readonly router: Router
  readonly zone: Name | undefined
  readonly view: string
  readonly observers: readonly Onlooker[]
}

/** Hands replies that may be repeated to the answer table, for one configuration of one listener. */
export class Publisher {
  private readonly table: Table
  private readonly router: Router
  private readonly scope: number
  private readonly now: () => number
  private readonly writer = new Writer()
  private readonly closedZones: ClosedZones
  private readonly observer: Observer | undefined

  /** @param scope the listener's configuration in the table */
  constructor(table: Table, router: Router, scope: number, now: () => number, observer?: Observer) {
    this.table = table
    this.router = router
    this.scope = scope
    this.now = now
    this.closedZones = new ClosedZones(table, now)
    this.observer = observer
  }

  /** Ends what it keeps for the configuration. */
  close(): void {
    this.closedZones.close()
    this.table.closeScope(this.scope)
  }

  /**
   * Publishes a finished reply, if it says that it may be repeated.
   *
   * @param message the reply as it goes to this client
   * @param opt its OPT record
   * @param truncated whether records of it did not fit
   * @param waited whether the chain had to wait for it
   */
  publish(
    query: Query,
    reply: Reply,
    message: Uint8Array,
    opt: Opt | undefined,
    truncated: boolean,
    waited: boolean,
  ): Published | undefined {
    const { lifetime } = reply
    const { packet, transport } = query.exchange
    // An OPT with an error of its own cannot echo options too.
    if (reply.extendedError !== undefined && query.opt?.options.length !== 0) return undefined
    if (!lifetime.repeatable || !query.repeatable || reply.kind !== 'message') return undefined
    if (packet === undefined || reply.sign !== undefined) return undefined
    // What a plugin made of the client's OPT is repeated as it is, and must not hold options of one client.
    if (reply.askedWith !== undefined && (query.opt?.options.length ?? 0) > 0) return undefined
    const deniedBelow = this.branch(query, reply)
    const observers = owed(reply, (part) => part.observers)
    const counting = lifetime.until !== Number.POSITIVE_INFINITY && hasKept(reply)
    const steady = counting ? steadyRecords(reply) : undefined
    // Which records fitted, and with that which is which, is not known here.
    if (truncated && steady !== undefined) return undefined
    return this.table.publish({
      scope: this.scope,
      query: packet,
      stream: transport !== 'udp',
      message,
      optOctets: opt === undefined ? 0 : optOctets(opt),
      opt: optKind(reply),
      versions: lifetime.versions,
      until: lifetime.until,
      countsDownFrom: counting ? this.now() : undefined,
      steady,
      liveSerial: reply.liveSerial,
      rotates: reply.rotates,
      whole: truncated && reply.rotates ? this.whole(query, reply, opt) : undefined,
      anySpelling: reply.echoesSpelling && !spellsZone(reply),
      deniedBelow,
      // What an error says is true of its branch, and not of all other names that do not exist.
      closed:
        deniedBelow === 0 || reply.extendedError !== undefined
          ? undefined
          : this.closed(query, reply),
      dear: waited,
      counts: this.counts(reply),
      observed: observers.length > 0,
      context: this.context(query, observers),
    })
  }

  private whole(query: Query, reply: Reply, opt: Opt | undefined): Uint8Array {
    return this.writer.write(contentOf(query, reply, opt), MAX_MESSAGE_OCTETS)
  }

  /** Labels of the branch that the reply denies, where no plugin in front and no other zone has a say in it; 0 for the name alone. */
  private branch(query: Query, reply: Reply): number {
    if (reply.deniedBelow === 0) return 0
    const branch = ancestor(query.folded, countLabels(query.folded) - reply.deniedBelow)
    return this.router.mayDenyBelow(query, branch, reply.by) ? reply.deniedBelow : 0
  }

  /** The zone that the denial speaks for, where the plugin that made it knows all that may exist there and no plugin in front has a say in it. */
  private closed(query: Query, reply: Reply): Publication['closed'] {
    const zone = this.router.closedZone(query, reply.by)
    if (zone === undefined) return undefined
    const others = this.router.zonesBelow(zone.zone, query.zone)
    return this.closedZones.filterOf(zone, countLabels(zone.zone), others)
  }

  private counts(reply: Reply): readonly Count[] {
    const counts = owed(reply, (part) => part.counts)
    return this.observer?.isOn === true ? [...counts, this.observer.repeated(reply)] : counts
  }

  private context(query: Query, observers: readonly Onlooker[]): Context | undefined {
    if (observers.length === 0) return undefined
    return { router: this.router, zone: query.zone, view: query.view, observers }
  }
}

/** What a repetition owes to the lookups that the reply was made with, and to the reply itself. */
function owed<T>(reply: Reply, of: (part: Owed) => readonly T[]): readonly T[] {
  const { lookups } = reply.lifetime
  return lookups === undefined ? of(reply) : [...lookups.flatMap(of), ...of(reply)]
}

/** Whether TTLs of the reply count down. */
function hasKept({ answer, authority, additional }: Reply): boolean {
  const ages = (rr: Rr) => rr.ages === true
  return answer.some(ages) || authority.some(ages) || additional.some(ages)
}

/** Places of the records whose TTLs stay, in a reply that others of were kept by a cache; undefined where all count down. */
function steadyRecords({ answer, authority, additional }: Reply): ReadonlySet<number> | undefined {
  const steady = new Set<number>()
  const records = [...answer, ...authority, ...additional]
  records.forEach((rr, place) => {
    if (rr.ages !== true) steady.add(place)
  })
  return steady.size === 0 ? undefined : steady
}

function optKind(reply: Reply): Publication['opt'] {
  if (reply.askedWith !== undefined) return 'fixed'
  return reply.opt !== undefined || reply.extendedError !== undefined ? 'own' : 'echoed'
}

/** Whether a name that is written in full ends as the qname does, so that its spelling stands in the octets. */
function spellsZone({ question, answer, authority, additional }: Reply): boolean {
  if (question === undefined) return true
  const last = lastLabel(question.qname)
  const spells = (rr: Rr) =>
    rdataLayout(rr.type)?.includes('name') === true && rr.rdata.toLowerCase().endsWith(last)
  return answer.some(spells) || authority.some(spells) || additional.some(spells)
}

function lastLabel(qname: Name): string {
  const labels = countLabels(qname)
  return ancestor(qname, Math.max(0, labels - 1)).toLowerCase()
}

/** Tells a repetition to those who asked for each: plugin log. */
export function tellRepeat({ context, query: packet, peer, seconds }: Repeat): void {
  const known = context as Context | undefined
  if (known === undefined) return
  const message = readMessage(packet)
  if (message.question === undefined) return
  const exchange: Exchange = {
    transport: peer.transport,
    client: peer.client,
    local: peer.local,
    listener: known.router,
    started: 0,
    packet,
    depth: 0,
    deadline: Number.POSITIVE_INFINITY,
  }
  const query = new Query(exchange, { ...message, question: message.question }, message)
  query.zone = known.zone
  query.view = known.view
  for (const observer of known.observers) observer(query, seconds)
}
