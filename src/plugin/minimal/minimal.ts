import { classOf, typeOf } from '../classify.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** Takes the authority and additional sections, an OPT record of its own included, out of positive replies. */
export class Minimal implements Plugin {
  readonly name = 'minimal'
  readonly keepsLifetimes = true
  private readonly wallClock: () => number

  /** @param wallClock milliseconds since 1970: a reply with expired signatures is no positive one */
  constructor(wallClock: () => number) {
    this.wallClock = wallClock
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    return whenDone(next(query), (reply) => this.strip(reply))
  }

  clearOf(): boolean {
    return true
  }

  private strip(reply: Reply): Reply {
    if (reply.kind !== 'message' || reply.error !== undefined) return reply
    const type = typeOf(reply, this.wallClock() / 1000)
    if (classOf(type) !== 'success' || type === 'DELEGATION') return reply
    return { ...reply, authority: [], additional: [], opt: undefined }
  }
}
