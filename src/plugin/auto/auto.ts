import { RCODE } from '../../wire/codes.ts'
import type { Name } from '../../wire/name.ts'
import type { Rr } from '../../wire/record.ts'
import { answerFrom } from '../file/answer.ts'
import { transferOf } from '../file/transfer.ts'
import { shortest } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply } from '../reply.ts'
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
      if (this.isLast) return giveUp(query, this.name, RCODE.REFUSED)
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

  clearOf(branch: Name): boolean {
    return !touches(this.zones, branch)
  }

  transfer(zone: Name, serial: number | undefined): Iterable<readonly Rr[]> | undefined {
    const file = this.directory.file(zone)
    return file === undefined ? undefined : transferOf(file.zone, serial)
  }
}
