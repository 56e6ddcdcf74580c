import type { Plugin } from '../../../src/plugin/plugin.ts'
import type { Query } from '../../../src/plugin/query.ts'
import { type Reply, replyTo } from '../../../src/plugin/reply.ts'
import type { PluginModule } from '../../../src/plugin/setup.ts'
import { RCODE, TYPE } from '../../../src/wire/codes.ts'
import { FLAG } from '../../../src/wire/header.ts'
import { isAtOrBelow, name, nameToText } from '../../../src/wire/name.ts'
import { rr } from '../harness.ts'

/** A directive whose work a test has no need of, or that it does itself. */
export function standIn(word: string, serve?: Plugin['serve']): PluginModule {
  return { name: word, setup: () => serve && { name: word, keepsLifetimes: true, serve } }
}

/** The recordings' upstream server: an address for what is below example.com, and nothing else exists. */
export const forward = standIn('forward', (query) => {
  const known = isAtOrBelow(query.folded, name('example.com.'))
  const exists = known && (query.qtype === TYPE.A || query.qtype === TYPE.ANY)
  return exists ? found(query) : missing(query)
})

function found(query: Query): Reply {
  const answer = [rr(`${nameToText(query.folded)} 60 IN A 192.0.2.80`)]
  return authoritative(replyTo(query, 'forward', { answer }))
}

function missing(query: Query): Reply {
  const authority = [rr('. 60 IN SOA a.root. b.root. 1 2 3 4 60')]
  return authoritative(replyTo(query, 'forward', { rcode: RCODE.NXDOMAIN, authority }))
}

const authoritative = (reply: Reply): Reply => ({ ...reply, flags: reply.flags | FLAG.AA })
