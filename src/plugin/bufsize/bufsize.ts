import type { Opt } from '../../wire/edns.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Observer, Reply } from '../reply.ts'

/** Lowers the payload size of the client's OPT record for all that comes behind: upstreams are asked with it, and the reply is cut to it. */
export class Bufsize implements Plugin {
  readonly name = 'bufsize'
  readonly keepsLifetimes = true
  private readonly octets: number

  constructor(octets: number) {
    this.octets = octets
  }

  /** The reply is for clients of just that size: its OPT may show another, and larger ones of the same size class would get another. */
  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { opt } = query
    if (opt === undefined) return next(query)
    const lowers = opt.udpSize > this.octets
    const asked = lowers ? { opt: { ...opt, udpSize: this.octets } } : { opt }
    return whenDone(next(lowers ? query.with(asked) : query), (reply) => ({
      ...reply,
      askedWith: reply.askedWith ?? asked,
      // Those behind see each repetition as they would have got it.
      observers: lowers
        ? reply.observers.map((observer) => lowered(observer, asked))
        : reply.observers,
      // A longer name of the branch might not fit any more.
      deniedBelow: lowers ? 0 : reply.deniedBelow,
    }))
  }

  clearOf(): boolean {
    return true
  }
}

function lowered(observer: Observer, asked: { readonly opt: Opt }): Observer {
  return (query, seconds) => observer(query.with(asked), seconds)
}
