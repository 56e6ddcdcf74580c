import type { Opt, Option } from '../../wire/edns.ts'
import { nameToText } from '../../wire/name.ts'
import { ipv4Octets, ipv6Octets } from '../../wire/presentation.ts'
import { type Octets, rdata, u16 } from '../../wire/record.ts'
import type { Query } from '../query.ts'
import type { Draft } from './draft.ts'
import { dropOption, type ReplyRule, restoreOption } from './reply-rules.ts'
import { NO_REPLY_RULES, type Rule } from './rule.ts'

/** What is done with an option: to one that is there, to none, to either. */
export type Action = 'replace' | 'append' | 'set'

/** Payload size of an OPT record that a rule gives a query without one. */
const UDP_SIZE = 4096

/** What a rule about an option is made of. */
export interface OptionRuleParts {
  readonly stops: boolean
  readonly action: Action
  readonly code: number
  /** What goes into it; undefined where there is nothing to say, and the rule does nothing. */
  readonly data: (draft: Draft) => Octets | undefined
  /** Whether the reply shows the option as it was. */
  readonly reverts: boolean
  /** Whether the rule is one of `local`. */
  readonly isLocal: boolean
  /** Whether `append` puts a second option behind one of the same code. */
  readonly doubles: boolean
}

/** Puts an option into the query. */
export function optionRule(parts: OptionRuleParts): Rule {
  const { action, code, reverts } = parts
  return {
    stops: parts.stops,
    apply: (draft) => {
      draft.personal = true
      const data = parts.data(draft)
      if (data === undefined) return undefined
      const opt = optOf(draft)
      const at = editable(opt.options, parts)
      const old = opt.options[at]
      if (old !== undefined && action !== 'append') {
        const isOwn = draft.ownOptions.has(old)
        draft.opt = { ...opt, options: opt.options.with(at, draft.option(code, data, isOwn)) }
        // The reference cannot give back a client's own option of a kind that it knows by name.
        return reverting(reverts && (parts.isLocal || isOwn), () => restoreOption(old))
      }
      if (action === 'replace' || (old !== undefined && !parts.doubles)) return undefined
      draft.opt = { ...opt, options: [...opt.options, draft.option(code, data, true)] }
      return reverting(reverts, () => dropOption(code))
    },
    shareOf: () => 'some',
  }
}

/** Takes all options of a code out of the query. */
export function unsetRule(stops: boolean, code: number): Rule {
  return {
    stops,
    apply: (draft) => {
      draft.personal = true
      const opt = optOf(draft)
      if (opt.options.some((option) => option.code === code)) {
        draft.opt = { ...opt, options: opt.options.filter((option) => option.code !== code) }
      }
      return NO_REPLY_RULES
    },
    shareOf: () => 'some',
  }
}

const reverting = (reverts: boolean, rule: () => ReplyRule): readonly ReplyRule[] =>
  reverts ? [rule()] : NO_REPLY_RULES

/** The query's OPT record; it gets one where it has none. */
function optOf(draft: Draft): Opt {
  draft.opt ??= { udpSize: UDP_SIZE, extendedRcode: 0, version: 0, flags: 0, options: [] }
  return draft.opt
}

/** Codes that the reference knows by name: `local` does not see an option of theirs, but puts another beside it. */
const NAMED: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 18, 19])

function editable(options: readonly Option[], { code, isLocal }: OptionRuleParts): number {
  return isLocal && NAMED.has(code) ? -1 : options.findIndex((option) => option.code === code)
}

/** A client's network (RFC 7871 §6), with prefixes of so many bits. */
export function clientSubnet(v4Bits: number, v6Bits: number): (draft: Draft) => Octets {
  return ({ query }) => {
    const [address = ''] = query.exchange.client.address.split('%')
    const isV6 = address.includes(':')
    const bits = isV6 ? v6Bits : v4Bits
    const octets = (isV6 ? ipv6Octets(address) : ipv4Octets(address)) ?? ''
    return rdata(u16(isV6 ? 2 : 1), String.fromCharCode(bits, 0), masked(octets, bits))
  }
}

/** The first so many bits, in as few octets as hold them. */
function masked(octets: string, bits: number): string {
  const whole = octets.slice(0, bits >> 3)
  if (bits % 8 === 0) return whole
  return whole + String.fromCharCode(octets.charCodeAt(bits >> 3) & (0xff00 >> (bits % 8)) & 0xff)
}

/** What the words in braces stand for; any other is a label of plugin metadata. */
export const VARIABLES: ReadonlyMap<string, (draft: Draft) => Octets | undefined> = new Map([
  ['{qname}', ({ query, qname }: Draft) => octetsOf(nameToText(qname ?? query.qname))],
  ['{qtype}', ({ qtype }: Draft) => u16(qtype)],
  ['{client_ip}', ({ query }: Draft) => addressOctets(query, query.exchange.client.address)],
  ['{client_port}', ({ query }: Draft) => u16(query.exchange.client.port)],
  ['{server_ip}', ({ query }: Draft) => addressOctets(query, query.exchange.local.address)],
  ['{server_port}', ({ query }: Draft) => u16(query.exchange.local.port)],
  ['{protocol}', ({ query }: Draft) => octetsOf(query.proto)],
])

/** An address of the client's family. */
function addressOctets({ exchange }: Query, address: string): Octets | undefined {
  const isV6 = exchange.client.address.includes(':')
  return (isV6 ? ipv6Octets(address) : ipv4Octets(address)) as Octets | undefined
}

/** The value that a plugin gave a label. */
export function metadataOf(label: string): (draft: Draft) => Octets | undefined {
  return ({ query }) => {
    const value = query.metadata?.get(label)?.() ?? ''
    return value === '' ? undefined : octetsOf(value)
  }
}

/** A text in UTF-8. */
export const octetsOf = (text: string): Octets =>
  Buffer.from(text, 'utf8').toString('latin1') as Octets
