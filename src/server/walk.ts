import { link, type Plugin, whenDone } from '../plugin/plugin.ts'
import { type Exchange, Query } from '../plugin/query.ts'
import { giveUp, type Reply } from '../plugin/reply.ts'
import type { Explanation, Fact, Problem, Step, Walk } from '../plugin/why.ts'
import { CLASS, EDE, RCODE, rcodeToText, typeToText } from '../wire/codes.ts'
import { FLAG } from '../wire/header.ts'
import { fold, isAtOrBelow, type Name, nameToText } from '../wire/name.ts'
import { rrToText } from '../wire/presentation.ts'
import type { Rr } from '../wire/record.ts'
import { Writer } from '../wire/writer.ts'
import type { SetUpBlock } from './instance.ts'
import { misnamed } from './misnamed.ts'
import { plan } from './plan.ts'
import { Router } from './router.ts'

/** Plugins that only watch what passes: a walk is nobody's query, so they are not to see it. */
const WATCHERS: ReadonlySet<string> = new Set(['prometheus', 'errors', 'log', 'dnstap', 'shed'])
/** Steps that are noted: lookups inside lookups go through the chain too. */
const MAX_STEPS = 200
const NO_FACTS: readonly Fact[] = []

export interface WalkQuestion {
  readonly qname: Name
  readonly qtype: number
  /** The address that the question is asked from. */
  readonly client: string
  /** Only what the answer is: nothing is explained, and nobody is asked for that. */
  readonly bare?: boolean
}

/** A step that is under way. */
interface Noted {
  readonly plugin: Plugin
  readonly query: Query
  did: Step['did']
  reply: Reply | undefined
  /** The question that it handed on, where that is another one. */
  asked: Query | undefined
}

/** Sends a copy of a question through the real chains, and notes what each plugin did with it. */
export async function walk(
  blocks: readonly SetUpBlock[],
  question: WalkQuestion,
  now: () => number,
): Promise<Walk> {
  const noted: Noted[] = []
  const traced = (plugins: readonly Plugin[]) => link(plugins.map((plugin) => trace(plugin, noted)))
  const routers = plan(blocks, traced).map(
    ({ label, blocks }) =>
      new Router(label, blocks, {
        dropped: () => {},
        writer: new Writer(),
        guard: (query, run) => guarded(query, () => run(query)),
      }),
  )
  const { query, reply } = await ask(routers, question, now)
  const steps: Step[] = []
  const amiss = misnamed(question.qname)
  const problems: Problem[] = amiss === undefined ? [] : [amiss]
  if (query?.zone === undefined) problems.push(nowhere(blocks, routers, question))
  else if (reply.why?.().code === EDE.NOT_AUTHORITATIVE) problems.push(untaken(query.zone, reply))
  for (const one of noted.slice(0, MAX_STEPS)) {
    const explanation = question.bare === true ? undefined : await explain(one)
    steps.push(stepOf(one, explanation?.facts ?? NO_FACTS))
    // What was no name is not to be looked for anywhere.
    for (const problem of amiss === undefined ? (explanation?.problems ?? []) : []) {
      if (!problems.some(({ reason }) => reason === problem.reason)) problems.push(problem)
    }
  }
  return {
    name: nameToText(question.qname),
    type: typeToText(question.qtype),
    client: question.client,
    listener: query?.exchange.listener.label,
    zone: query?.zone === undefined ? undefined : nameToText(query.zone),
    rcode: reply.kind === 'silence' ? 'no answer at all' : rcodeToText(reply.rcode),
    answer: textOf(reply.answer),
    authority: textOf(reply.authority),
    steps,
    problems: fitting(problems),
  }
}

/** The name was meant for the cluster. */
const MEANT_FOR_CLUSTER: ReadonlySet<string> = new Set(['search-list-not-applied', 'no-such-zone'])
/** A plugin behind does not have it, and would be the wrong place. */
const NOT_HERE: ReadonlySet<string> = new Set(['not-in-zone', 'not-in-hosts', 'no-match'])

/** All but what would lead to a cure in the wrong place. */
function fitting(problems: readonly Problem[]): Problem[] {
  const isMeant = problems.some(({ code }) => MEANT_FOR_CLUSTER.has(code))
  return problems.filter(({ code }) => !isMeant || !NOT_HERE.has(code))
}

/** The first listener with a block for the name; the first of all where none has one. */
async function ask(
  routers: readonly Router[],
  question: WalkQuestion,
  now: () => number,
): Promise<{ query: Query | undefined; reply: Reply }> {
  let last: { query: Query; reply: Reply } | undefined
  for (const router of routers) {
    const query = queryFor(question, router, now)
    const reply = await router.serve(query)
    last = { query, reply }
    if (query.zone !== undefined) return last
  }
  return last ?? { query: undefined, reply: giveUp({} as Query, '', RCODE.REFUSED) }
}

function queryFor(
  { qname, qtype, client }: WalkQuestion,
  listener: Router,
  now: () => number,
): Query {
  const question = { qname, qtype, qclass: CLASS.IN }
  const exchange: Exchange = {
    transport: 'udp',
    client: { address: client, port: 0 },
    local: { address: '127.0.0.1', port: 53 },
    listener,
    started: now(),
    packet: undefined,
    depth: 0,
    deadline: Number.POSITIVE_INFINITY,
  }
  const fields = { id: 0, flags: FLAG.RD, question, opt: undefined }
  const none = { answer: [], authority: [], additional: [] }
  return new Query(exchange, fields, { ...fields, ...none, whole: true })
}

/** The plugin with everything that is its own, and a note of what it does. */
function trace(plugin: Plugin, noted: Noted[]): Plugin {
  const traced: Plugin = {
    name: plugin.name,
    serve(query, next) {
      const note: Noted = { plugin, query, did: 'answered', reply: undefined, asked: undefined }
      noted.push(note)
      if (WATCHERS.has(plugin.name)) {
        note.did = 'skipped'
        return whenDone(next(query), (reply) => {
          note.reply = reply
          return reply
        })
      }
      let behind: Reply | undefined
      const reply = plugin.serve(query, (passed) => {
        const same = passed.folded === query.folded && passed.qtype === query.qtype
        note.asked = same ? undefined : passed
        return whenDone(next(passed), (reply) => {
          behind = reply
          return reply
        })
      })
      return whenDone(reply, (reply) => {
        note.reply = reply
        if (behind !== undefined) note.did = sameToClients(behind, reply) ? 'passed' : 'changed'
        return reply
      })
    },
  }
  return plugin.keepsLifetimes === true ? { ...traced, keepsLifetimes: true } : traced
}

function sameToClients(one: Reply, other: Reply): boolean {
  return (
    one.flags === other.flags &&
    one.rcode === other.rcode &&
    one.question?.qname === other.question?.qname &&
    textOf(one.answer).join() === textOf(other.answer).join() &&
    textOf(one.authority).join() === textOf(other.authority).join()
  )
}

async function guarded(query: Query, run: () => Reply | Promise<Reply>): Promise<Reply> {
  try {
    return await run()
  } catch (error) {
    return giveUp(query, '', RCODE.SERVFAIL, `a bug in a plugin: ${(error as Error).message}`)
  }
}

async function explain({ plugin, query, reply }: Noted): Promise<Explanation | undefined> {
  try {
    return await plugin.explain?.(query, reply)
  } catch (error) {
    const reason = `Plugin ${plugin.name} cannot explain itself: ${(error as Error).message}.`
    const remedy = 'This is a bug: please report it with this sentence.'
    return { facts: [], problems: [{ code: 'bug', reason, remedy }] }
  }
}

function stepOf({ plugin, query, did, reply, asked }: Noted, facts: readonly Fact[]): Step {
  const error = did === 'answered' ? reply?.error : undefined
  return {
    plugin: plugin.name,
    depth: query.exchange.depth,
    name: nameToText(query.qname),
    type: typeToText(query.qtype),
    did,
    rcode: reply === undefined ? '-' : rcodeToText(reply.rcode),
    ...(error !== undefined && { error }),
    facts: asked === undefined ? facts : [...facts, rewritten(asked)],
  }
}

function rewritten({ qname, qtype }: Query): Fact {
  const name = `${nameToText(qname)} ${typeToText(qtype)}`
  return { kind: 'question', name, says: 'is what those behind are asked instead' }
}

function nowhere(
  blocks: readonly SetUpBlock[],
  routers: readonly Router[],
  { qname, client }: WalkQuestion,
): Problem {
  const listeners = routers.map(({ label }) => label).join(', ')
  const folded = fold(qname)
  const closed = blocks.filter(
    ({ settings, plugins }) =>
      plugins.some(({ filter }) => filter !== undefined) &&
      settings.zones.some((zone) => isAtOrBelow(folded, zone)),
  )
  if (closed.length > 0) {
    const views = closed.map(({ settings }) => settings.view).join(', ')
    return {
      code: 'no-view',
      reason: `The server blocks for this name have views, and none takes ${client}: ${views}.`,
      remedy: 'Correct the expression of the view, or add a server block for the zone without one.',
    }
  }
  return {
    code: 'no-server-block',
    reason: `No server block takes this name: it is refused (${listeners}).`,
    remedy: 'Write a server block for its zone into the Corefile, or one for `.` that forwards it.',
  }
}

/** The question went to the end of its block's chain. */
function untaken(zone: Name, { rcode }: Reply): Problem {
  const block = nameToText(zone)
  return {
    code: 'no-plugin',
    reason: `No plugin of block ${block} takes this name: ${rcodeToText(rcode)}.`,
    remedy: `Write a plugin for its zone into the block, or \`forward\` for what is not the block's own.`,
  }
}

/** A bound for what a page shows: an answer may have thousands of records. */
const MAX_RECORDS = 100

const textOf = (records: readonly Rr[]) => records.slice(0, MAX_RECORDS).map(rrToText)
