import ipaddr from 'ipaddr.js'
import { TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { join, type Name, name, ROOT } from '../../wire/name.ts'
import { type Octets, type Rr, srvRdata } from '../../wire/record.ts'
import type { Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { replyTo } from '../reply.ts'

const PREFIXES = { udp: name('_udp'), tcp: name('_tcp') }

/** Tells clients where they come from: their address, and their port and protocol as an SRV, in the additional section. */
export const whoami: Plugin = {
  name: 'whoami',
  serve(query) {
    const { address, port } = query.exchange.client
    const additional = [addressRecord(query, address)]
    const owner = join(PREFIXES[query.proto], query.qname)
    // A name of 251 octets or more has no room for one more label, and a longer one nobody could read.
    if (owner !== undefined) additional.push(portRecord(query, owner, port))
    const reply = replyTo(query, 'whoami', { additional })
    return { ...reply, flags: reply.flags | FLAG.AA }
  },
}

function addressRecord(query: Query, address: string): Rr {
  const octets = ipaddr.parse(address.replace(/%.*$/, '')).toByteArray()
  const type = octets.length === 4 ? TYPE.A : TYPE.AAAA
  const rdata = String.fromCharCode(...octets) as Octets
  return { owner: query.qname, type, class: query.qclass, ttl: 0, rdata }
}

function portRecord(query: Query, owner: Name, port: number): Rr {
  return {
    owner,
    type: TYPE.SRV,
    class: query.qclass,
    ttl: 0,
    rdata: srvRdata(0, 0, port, ROOT),
  }
}
