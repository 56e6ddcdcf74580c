import { OPCODE } from '../../wire/codes.ts'
import { FLAG, opcodeOf } from '../../wire/header.ts'
import type { Name } from '../../wire/name.ts'
import type { Rr } from '../../wire/record.ts'
import { answerFrom, notMine } from '../file/answer.ts'
import { explainZone, replyBy } from '../file/explain.ts'
import { transferOf } from '../file/transfer.ts'
import { shortest } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo, silence } from '../reply.ts'
import type { Explanation } from '../why.ts'
import { covers, touches } from '../zones.ts'
import type { SecondaryZone } from './secondary-zone.ts'
import type { SecondaryZones } from './zones.ts'

/** Answers from zones that other servers have. */
export class Secondary implements Plugin {
  readonly name = 'secondary'
  readonly keepsLifetimes = true
  readonly zones: readonly Name[]
  /** Whether there is nothing behind it, so that what is not its own is refused. */
  isLast = false
  private readonly held: SecondaryZones
  private readonly fallthrough: readonly Name[]

  /** @param places where zones are or may be */
  constructor(held: SecondaryZones, fallthrough: readonly Name[], places: readonly Name[]) {
    this.held = held
    this.fallthrough = fallthrough
    this.zones = places
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const listed = this.held.lifetime()
    const zone = this.held.zoneFor(query.folded)
    if (zone === undefined) {
      if (this.isLast) return notMine(query, this.name)
      if (!covers(this.zones, query.folded)) return next(query)
      return this.passed(query, next, listed)
    }
    if (opcodeOf(query.flags) === OPCODE.NOTIFY) return this.notified(query, zone)
    const lifetime = shortest(listed, zone.lifetime())
    const fallsThrough = covers(this.fallthrough, query.folded)
    const answer = answerFrom(zone.zone, query, { by: this.name, lifetime, fallsThrough })
    const orNext = (reply: Reply | undefined) => reply ?? this.passed(query, next, lifetime)
    return answer instanceof Promise ? answer.then(orNext) : orNext(answer)
  }

  explain(query: Query, reply: Reply | undefined): Explanation | undefined {
    const zone = this.held.zoneFor(query.folded)
    return zone === undefined ? undefined : explainZone(query, replyBy(this.name, reply), zone.held)
  }

  clearOf(branch: Name): boolean {
    return !touches(this.zones, branch)
  }

  transfer(origin: Name, serial: number | undefined): Iterable<readonly Rr[]> | undefined {
    const zone = this.held.zone(origin)
    return zone === undefined ? undefined : transferOf(zone.zone, serial)
  }

  private passed(query: Query, next: Next, lifetime: Reply['lifetime']): Reply | Promise<Reply> {
    return whenDone(next(query), (reply) => ({
      ...reply,
      lifetime: shortest(reply.lifetime, lifetime),
      deniedBelow: 0,
    }))
  }

  /** Only a primary is listened to (RFC 1996 §3.10). */
  private notified(query: Query, zone: SecondaryZone): Reply {
    const { address } = query.exchange.client
    if (!zone.primaries.some((peer) => peer.address === address)) return silence(query, this.name)
    void zone.notified(address)
    const reply = replyTo(query, this.name)
    return { ...reply, flags: reply.flags | FLAG.AA }
  }
}
