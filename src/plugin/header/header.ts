import { FLAG } from '../../wire/header.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** What becomes of the flag bits, all rules together: `flags & keep | set`. */
export interface Masks {
  readonly keep: number
  readonly set: number
}

/** Masks that change nothing. */
export const UNCHANGED: Masks = { keep: 0xffff, set: 0 }

/** The flags that rules may name. */
export const RULED_FLAGS: ReadonlyMap<string, number> = new Map([
  ['aa', FLAG.AA],
  ['ra', FLAG.RA],
  ['rd', FLAG.RD],
])

/** The masks of these and one rule behind them. */
export function withRule(masks: Masks, flag: number, set: boolean): Masks {
  const keep = masks.keep & ~flag
  return { keep, set: (masks.set & ~flag) | (set ? flag : 0) }
}

const apply = (flags: number, masks: Masks): number => (flags & masks.keep) | masks.set

/** Sets and clears header flags of queries for what comes behind, and of the replies that plugins wrote. */
export class Header implements Plugin {
  readonly name = 'header'
  readonly keepsLifetimes = true
  private readonly query: Masks
  private readonly response: Masks

  constructor(query: Masks, response: Masks) {
    this.query = query
    this.response = response
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const flags = apply(query.flags, this.query)
    const asked = flags === query.flags ? query : query.with({ flags })
    if (this.response === UNCHANGED) return next(asked)
    return whenDone(next(asked), (reply) =>
      reply.kind === 'message' ? { ...reply, flags: apply(reply.flags, this.response) } : reply,
    )
  }

  /** It does the same to every name, and a denial comes with its flags as they must be. */
  clearOf(): boolean {
    return true
  }
}
