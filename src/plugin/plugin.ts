import { EDE, RCODE } from '../wire/codes.ts'
import type { Name } from '../wire/name.ts'
import type { Rr } from '../wire/record.ts'
import { ONCE } from './lifetime.ts'
import type { Query } from './query.ts'
import { giveUp, type Reply } from './reply.ts'
import type { Rolls, Standing } from './standing.ts'
import type { Explanation, Why } from './why.ts'

/** The rest of a chain. */
export type Next = (query: Query) => Reply | Promise<Reply>

/**
 * A link of a server block's chain. It answers, or passes the query on and may change what comes back. It returns a value unless it must wait:
 * nine links that all wait for promises cost thirty times as much as nine that do not.
 */
export interface Plugin {
  readonly name: string

  /** Answers a query. Never throws for anything that a client can send. */
  serve(query: Query, next: Next): Reply | Promise<Reply>

  /**
   * True: the plugin leaves the lifetime of replies on their way back right, because what it does depends on nothing but the question's octets in lower
   * case, qtype, DO, CD, AD and the size class, or because it shortens the lifetime itself. Without it every reply that passes lasts this query only.
   */
  readonly keepsLifetimes?: boolean

  /**
   * Whether the plugin does nothing to any name at or below `branch` (lower case, as asked) for queries of this type, so that a denial of the whole
   * branch may be repeated without asking it. Without the method: no.
   */
  clearOf?(branch: Name, qtype: number): boolean

  /** Zones at or below which the plugin has something of its own to say: a branch denial above them is not published. */
  readonly zones?: readonly Name[]

  /**
   * The zone that a name (lower case) is in, if the plugin can name all that may exist there: then a denial of one branch of the zone is the denial of every name
   * that is not among them.
   */
  closedZone?(folded: Name): ClosedZone | undefined

  /** Readiness (plugin ready). Without it the plugin is always ready. */
  ready?(): boolean

  /**
   * What the plugin has to say about a query that came to it (plugin explain): what the reply was made from, what is wrong and what to do. May take its time and ask others.
   *
   * @param reply what it gave back
   */
  explain?(
    query: Query,
    reply: Reply | undefined,
  ): Explanation | undefined | Promise<Explanation | undefined>

  /** What an operator should know while the plugin is ready (plugin ready): one line, undefined for nothing. */
  readyNote?(): string | undefined

  /** How what the plugin depends on does (plugin page): cheap, and asked about once a second. */
  standing?(): Standing

  /** `NAMESPACE/NAME` of the Pod whose address this is, where the plugin knows one and only one. */
  podAt?(address: string): string | undefined

  /** The Services that the plugin tells of, and what is behind them (plugin page). */
  readonly rolls?: Rolls

  /** Codes of EDNS options that clients get back on this listener, beside those that all get (rewrite edns0). */
  readonly echoes?: readonly number[]

  /** Whether classes other than IN come to this block. */
  readonly takesAnyClass?: boolean

  /** Values that the plugin can tell about a query (plugin metadata): label with a slash, and a function for its value. */
  metadata?(query: Query): Iterable<readonly [string, () => string]>

  /** Runs before the block's filters and its chain, whether or not the block then takes the query (plugin metadata). */
  prepare?(query: Query): void

  /** Whether the block takes the query (plugin view). */
  filter?(query: Query): boolean

  /** Search path for a client (plugin autopath): names to append, the last one the root; undefined when the plugin cannot tell. */
  autoPath?(query: Query): readonly Name[] | undefined

  /**
   * The records of a zone for AXFR and IXFR (plugin transfer): batches whose first record and last record are the SOA; only the SOA when `serial` (of an IXFR)
   * is current. Undefined when the zone is not the plugin's.
   */
  transfer?(zone: Name, serial: number | undefined): Iterable<readonly Rr[]> | undefined
}

/** A zone of which everything that may exist is known. */
export interface ClosedZone {
  /** In lower case. */
  readonly zone: Name
  /** Names in lower case that may exist, those on the way to them too; with `true`, anything may exist below. */
  names(): Iterable<readonly [Name, boolean]>
  /** Has names told that come, in the same turn in which they come, and that something went. Returns what ends it. */
  onChange(came: (name: Name, open: boolean) => void, went: () => void): () => void
}

/** Links the plugins of a block to one function. What runs off its end is SERVFAIL, in the name of the last plugin that passed it on. */
export function link(plugins: readonly Plugin[]): Next {
  let next: Next = (query) => giveUp(query, 'server', RCODE.REFUSED)
  for (let i = plugins.length - 1; i >= 0; i--) {
    const plugin = plugins[i] as Plugin
    next = linkOne(plugin, i === plugins.length - 1 ? offTheEnd(plugin.name) : next)
  }
  return next
}

function offTheEnd(name: string): Next {
  return (query) => ({
    ...giveUp(query, name, RCODE.SERVFAIL, `plugin/${name}: no next plugin found`),
    why: () => NO_PLUGIN,
  })
}

const NO_PLUGIN: Why = {
  code: EDE.NOT_AUTHORITATIVE,
  text: 'no plugin of the server block takes this name',
}

function linkOne(plugin: Plugin, next: Next): Next {
  if (plugin.keepsLifetimes === true) return (query) => plugin.serve(query, next)
  return (query) => whenDone(plugin.serve(query, next), once)
}

function once(reply: Reply): Reply {
  return reply.lifetime === ONCE ? reply : { ...reply, lifetime: ONCE, deniedBelow: 0 }
}

/** Does something with a reply on its way back, at once where it is there. */
export function whenDone<T>(
  reply: Reply | Promise<Reply>,
  then: (reply: Reply) => T | Promise<T>,
): T | Promise<T> {
  return reply instanceof Promise ? reply.then(then) : then(reply)
}
