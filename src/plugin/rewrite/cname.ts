import { RE2JS } from 're2js'
import { normalizeName } from '../../corefile/zones.ts'
import { TYPE } from '../../wire/codes.ts'
import { FLAG } from '../../wire/header.ts'
import { type Name, nameFromText, nameToText } from '../../wire/name.ts'
import type { Octets, Rr } from '../../wire/record.ts'
import { shortest } from '../lifetime.ts'
import { lookup } from '../lookup.ts'
import type { Query } from '../query.ts'
import { isMatchWord, MAX_PATTERN_OCTETS, type Match, patternMatch, plainMatch } from './match.ts'
import type { Reverting, Rule } from './rule.ts'

/** `cname [MATCH] FROM TO`: a CNAME's target becomes another name, which the server then looks up. */
export function cnameRule(stops: boolean, args: readonly string[]): Rule {
  const { match, target } = parse(args.map((arg) => arg.toLowerCase()))
  return {
    stops,
    // Denials have no CNAME.
    clearOf: () => true,
    apply: (rewriting) => [
      {
        alias: (cname, reply) =>
          change(
            cname,
            reply,
            rewriting.query.with({ question: rewriting.question }),
            match,
            target,
          ),
      },
    ],
  }
}

function parse(args: readonly string[]): { match: Match; target: string } {
  if (args.length !== 2 && args.length !== 3) {
    throw new Error(`too few (${args.length}) arguments for a cname rule`)
  }
  const word = args.length === 2 ? 'exact' : (args[0] as string)
  if (!isMatchWord(word)) throw new Error(`unknown cname rewrite type: ${word}`)
  const [from = '', to = ''] = args.slice(-2)
  if (word === 'regex') return { match: patternMatch(patternOf(from)), target: to }
  if (word === 'exact') {
    return { match: plainMatch('exact', normalizeName(from)), target: normalizeName(to) }
  }
  return { match: plainMatch(word, from), target: to }
}

function patternOf(text: string): RE2JS {
  const octets = Buffer.byteLength(text)
  if (octets > MAX_PATTERN_OCTETS) {
    throw new Error(`regex pattern too long in a cname rule: ${octets} > ${MAX_PATTERN_OCTETS}`)
  }
  try {
    return RE2JS.compile(text)
  } catch (error) {
    throw new Error(`invalid cname rewrite regex pattern: ${(error as Error).message}`)
  }
}

/** What stood behind the CNAME gives way to what the server says of the new target. */
async function change(
  cname: Rr,
  reply: Reverting,
  query: Query,
  match: Match,
  target: string,
): Promise<void> {
  const replaced = match.replace(nameToText(cname.rdata as string as Name), target)
  const other = replaced === undefined ? undefined : nameFromText(replaced)
  if (other === undefined) return
  const found = await lookup(query, other, query.qtype)
  reply.lifetime = shortest(reply.lifetime, found.lifetime)
  if (found.kind === 'silence') return
  const kept: Rr[] = []
  for (const rr of reply.answer) {
    if (rr.type !== TYPE.CNAME) continue
    const changed = rr.rdata === cname.rdata
    kept.push(changed ? { ...rr, rdata: other as string as Octets } : rr)
    if (changed) break
  }
  reply.answer = [...kept, ...found.answer]
  reply.flags = (reply.flags & ~FLAG.TC) | (found.flags & FLAG.TC)
}
