import { nearest } from '../../corefile/nearest.ts'
import { RCODE, TYPE, typeToText } from '../../wire/codes.ts'
import { ancestor, isAtOrBelow, labelsOf, type Name, nameToText } from '../../wire/name.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'
import type { Explanation, Fact, Problem } from '../why.ts'
import { type Node, wildcardOf, type Zone } from './zone.ts'

/** A zone that a plugin answers from, and how an operator gets at it. */
export interface Held {
  readonly origin: Name
  /** Undefined while it is not loaded. */
  readonly zone: Zone | undefined
  /** `file /etc/coredns/example.org`, `primary 192.0.2.1:53`. */
  readonly source: string
  /** What stands in the way of the zone as the source has it now: a sentence; undefined for nothing. */
  readonly trouble: string | undefined
  /** What to do to have a record in the zone: a sentence. */
  readonly change: string
}

const MOST_TYPES = 8
/** Names that are compared with a mistyped one. */
const MOST_SIBLINGS = 10_000

/** Which zone answered, by which of its names, and what it does not have. */
export function explainZone(query: Query, reply: Reply | undefined, held: Held): Explanation {
  const { zone, trouble } = held
  const name = nameToText(held.origin)
  const stale: Problem[] =
    trouble === undefined
      ? []
      : [
          {
            code: 'zone-not-taken',
            reason: `The zone ${name} is not as its ${held.source} has it: ${trouble}.`,
            remedy: `Correct it; the log has what is said of the ${held.source}.`,
          },
        ]
  if (zone === undefined) return { facts: [], problems: [notLoaded(held), ...stale] }
  const facts = [zoneFact(held, zone), ...wayFacts(query.folded, zone)]
  const missing = reply === undefined ? undefined : problemOf(query, reply, held, zone)
  return { facts, problems: missing === undefined ? stale : [missing, ...stale] }
}

/** The reply where the plugin made it: what others answered is not the zone's. */
export function replyBy(plugin: string, reply: Reply | undefined): Reply | undefined {
  return reply?.by === plugin ? reply : undefined
}

function notLoaded({ origin, source }: Held): Problem {
  return {
    code: 'zone-not-loaded',
    reason: `The zone ${nameToText(origin)} has no records yet, or not any more: ${source} has not given it.`,
    remedy: `Look in the log for what is said of ${nameToText(origin)}, and at ${source}.`,
  }
}

function zoneFact({ origin, source }: Held, { serial }: Zone): Fact {
  return {
    kind: 'zone',
    name: nameToText(origin),
    version: String(serial),
    says: `from ${source}`,
  }
}

/** What decides on the way from the apex down to the name: a cut, an alias for all below, the name itself, or the last wildcard. */
function wayFacts(qname: Name, zone: Zone): Fact[] {
  let wildcard: Fact[] = []
  for (const at of pathTo(qname, zone.origin)) {
    const node = zone.node(at)
    if (node !== undefined) {
      const decides = nodeFact(node, at === qname)
      if (decides !== undefined) return [decides]
      continue
    }
    const beside = zone.node(wildcardOf(at) ?? at)
    if (beside !== undefined) {
      const name = nameToText(beside.name)
      wildcard = [{ kind: 'wildcard', name, says: 'stands for names that are not there' }]
    }
  }
  return wildcard
}

/** The names below the apex, down to this one. */
function pathTo(qname: Name, origin: Name): Name[] {
  const path: Name[] = []
  for (let at = qname; at !== origin && at.length > origin.length; at = ancestor(at, 1)) {
    path.unshift(at)
  }
  return path
}

function nodeFact(node: Node, isAsked: boolean): Fact | undefined {
  const name = nameToText(node.name)
  const servers = node.of(TYPE.NS).map(({ rdata }) => nameToText(rdata as string as Name))
  if (servers.length > 0) {
    const says = `the zone ends here: ${servers.join(', ')} have what is below`
    return { kind: 'delegation', name, says }
  }
  if (isAsked) return { kind: 'name', name, says: `has ${typesOf(node)}` }
  if (node.of(TYPE.DNAME).length === 0) return undefined
  return { kind: 'DNAME', name, says: 'leads all that is below to another name' }
}

const typesOf = (node: Node): string =>
  [...node.sets.keys()].slice(0, MOST_TYPES).map(typeToText).join(', ')

function problemOf(query: Query, reply: Reply, held: Held, zone: Zone): Problem | undefined {
  const { rcode, answer } = reply
  const alias = answer.find(({ type }) => type === TYPE.CNAME)
  const name = nameToText(query.folded)
  const of = `The zone ${nameToText(held.origin)} (serial ${zone.serial})`
  if (alias !== undefined) return aliasProblem(query, reply)
  if (rcode === RCODE.NXDOMAIN) {
    const near = nearest(leftmost(query.folded), siblings(query.folded, zone))[0]
    const there = near === undefined ? '' : ` There is ${near}.${nameToText(parentOf(query))}`
    return {
      code: 'not-in-zone',
      reason: `${of} has no name ${name}, and no wildcard for it.${there}`,
      remedy: `${held.change} For names that another plugin has, write \`fallthrough\`.`,
    }
  }
  if (rcode !== RCODE.NOERROR || answer.length > 0) return undefined
  if (reply.authority.some(({ type }) => type === TYPE.NS)) return undefined
  const node = zone.node(query.folded)
  const known = node === undefined ? 'it is only on the way to others' : typesOf(node)
  return {
    code: 'no-such-type',
    reason: `${of} has ${name}, but no ${typeToText(query.qtype)} records there: ${known}.`,
    remedy: held.change,
  }
}

/** An alias whose target has nothing. */
function aliasProblem(query: Query, { answer, rcode }: Reply): Problem | undefined {
  if (query.qtype === TYPE.CNAME || answer.some(({ type }) => type === query.qtype)) {
    return undefined
  }
  const last = answer.filter(({ type }) => type === TYPE.CNAME).at(-1)
  const target = nameToText((last?.rdata ?? '\0') as string as Name)
  const failed = rcode === RCODE.NOERROR ? 'has no such records' : 'could not be resolved'
  return {
    code: 'alias-fails',
    reason: `${nameToText(query.folded)} is an alias that leads to ${target}, which ${failed}.`,
    remedy: `Explain ${target} itself, and correct the CNAME record.`,
  }
}

const leftmost = (name: Name): string => labelsOf(name)[0] ?? ''

const parentOf = ({ folded }: Query): Name => ancestor(folded, 1)

/** The first labels of the names that stand beside one. */
function siblings(name: Name, zone: Zone): string[] {
  const parent = ancestor(name, 1)
  if (!isAtOrBelow(parent, zone.origin)) return []
  return zone.children(parent, MOST_SIBLINGS).map(leftmost)
}
