import { type Stamps, type Store, stampKey } from '../../kube/store.ts'
import { RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import type { Rr } from '../../wire/record.ts'
import { ONCE } from '../lifetime.ts'
import type { Query } from '../query.ts'
import { type Reply, replyTo, silence } from '../reply.ts'
import { type Records, UNSPEAKABLE } from './answers.ts'
import type { Asked } from './asked.ts'
import { DEFAULT_NAMESERVER } from './nameservers.ts'
import { whyEmpty } from './why.ts'
import type { Zone } from './zones.ts'

const BY = 'kubernetes'

/** What replies are made with. */
export interface ReplyParts {
  readonly store: Store
  /** Name of the store among several: of the slot that all its changes bump, and of its serials. */
  readonly storeName: string
  /** Whether serials are noted somewhere, so that replies may name them. */
  readonly liveSerials: boolean
}

/** Makes the plugin's messages: authoritative, never with recursion available, the zone's SOA beside whatever is negative (RFC 2308 §3). */
export class Replies {
  readonly #parts: ReplyParts

  constructor(parts: ReplyParts) {
    this.#parts = parts
  }

  /** A reply with records, and without any NODATA. */
  reply(query: Query, asked: Asked, records: Records | typeof UNSPEAKABLE): Reply {
    if (records === UNSPEAKABLE) return silence(query, BY)
    if (records.answer.length === 0) return this.noData(query, asked)
    return replyTo(query, BY, {
      flags: flagsOf(query),
      answer: records.answer,
      additional: records.additional,
      lifetime: asked.reading.lifetime(),
      echoesSpelling: echoesSpelling(query, asked),
    })
  }

  noData(query: Query, asked: Asked): Reply {
    const reply = this.negative(query, asked, RCODE.NOERROR)
    return { ...reply, why: () => whyEmpty(query.qtype) }
  }

  /** Nothing negative is repeated before the store knows everything. */
  negative(query: Query, asked: Asked, rcode: number): Reply {
    const { record, liveSerial } = this.#zoneSoa(asked)
    return replyTo(query, BY, {
      flags: flagsOf(query),
      rcode,
      authority: [record],
      lifetime: this.#parts.store.synced ? asked.reading.lifetime() : ONCE,
      echoesSpelling: echoesSpelling(query, asked),
      liveSerial,
    })
  }

  /** The apex asked for its SOA. */
  soa(query: Query, asked: Asked): Reply {
    const { record, liveSerial } = this.#zoneSoa(asked)
    return replyTo(query, BY, {
      flags: flagsOf(query),
      answer: [record],
      lifetime: asked.reading.lifetime(),
      echoesSpelling: echoesSpelling(query, asked),
      liveSerial,
    })
  }

  /** The name by which replies tell of a serial; undefined where none is noted. */
  liveSerial(stamp: keyof Stamps): string | undefined {
    return this.#parts.liveSerials ? serialName(this.#parts.storeName, stamp) : undefined
  }

  /** The zone's SOA and how the reply tells of its serial: by name, or by ending with it. */
  #zoneSoa(asked: Asked): { record: Rr; liveSerial: string | undefined } {
    const stamp = stampOf(asked.zone)
    const liveSerial = this.liveSerial(stamp)
    if (liveSerial === undefined) asked.reading.key(stampKey(stamp))
    const record = asked.zone.soa(asked.suffix, this.#parts.store.stamps[stamp])
    return { record, liveSerial }
  }
}

/** The name of a store's serial among the live ones. */
export function serialName(store: string, stamp: keyof Stamps): string {
  return `${stamp}@${store}`
}

/** Whether another spelling of the name gets the same but for itself: not where the reference looks at the spelling of the zone. */
function echoesSpelling(query: Query, asked: Asked): boolean {
  const apex = asked.folded === asked.zone.name
  if (apex && query.qtype === TYPE.NS) return false
  // The SOA has these labels in lower case, and would point into the name.
  const { first } = asked.parts
  return first !== 'dns' && first !== 'hostmaster' && !asked.folded.startsWith(DEFAULT_NAMESERVER)
}

function stampOf(zone: Zone): keyof Stamps {
  return zone.grammar.multicluster ? 'multicluster' : 'internal'
}

function flagsOf(query: Query): number {
  const copied = (query.flags & FLAG.OPCODE) === 0 ? FLAG.RD | FLAG.CD : 0
  return FLAG.QR | FLAG.AA | (query.flags & (FLAG.OPCODE | copied))
}
