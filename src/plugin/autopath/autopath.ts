import type { Counter, Family } from '../../admin/metrics.ts'
import { CLASS, RCODE, TYPE } from '../../wire/codes.ts'
import { fold, isAtOrBelow, join, type Name, name, nameToText, ROOT } from '../../wire/name.ts'
import type { Octets, Rr } from '../../wire/record.ts'
import { type Lifetime, ONCE, shortest } from '../lifetime.ts'
import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import { giveUp, type Reply } from '../reply.ts'
import { covers, touches } from '../zones.ts'

/** Where the search path comes from: a resolv.conf, or another plugin of the block. */
export type SearchPath =
  | { readonly names: readonly Name[] }
  | { readonly provider: string; plugin(): Plugin | undefined }

const SVC = name('svc.')

/** Walks a client's search path for it: the first name of the path that exists is the answer, with a CNAME record in front. */
export class Autopath implements Plugin {
  readonly name = 'autopath'
  readonly keepsLifetimes = true
  readonly #zones: readonly Name[]
  readonly #path: SearchPath
  readonly #successes: Family<Counter>

  constructor(zones: readonly Name[], path: SearchPath, successes: Family<Counter>) {
    this.#zones = zones
    this.#path = path
    this.#successes = successes
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const { folded } = query
    if (!covers(this.#zones, folded)) return next(query)
    const path = this.#pathOf(query)
    const first = path?.[0]
    if (path === undefined || first === undefined || !isAtOrBelow(folded, fold(first))) {
      return this.#passedOn(query, next)
    }
    if (folded === fold(first)) {
      const names = `${nameToText(query.qname)}for zone ${nameToText(first)}`
      return giveUp(query, this.name, RCODE.SERVFAIL, `trimzone: overshot qname: ${names}`)
    }
    const base = (query.qname.slice(0, query.qname.length - first.length) + ROOT) as Name
    return this.#walk(query, next, {
      base,
      path,
      at: 0,
      first: undefined,
      lifetime: undefined,
      counts: [],
    })
  }

  /** Only names that no client's path begins with are left alone whoever asks. */
  clearOf(branch: Name): boolean {
    if (!touches(this.#zones, branch)) return true
    const tops = this.#tops()
    return tops !== undefined && !touches(tops, branch)
  }

  #pathOf(query: Query): readonly Name[] | undefined {
    return 'names' in this.#path ? this.#path.names : this.#path.plugin()?.autoPath?.(query)
  }

  /** Names at or below which a path may begin; undefined where that cannot be said. */
  #tops(): readonly Name[] | undefined {
    if ('names' in this.#path) return this.#path.names.slice(0, 1).map(fold)
    if (this.#path.provider !== 'kubernetes') return undefined
    return this.#path.plugin()?.zones?.map((zone) => join(SVC, zone) ?? zone) ?? []
  }

  /** A name that this client's path does not begin with: another client's may. */
  #passedOn(query: Query, next: Next): Reply | Promise<Reply> {
    const reply = next(query)
    if ('names' in this.#path) return reply
    const tops = this.#tops()
    if (tops?.some((top) => isAtOrBelow(query.folded, top)) === false) return reply
    return reply instanceof Promise ? reply.then(once) : once(reply)
  }

  #walk(query: Query, next: Next, walk: Walk): Reply | Promise<Reply> {
    for (let state = walk; ; ) {
      const suffix = state.path[state.at]
      if (suffix === undefined) return this.#nothingFound(query, state)
      const qname = join(state.base, suffix)
      if (qname === undefined) {
        state = { ...state, at: state.at + 1 }
        continue
      }
      const reply = next(query.with({ question: { ...query.question, qname } }))
      if (reply instanceof Promise) {
        return reply.then((later) => {
          const after = this.#judge(query, later, state)
          return 'at' in after ? this.#walk(query, next, after) : after
        })
      }
      const after = this.#judge(query, reply, state)
      if (!('at' in after)) return after
      state = after
    }
  }

  /** The final reply, or how to walk on. */
  #judge(query: Query, reply: Reply, walk: Walk): Reply | Walk {
    if (reply.error !== undefined) return { ...reply, lifetime: ONCE }
    const lifetime = this.#lifetime(walk.lifetime, reply.lifetime)
    const counts = [...walk.counts, ...reply.counts]
    const after = { ...walk, at: walk.at + 1, first: walk.first ?? reply, lifetime, counts }
    if (reply.kind !== 'message' || reply.rcode === RCODE.NXDOMAIN) return after
    const success = this.#successes.labels(query.exchange.listener.label)
    success.inc()
    return {
      ...reply,
      question: query.question,
      answer: withAlias(query.qname, reply.answer),
      lifetime,
      echoesSpelling: false,
      deniedBelow: 0,
      counts: [...counts, success],
    }
  }

  /** The first reply as it is: the client goes on searching by itself. */
  #nothingFound(query: Query, { first, lifetime = ONCE, counts }: Walk): Reply {
    if (first === undefined) return giveUp(query, this.name, RCODE.SERVFAIL)
    return { ...first, lifetime, echoesSpelling: false, deniedBelow: 0, counts }
  }

  /** What depends on the client is for this query only. */
  #lifetime(sofar: Lifetime | undefined, more: Lifetime): Lifetime {
    if (!('names' in this.#path)) return ONCE
    return sofar === undefined ? more : shortest(sofar, more)
  }
}

/** How far a search path has been walked. */
interface Walk {
  /** The labels of the name in front of the path's first element. */
  readonly base: Name
  readonly path: readonly Name[]
  readonly at: number
  readonly first: Reply | undefined
  readonly lifetime: Lifetime | undefined
  /** What a repetition adds to, of all replies so far. */
  readonly counts: Reply['counts']
}

/** A CNAME record from the name asked to the first other name in the answer, in front of all. */
function withAlias(original: Name, answer: readonly Rr[]): readonly Rr[] {
  const found = answer.find((record) => fold(record.owner) !== fold(original))
  if (found === undefined) return answer
  const rdata = found.owner as string as Octets
  const alias = { ...found, owner: original, type: TYPE.CNAME, class: CLASS.IN, rdata }
  return [alias, ...answer]
}

function once(reply: Reply): Reply {
  return reply.lifetime === ONCE ? reply : { ...reply, lifetime: ONCE, deniedBelow: 0 }
}
