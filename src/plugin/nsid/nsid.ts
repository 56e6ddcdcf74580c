import { OPTION } from '../../wire/codes.ts'
import { DNSSEC_OK, type Opt } from '../../wire/edns.ts'
import type { Octets } from '../../wire/record.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** Says which server this is to clients that ask for it (RFC 5001). */
export class Nsid implements Plugin {
  readonly name = 'nsid'
  readonly keepsLifetimes = true
  private readonly data: Octets

  constructor(data: Octets) {
    this.data = data
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { opt } = query
    if (opt === undefined || !opt.options.some(isNsid)) return next(query)
    return whenDone(next(query), (reply) => {
      if (reply.kind !== 'message') return reply
      return { ...reply, opt: this.identify(reply.opt, opt), lifetime: ONCE, deniedBelow: 0 }
    })
  }

  clearOf(): boolean {
    return true
  }

  /** An OPT record made here has DO set, whatever the client's has: what the reference sends. */
  private identify(own: Opt | undefined, asked: Opt): Opt {
    const option = { code: OPTION.NSID, data: this.data }
    if (own === undefined) {
      const { udpSize } = asked
      return { udpSize, extendedRcode: 0, version: 0, flags: DNSSEC_OK, options: [option] }
    }
    return { ...own, options: [...own.options.filter((other) => !isNsid(other)), option] }
  }
}

const isNsid = ({ code }: { readonly code: number }): boolean => code === OPTION.NSID
