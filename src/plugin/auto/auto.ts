import { type Name, nameToText } from '../../wire/name.ts'
import type { Rr } from '../../wire/record.ts'
import { answerFrom, notMine } from '../file/answer.ts'
import { explainZone, replyBy } from '../file/explain.ts'
import { transferOf } from '../file/transfer.ts'
import { shortest } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import { type Explanation, some } from '../why.ts'
import { covers, touches } from '../zones.ts'
import type { Directory } from './directory.ts'

/** Answers from the zones whose files lie in a directory. */
export class Auto implements Plugin {
  readonly name = 'auto'
  readonly keepsLifetimes = true
  readonly zones: readonly Name[]
  /** Whether there is nothing behind it, so that what is not its own is refused. */
  isLast = false
  private readonly directory: Directory

  /** @param origins where zones may be at or below */
  constructor(origins: readonly Name[], directory: Directory) {
    this.zones = origins
    this.directory = directory
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (!covers(this.zones, query.folded)) return next(query)
    const listed = this.directory.lifetime()
    const file = this.directory.fileFor(query.folded)
    if (file === undefined) {
      if (this.isLast) return notMine(query, this.name)
      return whenDone(next(query), (reply) => ({
        ...reply,
        lifetime: shortest(reply.lifetime, listed),
        deniedBelow: 0,
      }))
    }
    const lifetime = shortest(listed, file.lifetime())
    const manner = { by: this.name, lifetime, disownsAliases: true }
    return answerFrom(file.zone, query, manner) as Reply | Promise<Reply>
  }

  explain(query: Query, reply: Reply | undefined): Explanation | undefined {
    if (!covers(this.zones, query.folded)) return undefined
    const file = this.directory.fileFor(query.folded)
    if (file !== undefined) return explainZone(query, replyBy(this.name, reply), file.held)
    const { path, origins } = this.directory
    const found = origins.map(nameToText)
    const says = `has ${some(found) || 'no zones'}, none of them for this name`
    return { facts: [{ kind: 'directory', name: path, says }], problems: [] }
  }

  clearOf(branch: Name): boolean {
    return !touches(this.zones, branch)
  }

  transfer(zone: Name, serial: number | undefined): Iterable<readonly Rr[]> | undefined {
    const file = this.directory.file(zone)
    return file === undefined ? undefined : transferOf(file.zone, serial)
  }
}
