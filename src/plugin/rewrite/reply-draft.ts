import { CLASS, TYPE } from '../../wire/codes.ts'
import type { Opt, Option } from '../../wire/edns.ts'
import { type Name, nameFromText, nameToText, ROOT } from '../../wire/name.ts'
import { endOfName, type Octets, type Rr } from '../../wire/record.ts'
import { type Lifetime, ONCE } from '../lifetime.ts'
import type { Query } from '../query.ts'
import { type Reply, silence } from '../reply.ts'
import type { Rename, ReplyRule } from './reply-rules.ts'

/** A record that rules change in its place. */
export type Cell = { -readonly [K in keyof Rr]: Rr[K] }

/** A reply while rules are applied to it. */
export class ReplyDraft {
  readonly reply: Reply
  /** The query that it is the reply to, as those behind saw it. */
  readonly asked: Query
  rcode: number
  flags: number
  authority: Cell[]
  answer: Cell[]
  additional: Cell[]
  /** Options of its OPT record. */
  options: readonly Option[]
  lifetime: Lifetime
  /** What another lookup brought along. */
  merged: Partial<Reply> = {}

  private readonly opt: Opt | undefined
  private readonly optCell: Cell | undefined
  private names: 'kept' | 'changed' | 'broken' = 'kept'

  constructor(reply: Reply, asked: Query) {
    this.reply = reply
    this.asked = asked
    this.rcode = reply.rcode
    this.flags = reply.flags
    this.authority = reply.authority.map((record) => ({ ...record }))
    this.answer = reply.answer.map((record) => ({ ...record }))
    this.additional = reply.additional.map((record) => ({ ...record }))
    this.options = reply.opt?.options ?? []
    this.lifetime = reply.lifetime
    this.opt = reply.opt
    this.optCell = reply.opt && optRecord(reply.opt)
  }

  /** What a name becomes; undefined when it stays as it is. A text that is no name makes the reply unspeakable. */
  renamed(name: Name, rename: Rename): Name | undefined {
    const before = nameToText(name)
    const after = rename(before)
    if (after === before) return undefined
    const changed = nameFromText(after)
    this.noteName(changed)
    return changed
  }

  /** Notes that a name was changed; one that is none makes the reply unspeakable. */
  noteName(changed: Name | undefined): void {
    this.names = changed === undefined || this.names === 'broken' ? 'broken' : 'changed'
  }

  /** @param floor whether a TTL that counts down would be stopped at some time */
  setTtl(record: Cell, ttl: number, floor: boolean): void {
    const counts = this.lifetime.until !== Number.POSITIVE_INFINITY
    if (record !== this.optCell && counts && (floor || ttl !== record.ttl)) this.lifetime = ONCE
    record.ttl = ttl
  }

  /** Applies rules to every record, the last rule first. Waits where one of them does. */
  apply(rules: readonly ReplyRule[]): void | Promise<void> {
    return drive(this.steps(rules.toReversed()))
  }

  /** The reply that came of it. A name that cannot be sent makes it silence, as in the reference. */
  finished(): Reply {
    const { reply, rcode, flags, authority, answer, additional, lifetime, names } = this
    if (names === 'broken') return silence(this.asked, reply.by)
    const echoesSpelling = reply.echoesSpelling && names === 'kept'
    const opt = this.opt && { ...this.opt, flags: this.optFlags, options: this.options }
    // The flags of OPT are the client's to choose: those that a TTL rule makes are for this one only.
    const own = opt?.flags === this.opt?.flags ? { lifetime } : { lifetime: ONCE, deniedBelow: 0 }
    const sections = { authority, answer, additional }
    return { ...reply, ...this.merged, rcode, flags, ...sections, opt, echoesSpelling, ...own }
  }

  private get optFlags(): number {
    return (this.optCell?.ttl ?? 0) & 0xffff
  }

  private *steps(rules: readonly ReplyRule[]): Generator<Promise<void>, void> {
    yield* this.over(this.authority, rules)
    yield* this.over(this.answer, rules)
    yield* this.over(this.additional, rules)
    if (this.optCell !== undefined) yield* this.over([this.optCell], rules)
    else if (this.answer.length + this.authority.length + this.additional.length === 0) {
      for (const rule of rules) if (rule.ofMessage === true) rule.apply(this, NOTHING)
    }
  }

  private *over(
    records: readonly Cell[],
    rules: readonly ReplyRule[],
  ): Generator<Promise<void>, void> {
    for (const record of records) {
      for (const rule of rules) {
        const waiting = rule.apply(this, record)
        if (waiting instanceof Promise) yield waiting
      }
    }
  }
}

/** What rules of messages are called with where there is no record. */
const NOTHING: Cell = optRecord(undefined)

/** OPT as the record that it is on the wire (RFC 6891 §6.1.3): rules about TTLs change its flags, as in the reference. */
function optRecord(opt: Opt | undefined): Cell {
  const { extendedRcode = 0, version = 0, flags = 0, udpSize = CLASS.IN } = opt ?? {}
  const ttl = extendedRcode * 0x1000000 + version * 0x10000 + flags
  return { owner: ROOT, type: TYPE.OPT, class: udpSize, ttl, rdata: '' as Octets }
}

function drive(steps: Generator<Promise<void>, void>): void | Promise<void> {
  const { done, value } = steps.next()
  if (done !== true) return value.then(() => drive(steps))
}

/** Octets in front of the name that a record leads to. */
const TARGET_AT = new Map<number, number>([
  [TYPE.SRV, 6],
  [TYPE.MX, 2],
  [TYPE.CNAME, 0],
  [TYPE.NS, 0],
  [TYPE.DNAME, 0],
  [TYPE.SOA, 0],
  [TYPE.PTR, 0],
])

/** The name that a record leads to; of an SOA the primary server. Undefined for records that lead to none. */
export function targetOf({ type, rdata }: Rr): Name | undefined {
  const at = targetAt(type, rdata)
  return at === undefined ? undefined : (rdata.slice(at, endOfName(rdata, at)) as Name)
}

/** RDATA with another name in that place. */
export function withTarget({ type, rdata }: Rr, target: Name): Octets {
  const at = targetAt(type, rdata) ?? 0
  return (rdata.slice(0, at) + target + rdata.slice(endOfName(rdata, at))) as Octets
}

function targetAt(type: number, rdata: Octets): number | undefined {
  if (type !== TYPE.NAPTR) return TARGET_AT.get(type)
  // Order and preference, then three character-strings (RFC 3403 §4.1).
  let at = 4
  for (let string = 0; string < 3; string++) at += rdata.charCodeAt(at) + 1
  return at
}
