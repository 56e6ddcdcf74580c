import { normalizeName } from '../../corefile/zones.ts'
import { CLASS, classFromText, RCODE, rcodeFromText, typeFromText } from '../../wire/codes.ts'
import { nameToText } from '../../wire/name.ts'
import { type Match, matchOf, plainMatch } from './match.ts'
import type { ResponseRule, Rule } from './rule.ts'

const MAX_TTL = 2 ** 31 - 1

/** `type FROM TO` */
export function typeRule(stops: boolean, [from = '', to = '']: readonly string[]): Rule {
  const [asked, given] = [typeNamed(from), typeNamed(to)]
  return {
    stops,
    clearOf: (_, qtype) => qtype !== asked,
    apply(rewriting) {
      if (rewriting.question.qtype !== asked || asked === 0 || given === 0) return undefined
      rewriting.question = { ...rewriting.question, qtype: given }
      return []
    },
  }
}

/** `class FROM TO` */
export function classRule(stops: boolean, [from = '', to = '']: readonly string[]): Rule {
  const [asked, given] = [classNamed(from), classNamed(to)]
  return {
    stops,
    clearOf: () => asked !== CLASS.IN,
    apply(rewriting) {
      if (rewriting.question.qclass !== asked) return undefined
      rewriting.question = { ...rewriting.question, qclass: given }
      return []
    },
  }
}

/** `ttl [MATCH] NAME SECONDS|MIN-MAX|-MAX|MIN-` */
export function ttlRule(stops: boolean, args: readonly string[]): Rule {
  if (args.length < 2) throw new Error(`too few (${args.length}) arguments for a ttl rule`)
  const text = args.length > 3 ? '' : (args.at(-1) as string)
  const range = ttlRange(text)
  if (range === undefined) throw new Error(`invalid TTL '${text}' for a ttl rule`)
  const clamp: ResponseRule = {
    record: (rr) => {
      const ttl = Math.min(Math.max(rr.ttl, range.min), range.max)
      return ttl === rr.ttl ? rr : { ...rr, ttl }
    },
  }
  return reply(stops, matchFor(args.slice(0, -1), 'ttl'), clamp)
}

/** `rcode [MATCH] NAME FROM TO` */
export function rcodeRule(stops: boolean, args: readonly string[]): Rule {
  if (args.length < 3) throw new Error(`too few (${args.length}) arguments for a rcode rule`)
  const [from = '', to = ''] = args.length > 4 ? [] : args.slice(-2)
  const old = rcodeNamed(from)
  if (old === undefined) throw new Error(`invalid matching RCODE '${from}' for a rcode rule`)
  const other = rcodeNamed(to)
  if (other === undefined) throw new Error(`invalid replacement RCODE '${to}' for a rcode rule`)
  const change: ResponseRule = {
    message: (reverting) => {
      if (reverting.rcode === old) reverting.rcode = other
    },
  }
  return reply(stops, matchFor(args.slice(0, -2), 'rcode'), change)
}

/** A rule that changes nothing but the reply. */
function reply(stops: boolean, match: Match, rule: ResponseRule): Rule {
  return {
    stops,
    clearOf: (branch) => match.clearOf(branch),
    apply: ({ question }) => {
      const text = nameToText(question.qname).toLowerCase()
      return match.replace(text, '') === undefined ? undefined : [rule]
    },
  }
}

function matchFor([first = '', second]: readonly string[], rule: 'ttl' | 'rcode'): Match {
  if (second === undefined) return plainMatch('exact', normalizeName(first))
  return matchOf(first.toLowerCase(), second, rule)
}

function ttlRange(text: string): { min: number; max: number } | undefined {
  const parts = /^([0-9]*)(?:(-)([0-9]*))?$/.exec(text)
  if (parts === null || text === '' || text === '-') return undefined
  const [, low = '', dash, high = ''] = parts
  const min = Number(low)
  const max = dash === undefined ? min : high === '' ? MAX_TTL : Number(high)
  return min <= max && max < 2 ** 32 ? { min, max } : undefined
}

function rcodeNamed(text: string): number | undefined {
  if (/^[0-9]+$/.test(text) && Number(text) <= 23) return Number(text)
  const word = text.toUpperCase()
  return word === 'NOTIMPL' ? RCODE.NOTIMP : rcodeFromText(word)
}

function typeNamed(text: string): number {
  const word = text.toUpperCase()
  const type = /^TYPE\d/.test(word) ? undefined : typeFromText(word)
  if (type === undefined) throw new Error(`invalid type ${JSON.stringify(word)}`)
  return type
}

function classNamed(text: string): number {
  const word = text.toUpperCase()
  const found = /^CLASS\d/.test(word) ? undefined : classFromText(word)
  if (found === undefined) throw new Error(`invalid class ${JSON.stringify(word)}`)
  return found
}
