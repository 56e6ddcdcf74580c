import { setTimeout as sleep } from 'node:timers/promises'
import { CLASS, RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { join, type Name, name, ROOT } from '../../wire/name.ts'
import { type Octets, type Rr, soaRdata } from '../../wire/record.ts'
import type { Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo, silence } from '../reply.ts'

/** What goes wrong, and for which queries: every so manieth, 0 for none. */
export interface Misbehaviour {
  readonly drop: number
  readonly delay: number
  readonly delayMs: number
  /** Queries whose number has none of these bits get TC: the reference takes the amount for a mask. */
  readonly truncate: number
  /** Answers for A have thirty records. */
  readonly large: boolean
}

const A_RDATA = '\xc0\x00\x02\x35' as Octets
const AAAA_RDATA = octets('20010db8000000000000000000000053')
const LARGE_RECORDS = 30

/** Answers badly, for the tests of others. */
export class Erratic implements Plugin {
  readonly name = 'erratic'
  private queries = 0
  private readonly behaviour: Misbehaviour

  constructor(behaviour: Misbehaviour) {
    this.behaviour = behaviour
  }

  serve(query: Query): Reply | Promise<Reply> {
    const { drop, delay, delayMs, truncate } = this.behaviour
    const number = this.queries++
    if (drop > 0 && number % drop === 0) return silence(query, 'erratic')
    const reply = this.answer(query, truncate > 0 && (number & truncate) === 0)
    if (delay === 0 || number % delay !== 0) return reply
    return sleep(delayMs, reply)
  }

  /** Comes and goes, so that others see both. */
  ready(): boolean {
    return this.queries >= 3 && this.queries < 5
  }

  autoPath(): readonly Name[] {
    return [name('a.example.org'), name('b.example.org'), ROOT]
  }

  private answer(query: Query, truncated: boolean): Reply {
    const base = replyTo(query, 'erratic')
    const flags = base.flags | FLAG.AA | (truncated ? FLAG.TC : 0)
    const { qname: owner, qtype } = query
    if (qtype === TYPE.A) {
      const count = this.behaviour.large ? LARGE_RECORDS : 1
      return { ...base, flags, answer: Array(count).fill(record(owner, TYPE.A, A_RDATA)) }
    }
    if (qtype === TYPE.AAAA) {
      return { ...base, flags, answer: [record(owner, TYPE.AAAA, AAAA_RDATA)] }
    }
    if (qtype !== TYPE.AXFR) return giveUp(query, 'erratic', RCODE.SERVFAIL)
    const records = zoneRecords(owner, truncated)
    const transfer = { ...base, flags: base.flags | FLAG.AA }
    if (query.proto === 'udp') return { ...transfer, answer: records }
    return { ...transfer, stream: inOneBatch(records) }
  }
}

async function* inOneBatch(records: readonly Rr[]): AsyncGenerator<readonly Rr[]> {
  yield records
}

/** A small zone; without its last record when it is truncated. */
function zoneRecords(zone: Name, truncated: boolean): readonly Rr[] {
  const a = join(name('a'), zone) ?? zone
  const b = join(name('b'), zone) ?? zone
  const soa = record(
    zone,
    TYPE.SOA,
    soaRdata({
      mname: name('sns.dns.icann.org'),
      rname: name('noc.dns.icann.org'),
      serial: 2018050825,
      refresh: 7200,
      retry: 3600,
      expire: 1209600,
      minimum: 3600,
    }),
  )
  const records = [
    soa,
    record(zone, TYPE.NS, b as string as Octets),
    record(zone, TYPE.NS, a as string as Octets),
    record(a, TYPE.AAAA, octets('20010bd8000000000000000000000053')),
    record(b, TYPE.AAAA, octets('20010500000000000000000000000054')),
  ]
  return truncated ? records : [...records, soa]
}

function record(owner: Name, type: number, rdata: Octets): Rr {
  return { owner, type, class: CLASS.IN, ttl: 0, rdata }
}

function octets(hex: string): Octets {
  return Buffer.from(hex, 'hex').toString('latin1') as Octets
}
