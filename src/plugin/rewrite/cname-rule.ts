import type { Logger } from '../../log.ts'
import { TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Name, nameFromText, nameToText } from '../../wire/name.ts'
import { ONCE, shortest } from '../lifetime.ts'
import { lookup } from '../lookup.ts'
import type { Reply } from '../reply.ts'
import type { Matcher } from './matcher.ts'
import { type Cell, type ReplyDraft, targetOf, withTarget } from './reply-draft.ts'
import type { Rule } from './rule.ts'

/** Leads CNAME records elsewhere, and looks up what is there. */
export function cnameRule(stops: boolean, matcher: Matcher, to: string, log: Logger): Rule {
  const rules = [
    {
      apply: (reply: ReplyDraft, record: Cell) => {
        const target = record.type === TYPE.CNAME ? targetOf(record) : undefined
        const other = target && matcher.replaced(nameToText(target), to)
        if (target !== undefined && other !== undefined) return lead(reply, target, other, log)
      },
    },
  ]
  return { stops, apply: () => rules, shareOf: () => 'all' }
}

function lead(reply: ReplyDraft, from: Name, text: string, log: Logger): void | Promise<void> {
  const to = nameFromText(text)
  reply.noteName(to)
  if (to === undefined) return
  const found = lookup(reply.asked, to, reply.asked.qtype)
  if (found instanceof Promise) return found.then((later) => takeOver(reply, from, to, later, log))
  takeOver(reply, from, to, found, log)
}

/** The CNAME records up to the one that is changed, and behind them what was found. */
function takeOver(reply: ReplyDraft, from: Name, to: Name, found: Reply, log: Logger): void {
  if (found.kind === 'silence') {
    log.error('upstream lookup returned nil')
    reply.lifetime = ONCE
    return
  }
  const chain = reply.answer.filter((record) => record.type === TYPE.CNAME)
  const at = chain.findIndex((record) => targetOf(record) === from)
  const changed = chain[at]
  if (changed !== undefined) changed.rdata = withTarget(changed, to)
  const kept = at === -1 ? chain : chain.slice(0, at + 1)
  reply.answer = [...kept, ...found.answer.map((record) => ({ ...record }))]
  reply.flags = (reply.flags & ~FLAG.TC) | (found.flags & FLAG.TC)
  merge(reply, found)
}

/** The reply is made of both, and lasts no longer than either. */
function merge(reply: ReplyDraft, found: Reply): void {
  const before = { ...reply.reply, ...reply.merged }
  const serials = new Set([before.liveSerial, found.liveSerial])
  serials.delete(undefined)
  reply.lifetime = serials.size > 1 ? ONCE : shortest(reply.lifetime, found.lifetime)
  reply.merged = {
    rotates: before.rotates || found.rotates,
    liveSerial: before.liveSerial ?? found.liveSerial,
    deniedBelow: 0,
  }
}
