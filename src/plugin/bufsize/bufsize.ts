import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** Lowers the payload size of the client's OPT record for all that comes behind: upstreams are asked with it, and the reply is cut to it. */
export class Bufsize implements Plugin {
  readonly name = 'bufsize'
  readonly keepsLifetimes = true
  private readonly octets: number

  constructor(octets: number) {
    this.octets = octets
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { opt } = query
    if (opt === undefined || opt.udpSize <= this.octets) return next(query)
    const lowered = { opt: { ...opt, udpSize: this.octets } }
    return whenDone(next(query.with(lowered)), (reply) => {
      const askedWith = reply.askedWith ?? lowered
      // Made for a smaller client than the one that asked, so it must not be repeated to its like.
      return { ...reply, askedWith, lifetime: ONCE, deniedBelow: 0 }
    })
  }

  clearOf(): boolean {
    return true
  }
}
