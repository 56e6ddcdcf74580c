import { OPCODE } from '../../wire/codes.ts'
import { opcodeOf } from '../../wire/header.ts'
import type { Name } from '../../wire/name.ts'
import type { Rr } from '../../wire/record.ts'
import { shortest } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, silence } from '../reply.ts'
import type { Explanation } from '../why.ts'
import { covers, touches } from '../zones.ts'
import { answerFrom, notMine } from './answer.ts'
import { closest } from './closest.ts'
import { explainZone, replyBy } from './explain.ts'
import { transferOf } from './transfer.ts'
import type { ZoneFile } from './zone-file.ts'

/** Answers from zones in master files. */
export class File implements Plugin {
  readonly name = 'file'
  readonly keepsLifetimes = true
  readonly zones: readonly Name[]
  /** Whether there is nothing behind it, so that what is not its own is refused. */
  isLast = false
  private readonly files: ReadonlyMap<Name, ZoneFile>
  private readonly fallthrough: readonly Name[]

  constructor(files: ReadonlyMap<Name, ZoneFile>, fallthrough: readonly Name[]) {
    this.files = files
    this.zones = [...files.keys()]
    this.fallthrough = fallthrough
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const file = closest(this.files, query.folded)
    if (file === undefined) {
      return this.isLast ? notMine(query, this.name) : next(query)
    }
    // Nobody is listened to who says that a zone of ours has changed.
    if (opcodeOf(query.flags) === OPCODE.NOTIFY) return silence(query, this.name)
    const lifetime = file.lifetime()
    const fallsThrough = covers(this.fallthrough, query.folded)
    const answer = answerFrom(file.zone, query, { by: this.name, lifetime, fallsThrough })
    const orNext = (reply: Reply | undefined) =>
      reply ??
      whenDone(next(query), (other) => ({
        ...other,
        lifetime: shortest(other.lifetime, lifetime),
        deniedBelow: 0,
      }))
    return answer instanceof Promise ? answer.then(orNext) : orNext(answer)
  }

  explain(query: Query, reply: Reply | undefined): Explanation | undefined {
    const file = closest(this.files, query.folded)
    return file === undefined ? undefined : explainZone(query, replyBy(this.name, reply), file.held)
  }

  clearOf(branch: Name): boolean {
    return !touches(this.zones, branch)
  }

  transfer(zone: Name, serial: number | undefined): Iterable<readonly Rr[]> | undefined {
    const file = this.files.get(zone)
    return file === undefined ? undefined : transferOf(file.zone, serial)
  }
}
