import { formatDuration } from '../../corefile/values.ts'
import type { Logger } from '../../log.ts'
import { typeToText } from '../../wire/codes.ts'
import { fold, nameToText } from '../../wire/name.ts'
import { ONCE } from '../lifetime.ts'
import { type Next, type Plugin, whenDone } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** A level that a consolidated line is logged at. */
export type Level = 'warning' | 'error' | 'info' | 'debug'

/** Errors that are counted for a while and told together. */
export interface Consolidation {
  /** As written. */
  readonly pattern: string
  matches(error: string): boolean
  readonly periodMs: number
  readonly level: Level
  /** The first of a period is logged at once, and a period of one is not told again. */
  readonly showFirst: boolean
}

/** Logs what plugins behind it report as errors; answers nothing. */
export class Errors implements Plugin {
  readonly name = 'errors'
  readonly keepsLifetimes = true
  private readonly log: Logger
  private readonly counted: readonly Counted[]
  private stopped = false

  constructor(consolidations: readonly Consolidation[], log: Logger) {
    this.log = log
    this.counted = consolidations.map((rule) => ({ rule, count: 0, timer: undefined }))
  }

  serve(query: Query, next: Next): Reply | Promise<Reply> {
    return whenDone(next(query), (reply) => {
      if (reply.error === undefined) return reply
      this.report(query, reply, reply.error)
      // Each failure is one line, so a repetition of the reply would hide the others.
      return { ...reply, lifetime: ONCE, deniedBelow: 0 }
    })
  }

  clearOf(): boolean {
    return true
  }

  /** Tells what has been counted so far, and counts no more. */
  stop(): void {
    this.stopped = true
    for (const counted of this.counted) {
      clearTimeout(counted.timer)
      this.tell(counted)
    }
  }

  /** Of a query that was rewritten, the question that led to the error; a plugin that wrote a message all the same has rcode 0, whatever the message says. */
  private report(query: Query, reply: Reply, error: string): void {
    const counted = this.counted.find(({ rule }) => rule.matches(error))
    if (counted !== undefined && this.count(counted)) return
    const level = counted?.rule.level ?? 'error'
    const { qname, qtype } = reply.askedAs ?? query.question
    const rcode = reply.kind === 'rcode' ? reply.rcode : 0
    this.log[level](`${rcode} ${nameToText(fold(qname))} ${typeToText(qtype)}: ${error}`)
  }

  /** Whether the error is told later, together with others. */
  private count(counted: Counted): boolean {
    if (this.stopped) return false
    if (++counted.count > 1) return true
    counted.timer = setTimeout(() => this.tell(counted), counted.rule.periodMs)
    counted.timer.unref()
    return !counted.rule.showFirst
  }

  private tell(counted: Counted): void {
    const { rule, count } = counted
    counted.count = 0
    if (count === 0 || (count === 1 && rule.showFirst)) return
    const period = formatDuration(rule.periodMs)
    this.log[rule.level](`${count} errors like '${rule.pattern}' occurred in last ${period}`)
  }
}

interface Counted {
  readonly rule: Consolidation
  count: number
  timer: NodeJS.Timeout | undefined
}
