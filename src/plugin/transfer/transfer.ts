import type { Logger } from '../../log.ts'
import { RCODE, TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { type Rr, readSoa } from '../../wire/record.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply, replyTo } from '../reply.ts'
import type { Notifier } from './notify.ts'
import { ruleFor, type TransferRule } from './rule.ts'

/** Octets of uncompressed records in one message of a transfer: room is left for header, question and signature. */
const MAX_BATCH_OCTETS = 63_000

/** Sends zones to other servers (RFC 5936; RFC 1995 with the whole zone or the SOA alone), and tells them of changes (RFC 1996). */
export class Transfer implements Plugin {
  readonly name = 'transfer'
  readonly keepsLifetimes = true
  /** The plugins of the block that have zones to transfer, in chain order. */
  sources: readonly Plugin[] = []
  private readonly rules: readonly TransferRule[]
  private readonly notifier: Notifier
  private readonly log: Logger

  constructor(rules: readonly TransferRule[], notifier: Notifier, log: Logger) {
    this.rules = rules
    this.notifier = notifier
    this.log = log
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { qtype, folded } = query
    if (qtype !== TYPE.AXFR && qtype !== TYPE.IXFR) return next(query)
    if (query.proto !== 'tcp') return giveUp(query, this.name, RCODE.REFUSED)
    const rule = ruleFor(this.rules, folded)
    if (rule === undefined) return next(query)
    if (!mayTransfer(rule, query)) return replyTo(query, this.name, { rcode: RCODE.REFUSED })
    const serial = qtype === TYPE.IXFR ? serialIn(query) : 0
    if (serial === undefined) return giveUp(query, this.name, RCODE.SERVFAIL)
    const records = this.recordsOf(folded, serial)
    return records === undefined ? next(query) : this.send(query, records)
  }

  /** Nothing is done to any question but those for transfers, which are never repeated. */
  clearOf(_branch: Name, qtype: number): boolean {
    return qtype !== TYPE.AXFR && qtype !== TYPE.IXFR
  }

  /** Tells the zone's other servers that it has changed. */
  notify(zone: Name): void {
    const rule = ruleFor(this.rules, zone)
    if (rule !== undefined) this.notifier.send(zone, rule)
  }

  private recordsOf(zone: Name, serial: number): Iterable<readonly Rr[]> | undefined {
    for (const source of this.sources) {
      const records = source.transfer?.(zone, serial === 0 ? undefined : serial)
      if (records !== undefined) return records
    }
    return undefined
  }

  private send(query: Query, records: Iterable<readonly Rr[]>): Reply {
    const batches = batchesOf(records)
    const [first, second] = [batches.next(), batches.next()]
    const soa = first.done ? undefined : first.value[0]
    if (soa?.type !== TYPE.SOA) return giveUp(query, this.name, RCODE.SERVFAIL, 'no SOA')
    const { serial } = readSoa(soa.rdata)
    const whom = `${JSON.stringify(nameToText(query.qname))} to ${query.exchange.client.address}`
    // The SOA may stand alone in its message also because what follows fills the next one.
    if (first.value?.length === 1 && second.done) {
      this.log.info(
        `Outgoing noop, incremental transfer for up to date zone ${whom} for ${serial} SOA serial`,
      )
      return replyTo(query, this.name, { answer: [soa] })
    }
    const told = (count: number) =>
      this.log.info(
        `Outgoing transfer of ${count} records of zone ${whom} for ${serial} SOA serial`,
      )
    const reply = replyTo(query, this.name, {
      stream: streamOf([first, second], batches, told),
    })
    return { ...reply, flags: reply.flags | FLAG.AA }
  }
}

function mayTransfer(rule: TransferRule, query: Query): boolean {
  const { address } = query.exchange.client
  return rule.anyone || rule.targets.some((target) => target.address === address)
}

/** The serial that an IXFR query's authority section tells (RFC 1995 §3); undefined when it is not one SOA. */
function serialIn({ message }: Query): number | undefined {
  const [soa, ...others] = message.authority
  if (soa?.type !== TYPE.SOA || others.length > 0 || soa.rdata === '') return undefined
  return readSoa(soa.rdata).serial
}

function* batchesOf(records: Iterable<readonly Rr[]>): Generator<Rr[]> {
  let batch: Rr[] = []
  let octets = 0
  for (const some of records) {
    for (const rr of some) {
      const size = rr.owner.length + 10 + rr.rdata.length
      if (batch.length > 0 && octets + size > MAX_BATCH_OCTETS) {
        yield batch
        batch = []
        octets = 0
      }
      batch.push(rr)
      octets += size
    }
  }
  if (batch.length > 0) yield batch
}

async function* streamOf(
  begun: readonly IteratorResult<Rr[]>[],
  rest: Iterable<Rr[]>,
  done: (count: number) => void,
): AsyncGenerator<readonly Rr[]> {
  let count = 0
  for (const { value } of begun.filter((result) => !result.done)) {
    count += value.length
    yield value
  }
  for (const batch of rest) {
    count += batch.length
    yield batch
  }
  done(count)
}
