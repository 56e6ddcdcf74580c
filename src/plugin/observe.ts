/** Entries of each top table in a {@link Snapshot}. */
export const MAX_TOP = 20
/** Seconds that a {@link Snapshot} can look back at most. */
export const MAX_SECONDS = 60

/**
 * What became of a query: the name of its rcode, but for two kinds of NOERROR: `NODATA` without an answer (RFC 2308 §2.2), `NOERROR` with one; `DROPPED` for no reply.
 */
export type Outcome = string

/** What was asked lately, by whom, and what became of it. Numbers are of all threads, transports and server blocks together. */
export interface Snapshot {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Seconds that {@link queries} to {@link latency} are of: about as many as were asked for, fewer soon after the start. */
  readonly interval: number
  /** Counted one by one. */
  readonly queries: number
  /** The same by what became of them; what did not happen is not there. */
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Queries by transport; `tcp` is every stream, encrypted ones too. */
  readonly transports: { readonly udp: number; readonly tcp: number }
  /** Queries that were answered from the table, and those that were not. */
  readonly hits: number
  readonly misses: number
  /** From taking up the query to having its answer. */
  readonly latency: { readonly all: Latency; readonly hits: Latency; readonly misses: Latency }
  /** Seconds that the tables below are of: one to two minutes, fewer soon after the start. */
  readonly topSeconds: number
  /** One query in so many was looked at for the tables; 1 until there are many. */
  readonly sampledOneIn: number
  /** Surest first: by `count - error`. {@link MAX_TOP} at most. */
  readonly topClients: readonly TopClient[]
  readonly topNames: readonly TopName[]
  /** {@link MAX_TOP} that failed in other ways, SERVFAIL and REFUSED among them, then as many that do not exist (NXDOMAIN). */
  readonly topFailing: readonly TopFailing[]
}

/** Times in seconds, rounded up to the bound of a bucket, of which there are two to each doubling; 0 where {@link count} is. Those of hits are of a sample. */
export interface Latency {
  readonly count: number
  readonly p50: number
  readonly p99: number
  /** Ascending; empty buckets are left out. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[]
}

/** How often something was asked: at most {@link count} and at least `count - error` times, but for chance where {@link Snapshot.sampledOneIn} is not 1. */
export interface Estimate {
  readonly count: number
  readonly error: number
}

export interface TopClient extends Estimate {
  readonly address: string
  /** `NAMESPACE/NAME` of the Pod that has the address, where a cluster's store knows it. */
  readonly pod?: string
}

export interface TopName extends Estimate {
  /** As text, in lower case, with the dot at the end. */
  readonly name: string
  /** `A`, `AAAA`, …. */
  readonly type: string
}

/** A name that was asked for and got anything but NOERROR; an empty answer is what every client gets that asks for AAAA where there is only A. */
export interface TopFailing extends TopName {
  readonly outcome: Outcome
  /** Some of those who asked, the last first. */
  readonly clients: readonly { readonly address: string; readonly pod?: string }[]
}

/** Observing, for one plugin: the server observes for as long as anyone does. */
export interface Observation {
  /** @param seconds how far to look back, 1 by default, {@link MAX_SECONDS} at most */
  snapshot(seconds?: number): Snapshot
  close(): void
}

/**
 * Begins to observe. To be called in {@link Setup.onStart} and closed in {@link Setup.onStop}: what was answered before is not in the numbers.
 *
 * @param onTick runs once a second, when a second has been added to what {@link Observation.snapshot} gives
 */
export type Observe = (onTick?: () => void) => Observation
