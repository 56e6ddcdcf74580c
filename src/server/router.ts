import type { ClosedZone, Next } from '../plugin/plugin.ts'
import { whenDone } from '../plugin/plugin.ts'
import type { Listener, Query } from '../plugin/query.ts'
import { giveUp, type Reply, replyTo } from '../plugin/reply.ts'
import type { Why } from '../plugin/why.ts'
import { CLASS, EDE, RCODE, TYPE } from '../wire/codes.ts'
import { isAtOrBelow, MAX_NAME_OCTETS, type Name, ROOT } from '../wire/name.ts'
import type { Writer } from '../wire/writer.ts'
import { fit } from './finish.ts'

/** A server block as a listener sees it. */
export interface RoutedBlock {
  /** The zone that this listener reaches it by. */
  readonly zone: Name
  readonly view: string
  /** Whether a bug in a plugin ends the process (`debug`), and whether the log shows where it was (`errors { stacktrace }`). */
  readonly bugs: { readonly debug: boolean; readonly stacktrace: boolean }
  /** The chain; undefined for a block without plugins. */
  readonly chain: Next | undefined
  /** Codes of EDNS options that its plugins let clients have back. */
  readonly echoes?: readonly number[]
  /** Whether clients are told why (plugin explain). */
  readonly explains?: boolean
  /** Whether classes other than IN may come in where this block is. */
  readonly takesAnyClass: boolean
  /** Notes on the query what plugin metadata collects. */
  prepare(query: Query): void
  /** Whether the filters of plugin view let the query in. */
  passes(query: Query): boolean
  /** Whether there are such filters. */
  readonly filtered: boolean
  /** Whether a denial of everything below a name (lower case) may be repeated without asking the plugins in front of the one that made it. */
  mayDenyBelow(branch: Name, qtype: number, by: string): boolean
  /** The zone of a name (lower case) of which the plugin `by` knows all that may exist. */
  closedZone(folded: Name, by: string): ClosedZone | undefined
}

/** Queries that were answered without any plugin: what the core refuses by itself. */
export type Dropped = (query: Query, reply: Reply) => void

/** Runs a chain, and makes SERVFAIL of what it throws. */
export type Guard = (query: Query, run: Next, block: RoutedBlock) => Reply | Promise<Reply>

/** The blocks that share one listening address, and which of them takes a query. */
export class Router implements Listener {
  readonly label: string
  readonly echoes: ReadonlySet<number>
  private readonly byZone = new Map<Name, RoutedBlock[]>()
  /** 1 for as many octets as one of the zones has: other parts of a name need not be looked up. */
  private readonly sizes = new Uint8Array(MAX_NAME_OCTETS + 1)
  private readonly anyClass: boolean
  private readonly explains: boolean
  private readonly dropped: Dropped
  private readonly writer: Writer
  private readonly guard: Guard

  /** @param parts what counts queries that no block takes; where replies to lookups are measured; what runs the chains */
  constructor(
    label: string,
    blocks: readonly RoutedBlock[],
    parts: { dropped: Dropped; writer: Writer; guard: Guard },
  ) {
    this.label = label
    this.dropped = parts.dropped
    this.writer = parts.writer
    this.guard = parts.guard
    this.echoes = new Set(blocks.flatMap((block) => block.echoes ?? []))
    this.anyClass = blocks.some((block) => block.takesAnyClass)
    this.explains = blocks.some((block) => block.explains === true)
    for (const block of blocks) {
      this.sizes[block.zone.length] = 1
      const same = this.byZone.get(block.zone)
      if (same === undefined) this.byZone.set(block.zone, [block])
      else same.push(block)
    }
  }

  /** Answers a client's query. */
  serve(query: Query): Reply | Promise<Reply> {
    if (!this.anyClass && query.qclass !== CLASS.IN) return this.drop(query, RCODE.REFUSED)
    if (query.opt !== undefined && query.opt.version !== 0) return badVersion(query)
    const block = this.route(query)
    if (block?.chain === undefined) return this.refuseName(query)
    query.zone = block.zone
    query.view = block.view
    return this.guard(query, block.chain, block)
  }

  resolve(query: Query): Reply | Promise<Reply> {
    return whenDone(this.serve(query), (reply) => this.fit(query, reply))
  }

  fit(query: Query, reply: Reply): Reply {
    return fit(query, reply, this.writer)
  }

  /**
   * Whether the block of the query's zone may have its denial of a whole branch repeated: the branch is all the block's, its plugins are clear of it, and no
   * other zone lies in it.
   */
  mayDenyBelow(query: Query, branch: Name, by: string): boolean {
    if (!isAtOrBelow(branch, query.zone ?? ROOT)) return false
    for (const zone of this.byZone.keys())
      if (zone !== query.zone && isAtOrBelow(zone, branch)) return false
    const blocks = this.byZone.get(query.zone ?? ROOT) ?? []
    return blocks.every((block) => block.mayDenyBelow(branch, query.qtype, by))
  }

  /**
   * The block of the longest zone at or above the name whose filters let the query in. A query for DS belongs to the parent side of a zone cut
   * (RFC 4035 §3.1.4.1), so there the walk goes on and the shortest zone but the root wins.
   */
  private route(query: Query): RoutedBlock | undefined {
    let shortest: RoutedBlock | undefined
    const { folded } = query
    let at = 0
    do {
      if (this.sizes[folded.length - at] === 1) {
        for (const block of this.byZone.get(folded.slice(at) as Name) ?? []) {
          if (block.chain === undefined) return block
          if (!takes(block, query)) continue
          if (query.qtype !== TYPE.DS) return block
          shortest = block
        }
      }
      at += folded.charCodeAt(at) + 1
    } while (at < folded.length - 1)
    if (shortest !== undefined) return shortest
    return this.byZone.get(ROOT)?.find((block) => block.chain !== undefined && takes(block, query))
  }

  /** The closed zone that a denial by the plugin `by` speaks for, if no plugin in front touches any name of it. */
  closedZone(query: Query, by: string): ClosedZone | undefined {
    const [block, ...others] = this.byZone.get(query.zone ?? ROOT) ?? []
    if (block === undefined || others.length > 0) return undefined
    const zone = block.closedZone(query.folded, by)
    if (zone === undefined || !isAtOrBelow(zone.zone, query.zone ?? ROOT)) return undefined
    return block.mayDenyBelow(zone.zone, query.qtype, by) ? zone : undefined
  }

  /** Zones of this listener at or below one, but for the one that the query was routed by. */
  zonesBelow(zone: Name, routed: Name | undefined): Name[] {
    return [...this.byZone.keys()].filter((other) => other !== routed && isAtOrBelow(other, zone))
  }

  /** No block is asked, so none can say why: one that says why of its own names speaks for the listener. */
  private refuseName(query: Query): Reply {
    const reply = this.drop(query, RCODE.REFUSED)
    return this.explains && query.opt !== undefined ? { ...reply, extendedError: NO_BLOCK } : reply
  }

  private drop(query: Query, rcode: number): Reply {
    const reply = giveUp(query, '', rcode)
    this.dropped(query, reply)
    return reply
  }
}

const NO_BLOCK: Why = { code: EDE.NOT_AUTHORITATIVE, text: 'no server block has this name' }

function takes(block: RoutedBlock, query: Query): boolean {
  block.prepare(query)
  if (block.filtered) query.repeatable = false
  return block.passes(query)
}

/** RFC 6891 §6.1.3: a version that is not spoken here is answered with BADVERS and the version that is. */
function badVersion(query: Query): Reply {
  const bare = { udpSize: 0, extendedRcode: 0, version: 0, flags: 0, options: [] }
  return replyTo(query, '', { rcode: RCODE.BADVERS, opt: bare, askedWith: { opt: undefined } })
}
