import type { Peer } from '../../net/listener.ts'
import type { OnSample, Sample } from '../../net/sample.ts'
import { Sampler } from '../../net/sampler.ts'
import type { Observation, Snapshot } from '../../plugin/observe.ts'
import type { Plugin } from '../../plugin/plugin.ts'
import type { Query } from '../../plugin/query.ts'
import type { Count, Reply } from '../../plugin/reply.ts'
import type { Host } from '../../plugin/setup.ts'
import { DROPPED, outcomeOf } from './outcome.ts'
import { Seconds } from './seconds.ts'
import { Tops } from './tops.ts'

/** Answers of each thread that are looked at for the tables in a second, at most: until there are more, all are. */
export const SAMPLES_PER_SECOND = 500

/** What the observer needs of the data threads. */
export interface Sampling {
  /** See `DataPlane`. */
  sample(perSecond: number): void
  takeSamples(): void
}

type Clock = Pick<Host, 'now' | 'wallClock'>

/** What is kept while somebody observes. */
interface Seen {
  readonly seconds: Seconds
  readonly tops: Tops
}

/**
 * Sees all queries of the server, for as long as somebody wants to know of them: repetitions from the table by their exact tallies and a bounded sample, everything else as it is
 * answered. Does nothing and keeps nothing for as long as nobody does.
 */
export class Observer {
  private readonly clock: Clock
  private readonly sampling: () => Sampling | undefined
  private readonly sampler = new Sampler(1)
  private readonly watchers = new Set<{ readonly onTick: (() => void) | undefined }>()
  private readonly hits = new Map<number, Count>()
  private seen: Seen | undefined

  /** @param sampling the data threads, once they are there */
  constructor(clock: Clock, sampling: () => Sampling | undefined) {
    this.clock = clock
    this.sampling = sampling
  }

  get isOn(): boolean {
    return this.seen !== undefined
  }

  /** @param plugins of all blocks of the configuration that observes: they know whose an address is */
  open(plugins: () => readonly Plugin[], onTick?: () => void): Observation {
    const watcher = { onTick }
    this.watchers.add(watcher)
    const seen = this.seen ?? this.begin()
    return {
      snapshot: (seconds = 1) => this.snapshot(seen, seconds, plugins),
      close: () => {
        this.watchers.delete(watcher)
        if (this.watchers.size === 0) this.end()
      },
    }
  }

  /** Goes with a reply to the table: counts its repetitions. */
  repeated(reply: Reply): Count {
    const outcome = outcomeOfReply(reply)
    let count = this.hits.get(outcome)
    if (count === undefined) {
      count = { inc: (times, { proto }) => this.seen?.seconds.count('hits', outcome, proto, times) }
      this.hits.set(outcome, count)
    }
    return count
  }

  /** A query that was answered without the table. */
  answered(query: Query, reply: Reply): void {
    const { seen } = this
    if (seen === undefined) return
    const now = this.clock.now()
    const { exchange, folded: name, qtype, proto } = query
    const outcome = outcomeOfReply(reply)
    seen.seconds.count('misses', outcome, proto, 1)
    seen.seconds.time('misses', (now - exchange.started) / 1000, 1)
    this.sampler.turn(SAMPLES_PER_SECOND, now)
    const weight = this.sampler.weigh()
    if (weight === 0) return
    seen.seconds.looked()
    seen.tops.add({ client: exchange.client.address, name, qtype, outcome, weight })
  }

  /** A packet that was answered with an rcode before it was a query. */
  rejected(rcode: number, { transport }: Peer): void {
    this.seen?.seconds.count('misses', rcode, transport === 'udp' ? 'udp' : 'tcp', 1)
  }

  /** An answer from the table that speaks for others. */
  readonly sample: OnSample = ({
    client,
    name,
    qtype,
    rcode,
    hasAnswer,
    seconds,
    weight,
  }: Sample) => {
    const { seen } = this
    if (seen === undefined) return
    seen.seconds.looked()
    seen.seconds.time('hits', seconds, weight)
    seen.tops.add({ client, name, qtype, outcome: outcomeOf(rcode, hasAnswer), weight })
  }

  /** To be called once a second, when the table's tallies have been told. */
  tick(): void {
    const { seen } = this
    if (seen === undefined) return
    this.sampling()?.takeSamples()
    const now = this.clock.now()
    seen.seconds.tick(now)
    seen.tops.tick(now)
    for (const { onTick } of this.watchers) onTick?.()
  }

  private snapshot(
    { seconds, tops }: Seen,
    count: number,
    plugins: () => readonly Plugin[],
  ): Snapshot {
    const { clock } = this
    const podOf = (address: string) => {
      for (const plugin of plugins()) {
        const pod = plugin.podAt?.(address)
        if (pod !== undefined) return pod
      }
      return undefined
    }
    return { at: clock.wallClock(), ...seconds.sum(count), ...tops.tables(clock.now(), podOf) }
  }

  private begin(): Seen {
    const now = this.clock.now()
    this.seen = { seconds: new Seconds(now), tops: new Tops(now) }
    this.sampling()?.sample(SAMPLES_PER_SECOND)
    return this.seen
  }

  private end(): void {
    this.seen = undefined
    this.sampling()?.sample(0)
  }
}

function outcomeOfReply({ kind, rcode, answer, stream }: Reply): number {
  if (kind === 'silence') return DROPPED
  return outcomeOf(rcode, answer.length > 0 || stream !== undefined)
}
