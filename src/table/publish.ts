/**
 * What the server hands over with a reply that may be repeated. The table finds the rest in the octets: where TTLs, SOA serials, runs of addresses and
 * pointers are, and whether the reply can be repeated at all.
 */
export interface Publication {
  /** The listener's configuration that gave it ({@link Table.openScope}), noted when the query was taken up. */
  readonly scope: number
  /** The query as it came. Only the plainest queries can be answered from the table; others are refused here. */
  readonly query: Uint8Array
  /** Whether it came over a stream: size class, and no bound but 65535 octets. */
  readonly stream: boolean
  /** The reply as it was sent to that client, OPT last. */
  readonly message: Uint8Array
  /** Octets of OPT at the end of the message, 0 for none. */
  readonly optOctets: number
  /**
   * `echoed`: payload size and options are the client's own. `own`: the payload size is the client's, the options are the reply's. `fixed`: a plugin changed
   * what the client had asked with, so it is repeated only to clients that asked with the same payload size.
   */
  readonly opt: 'echoed' | 'own' | 'fixed'
  /** What it was made from, each version read before the data was. At most four. */
  readonly versions: readonly { readonly slot: number; readonly version: number }[]
  /** Until when, in milliseconds of the table's clock; Infinity for no limit. A cache that prefetches gives the moment from which it wants to be asked again. */
  readonly until: number
  /** TTLs count down from this moment on, at which they were what the message says; undefined: they stay. */
  readonly countsDownFrom?: number | undefined
  /** Places of the records, all sections counted through, whose TTLs stay nevertheless. */
  readonly steady?: ReadonlySet<number> | undefined
  /** Name of the live serial that its SOA records show; undefined: the serial stays. */
  readonly liveSerial?: string | undefined
  /** Whether each repetition puts addresses in another order (plugin loadbalance). */
  readonly rotates: boolean
  /** The reply before truncation, if it was truncated and rotates: repetitions then choose among all addresses, as the chain does. */
  readonly whole?: Uint8Array | undefined
  /**
   * Whether the reply to a name with letters in upper case differs only in what points into the question. Without it the reply is kept for names in lower case.
   */
  readonly anySpelling: boolean
  /** A denial of a whole branch (RFC 8020): labels of the qname, from the right, that name the branch; 0 for none. */
  readonly deniedBelow: number
  /** With a denial: every name of the zone that the filter does not hold is denied in the same words. */
  readonly closed?: ClosedZone | undefined
  /** Dear replies enter at once, others when they are asked for the second time. */
  readonly dear: boolean
  /** Told of repetitions, all together, whenever the table is collected. */
  readonly counts: readonly TallyListener[]
  /** Whether each repetition is reported by itself: the readers pass its query on. */
  readonly observed: boolean
  /** Whatever the server wants back with an observation. */
  readonly context?: unknown
}

/** A zone of which a filter tells what may exist in it. */
export interface ClosedZone {
  /** Labels of the qname, from the right, that name the zone. */
  readonly zoneLabels: number
  readonly filter: Filter
  /** What the denial of any name of the zone depends on: the configuration, not what the name at hand was looked up in. */
  readonly versions: Publication['versions']
}

/** Repetitions of one reply by one transport and address family. */
export interface Tally {
  readonly times: number
  readonly proto: 'udp' | 'tcp'
  readonly family: 1 | 2
  /** Octets of the queries, of all together. */
  readonly queryOctets: number
  /** Octets of the names, of all together. */
  readonly nameOctets: number
  /** What they took, all together. */
  readonly seconds: number
}

export interface TallyListener {
  inc(times: number, tally: Tally): void
}

/** What may exist below a zone; see {@link Table.openFilter}. */
export interface Filter {
  readonly number: number
  /** Adds a name in lower case, wire form; `open`: so may everything below it. Before anyone else is told that it exists. */
  add(name: string, open: boolean): void
}

/** What became of a publication. */
export type Published =
  /** It is in the table. */
  | 'published'
  /** The first ask; the next one publishes it. */
  | 'noted'
  /** It cannot be repeated from the table: the query is not plain, the message does not fit its rules, or it has died already. */
  | 'refused'
  /** All places are taken by what is in use. */
  | 'full'
