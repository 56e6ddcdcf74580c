import { isAtOrBelow, type Name } from '../../wire/name.ts'
import { uncompressedOctets } from '../../wire/writer.ts'
import { classOf, type ReplyClass, typeOf } from '../classify.ts'
import { ONCE } from '../lifetime.ts'
import { whenWritten } from '../measure.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import type { Format } from './format.ts'

/** Which queries are logged, and how. */
export interface Rule {
  /** Lower case. */
  readonly scope: Name
  readonly classes: ReadonlySet<ReplyClass | 'all'>
  readonly format: Format
}

export interface LogParts {
  /** Takes a whole line. */
  readonly write: (line: string) => void
  /** Milliseconds of the monotonic clock. */
  readonly now: () => number
  /** Milliseconds since 1970. */
  readonly wallClock: () => number
}

/** Writes a line for each query, by the first rule whose scope its name is in. */
export class Log implements Plugin {
  readonly name = 'log'
  readonly keepsLifetimes = true
  private readonly rules: readonly Rule[]
  private readonly parts: LogParts

  constructor(rules: readonly Rule[], parts: LogParts) {
    this.rules = rules
    this.parts = parts
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    const rule = this.rules.find(({ scope }) => isAtOrBelow(query.folded, scope))
    if (rule === undefined) return next(query)
    const started = this.parts.now()
    return whenDone(next(query), (reply) => this.log(query, rule, reply, started))
  }

  /** One rule, or none, must speak for all names of the branch; it goes with the denial as its observer. */
  clearOf(branch: Name): boolean {
    for (const { scope } of this.rules) {
      if (isAtOrBelow(branch, scope)) return true
      if (isAtOrBelow(scope, branch)) return false
    }
    return true
  }

  private log(query: Query, rule: Rule, reply: Reply, started: number): Reply {
    const type = typeOf(reply, this.parts.wallClock() / 1000)
    const classified = reply.kind === 'silence' ? 'error' : classOf(type)
    query.metadata?.set('log/type', () => (reply.kind === 'silence' ? 'OTHERERROR' : type))
    query.metadata?.set('log/class', () => classified)
    if (!rule.classes.has('all') && !rule.classes.has(classified)) return reply
    const sent = rule.format.hasFlags ? query.exchange.listener.fit(query, reply) : reply
    const write = (octets: number, asked: Query, seconds: number) => {
      const logged = { query: shown(asked, reply), reply: sent, octets, seconds }
      this.parts.write(rule.format.line(logged))
    }
    const counted = whenWritten(reply, (octets) => {
      const size = reply.kind === 'rcode' ? emptyOctets(reply) : octets
      write(size, query, (this.parts.now() - started) / 1000)
    })
    if (!reply.lifetime.repeatable) return counted
    if (rule.format.hasMetadata) return { ...counted, lifetime: ONCE, deniedBelow: 0 }
    return { ...counted, observers: [...counted.observers, observer(query, reply, write)] }
  }
}

/** The query with its own name, but with the type, class and OPT record that plugins behind were asked with. */
function shown(asked: Query, { askedAs, askedWith }: Reply): Query {
  const question = askedAs && { ...askedAs, qname: asked.qname }
  if (question === undefined && askedWith === undefined) return asked
  return asked.with({ ...askedWith, ...(question && { question }) })
}

/** A repetition's reply is as long as the first, but for the name asked for. */
function observer(
  first: Query,
  reply: Reply,
  write: (octets: number, asked: Query, seconds: number) => void,
): Reply['observers'][number] {
  const octets = reply.kind === 'rcode' ? emptyOctets(reply) : uncompressedOctets(reply)
  return (asked, seconds) => {
    write(octets + asked.qname.length - first.qname.length, asked, seconds)
  }
}

/** Of the message that the core makes where no plugin wrote one. */
const emptyOctets = ({ question }: Reply): number =>
  uncompressedOctets({ question, answer: [], authority: [], additional: [], opt: undefined })
