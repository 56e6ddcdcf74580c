import { MAX_TOP, type Snapshot, type TopFailing, type TopName } from '../../plugin/observe.ts'
import { RCODE, typeToText } from '../../wire/codes.ts'
import { type Name, nameToText } from '../../wire/name.ts'
import { isFailing, outcomeToText } from './outcome.ts'
import { type Counted, mostOf, Sketch } from './sketch.ts'

/** Counters of each sketch: whoever sends more than one query in so many is in the tables. */
export const CAPACITY = 512
/** Clients of a failing name that are remembered. */
export const MAX_CLIENTS = 3
/** How long a sketch is filled before the next takes its place; the tables are of both. */
export const EPOCH_MS = 60_000

/** One query that speaks for `weight` of them. */
export interface Asked {
  readonly client: string
  /** In lower case. */
  readonly name: Name
  readonly qtype: number
  /** See outcome.ts. */
  readonly outcome: number
  readonly weight: number
}

/** The name of the Pod that has an address. */
export type PodOf = (address: string) => string | undefined

/** What one epoch has seen. */
class Epoch {
  readonly clients = new Sketch(CAPACITY)
  readonly names = new Sketch(CAPACITY)
  /** Names that do not exist apart from other failures: there are always many, and they must not hide an upstream that fails. */
  readonly denied = new Sketch(CAPACITY)
  readonly failed = new Sketch(CAPACITY)
  /** By a failing name's key, the last who asked first. */
  readonly askers = new Map<string, string[]>()
  since: number

  constructor(since: number) {
    this.since = since
  }

  restart(at: number): void {
    this.since = at
    this.askers.clear()
    for (const sketch of [this.clients, this.names, this.denied, this.failed]) sketch.clear()
  }
}

/** The tables of who asks most, what is asked most, and what fails most, of the last minute or two. Bounded, whoever asks and whatever is asked. */
export class Tops {
  private now: Epoch
  private before: Epoch

  /** @param at milliseconds of the monotonic clock */
  constructor(at: number) {
    this.now = new Epoch(at)
    this.before = new Epoch(at)
  }

  add({ client, name, qtype, outcome, weight }: Asked): void {
    const { now } = this
    const question = word(qtype) + name
    now.clients.add(client, weight)
    now.names.add(question, weight)
    if (isFailing(outcome)) this.addFailing(word(outcome) + question, outcome, client, weight)
  }

  /** For tests: how many clients and names are remembered, those who asked for each failing name too. */
  get size(): number {
    const sizes = [this.now, this.before].flatMap(({ clients, names, denied, failed, askers }) => [
      clients.size,
      names.size,
      denied.size,
      failed.size,
      [...askers.values()].flat().length,
    ])
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** Begins a new epoch when it is time. */
  tick(at: number): void {
    if (at - this.now.since < EPOCH_MS) return
    const oldest = this.before
    this.before = this.now
    this.now = oldest
    oldest.restart(at)
  }

  tables(
    at: number,
    podOf: PodOf,
  ): Pick<Snapshot, 'topSeconds' | 'topClients' | 'topNames' | 'topFailing'> {
    const { now, before } = this
    return {
      topSeconds: (at - Math.min(now.since, before.since)) / 1000,
      topClients: mostOf([before.clients, now.clients], MAX_TOP).map(({ key, count, error }) => ({
        ...named(key, podOf),
        count,
        error,
      })),
      topNames: mostOf([before.names, now.names], MAX_TOP).map((one) => topName(one, one.key)),
      topFailing: [
        ...mostOf([before.failed, now.failed], MAX_TOP),
        ...mostOf([before.denied, now.denied], MAX_TOP),
      ].map((one) => this.failing(one, podOf)),
    }
  }

  private addFailing(key: string, outcome: number, client: string, weight: number): void {
    const { denied, failed, askers } = this.now
    const gone = (outcome === RCODE.NXDOMAIN ? denied : failed).add(key, weight)
    if (gone !== undefined) askers.delete(gone)
    const known = askers.get(key)
    if (known === undefined) askers.set(key, [client])
    else if (known[0] !== client) {
      const others = known.filter((other) => other !== client)
      askers.set(key, [client, ...others].slice(0, MAX_CLIENTS))
    }
  }

  private failing(one: Counted, podOf: PodOf): TopFailing {
    const { key } = one
    const askers = new Set([
      ...(this.now.askers.get(key) ?? []),
      ...(this.before.askers.get(key) ?? []),
    ])
    return {
      ...topName(one, key.slice(2)),
      outcome: outcomeToText(number(key)),
      clients: [...askers].slice(0, MAX_CLIENTS).map((address) => named(address, podOf)),
    }
  }
}

function topName({ count, error }: Counted, question: string): TopName {
  const name = nameToText(question.slice(2) as Name)
  return { name, type: typeToText(number(question)), count, error }
}

function named(address: string, podOf: PodOf): { address: string; pod?: string } {
  const pod = podOf(address)
  return pod === undefined ? { address } : { address, pod }
}

/** Sixteen bits as two octets of a key, and back. */
const word = (value: number): string => String.fromCharCode(value >> 8, value & 255)
const number = (key: string): number => (key.charCodeAt(0) << 8) | key.charCodeAt(1)
