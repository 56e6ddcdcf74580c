import { CLASS, TYPE } from '../../wire/codes.ts'
import type { Name } from '../../wire/name.ts'
import { txtRdata } from '../../wire/record.ts'
import { ALWAYS } from '../lifetime.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo } from '../reply.ts'

/** RFC 8482 §4.2: a HINFO record instead of all that there is. */
const RDATA = txtRdata('ANY obsoleted', 'See RFC 8482')
const TTL = 8482

/** Answers queries of type ANY by itself. */
export const any: Plugin = {
  name: 'any',
  keepsLifetimes: true,

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    if (query.qtype !== TYPE.ANY) return next(query)
    const owner = query.qname
    const answer = [{ owner, type: TYPE.HINFO, class: CLASS.IN, ttl: TTL, rdata: RDATA }]
    return replyTo(query, 'any', { answer, lifetime: ALWAYS })
  },

  clearOf: (_branch: Name, qtype: number) => qtype !== TYPE.ANY,
}
