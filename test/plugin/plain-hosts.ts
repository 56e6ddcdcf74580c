import ipaddr from 'ipaddr.js'
import { ALWAYS } from '../../src/plugin/lifetime.ts'
import type { Query } from '../../src/plugin/query.ts'
import { giveUp, type Reply, replyTo } from '../../src/plugin/reply.ts'
import type { PluginModule } from '../../src/plugin/setup.ts'
import { CLASS, RCODE, TYPE } from '../../src/wire/codes.ts'
import { FLAG } from '../../src/wire/header.ts'
import { fold, name } from '../../src/wire/name.ts'
import type { Rr } from '../../src/wire/record.ts'
import { addressRdata } from './records.ts'

/** A stand-in for plugin hosts with inline lines only, for tests of what stands in front of it. */
export const plainHosts: PluginModule = {
  name: 'hosts',
  setup({ tokens }) {
    const byName = new Map<string, Rr[]>()
    tokens.next()
    while (tokens.nextBlock()) {
      const address = tokens.val()
      for (const text of tokens.remainingArgs()) {
        const owner = fold(name(text))
        byName.set(owner, [...(byName.get(owner) ?? []), record(owner, address)])
      }
    }
    return {
      name: 'hosts',
      keepsLifetimes: true,
      serve: (query) => answer(query, byName.get(query.folded)),
    }
  },
}

function record(owner: Rr['owner'], address: string): Rr {
  const type = ipaddr.parse(address).kind() === 'ipv4' ? TYPE.A : TYPE.AAAA
  return { owner, type, class: CLASS.IN, ttl: 3600, rdata: addressRdata(address) }
}

function answer(query: Query, records: readonly Rr[] | undefined): Reply {
  if (records === undefined) return giveUp(query, 'hosts', RCODE.SERVFAIL)
  const reply = replyTo(query, 'hosts', {
    answer: records
      .filter((rr) => rr.type === query.qtype)
      .map((rr) => ({ ...rr, owner: query.qname })),
    lifetime: ALWAYS,
  })
  return { ...reply, flags: reply.flags | FLAG.AA }
}
