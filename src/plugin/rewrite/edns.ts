import { quote } from '../../corefile/quote.ts'
import { parseUnsigned } from '../../corefile/values.ts'
import { OPTION } from '../../wire/codes.ts'
import type { Opt, Option } from '../../wire/edns.ts'
import { nameToText } from '../../wire/name.ts'
import { type Octets, u16 } from '../../wire/record.ts'
import { addressOctets } from '../cidr.ts'
import type { Query } from '../query.ts'
import type { ResponseRule, Rewriting, Rule } from './rule.ts'

/** Payload size of an OPT record for queries without one. */
const OPT_UDP_SIZE = 4096

type Action = 'set' | 'append' | 'replace' | 'unset'
const ACTIONS: readonly string[] = ['set', 'append', 'replace', 'unset']

/** What an option's data is for a query; undefined when it cannot be told. */
type Data = (query: Query) => Octets | undefined

/** How an option is written into a query's OPT. */
interface Change {
  readonly code: number
  readonly action: Action
  readonly data: Data
  readonly reverts: boolean
  /** Whether `append` adds a second option beside one that is there. */
  readonly appendsToOwn: boolean
}

/** `edns0 local|nsid|subnet set|append|replace|unset … [revert]`; `note` is told of each option code that clients may now see. */
export function ednsRule(
  stops: boolean,
  args: readonly string[],
  note: (code: number) => void,
): Rule {
  if (args.length < 2) throw new Error('too few arguments for an EDNS0 rule')
  const [kind = '', action = ''] = args.slice(0, 2).map((arg) => arg.toLowerCase())
  if (!ACTIONS.includes(action)) throw new Error(`invalid action: ${quote(action)}`)
  const change =
    action === 'unset' ? unsetChange(kind, args) : setChange(kind, action as Action, args)
  if (kind === 'local') note(change.code)
  return {
    stops,
    clearOf: () => false,
    apply: (rewriting) => write(rewriting, change),
  }
}

function unsetChange(kind: string, args: readonly string[]): Change {
  const common = {
    action: 'unset' as const,
    data: () => undefined,
    reverts: false,
    appendsToOwn: false,
  }
  switch (kind) {
    case 'local':
      if (args.length !== 3) throw new Error('local unset action requires exactly two arguments')
      return { ...common, code: parseUnsigned(args[2] as string, 16, 0) }
    case 'nsid':
      if (args.length !== 2) throw new Error('nsid unset action requires exactly one argument')
      return { ...common, code: OPTION.NSID }
    case 'subnet':
      if (args.length !== 2) throw new Error('subnet unset action requires exactly one argument')
      return { ...common, code: OPTION.CLIENT_SUBNET }
    default:
      throw new Error(`invalid rule type ${quote(kind)}`)
  }
}

function setChange(kind: string, action: Action, all: readonly string[]): Change {
  const reverts = all.at(-1) === 'revert'
  const args = reverts ? all.slice(0, -1) : all
  const [, , third = '', fourth = ''] = args
  switch (kind) {
    case 'local':
      if (args.length !== 4) throw new Error('EDNS0 local rules require three or four args')
      return localChange(action, third, fourth, reverts)
    case 'nsid':
      if (args.length !== 2) throw new Error('EDNS0 NSID rules can accept no more than one arg')
      return { code: OPTION.NSID, action, data: () => '' as Octets, reverts, appendsToOwn: true }
    case 'subnet': {
      if (args.length !== 4) throw new Error('EDNS0 subnet rules require three or four args')
      const data = subnetData(third, fourth)
      return { code: OPTION.CLIENT_SUBNET, action, data, reverts, appendsToOwn: false }
    }
    default:
      throw new Error(`invalid rule type ${quote(kind)}`)
  }
}

function localChange(action: Action, codeText: string, text: string, reverts: boolean): Change {
  const code = parseUnsigned(codeText, 16, 0)
  if (text.startsWith('{') && text.endsWith('}')) {
    return { code, action, data: variable(text), reverts, appendsToOwn: false }
  }
  const octets = text.startsWith('0x') ? decodeHex(text.slice(2)) : Buffer.from(text)
  const data = octets.toString('latin1') as Octets
  return { code, action, data: () => data, reverts, appendsToOwn: true }
}

function decodeHex(text: string): Buffer {
  const wrong = /[^0-9a-fA-F]/.exec(text)?.[0]
  if (wrong !== undefined) {
    const point = wrong.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    throw new Error(`encoding/hex: invalid byte: U+${point} '${wrong}'`)
  }
  if (text.length % 2 !== 0) throw new Error('encoding/hex: odd length hex string')
  return Buffer.from(text, 'hex')
}

const VARIABLES: Readonly<Record<string, Data>> = {
  '{qname}': (query) => Buffer.from(nameToText(query.qname)).toString('latin1') as Octets,
  '{qtype}': (query) => u16(query.qtype),
  '{client_ip}': ({ exchange }) => addressOctets(exchange.client.address),
  '{client_port}': ({ exchange }) => u16(exchange.client.port),
  '{protocol}': (query) => query.proto as string as Octets,
  '{server_ip}': ({ exchange }) => addressOctets(exchange.local.address),
  '{server_port}': ({ exchange }) => u16(exchange.local.port),
}

/** A variable's data: what it names of the query, or a metadata label such as `{kubernetes/endpoint}`. */
function variable(text: string): Data {
  const known = VARIABLES[text]
  if (known !== undefined) return known
  const label = text.slice(1, -1)
  if (!/^[^/]+\/[^/]+$/.test(label)) throw new Error(`unsupported variable name ${quote(text)}`)
  return (query) => {
    const value = query.metadata?.get(label)?.() ?? ''
    return value === '' ? undefined : (Buffer.from(value).toString('latin1') as Octets)
  }
}

/** RFC 7871 §6: family, source prefix length, scope 0, and as many octets of the client's address as the prefix needs. */
function subnetData(ipv4Text: string, ipv6Text: string): Data {
  const ipv4 = parseUnsigned(ipv4Text, 16, 0)
  if (ipv4 > 32) throw new Error(`invalid IPv4 bit mask length ${ipv4}`)
  const ipv6 = parseUnsigned(ipv6Text, 16, 0)
  if (ipv6 > 128) throw new Error(`invalid IPv6 bit mask length ${ipv6}`)
  return ({ exchange }) => {
    const address = addressOctets(exchange.client.address)
    if (address === undefined) return undefined
    const [family, bits] = address.length === 4 ? [1, ipv4] : [2, ipv6]
    const prefix = String.fromCharCode(bits, 0) + masked(address, bits)
    return (u16(family) + prefix) as Octets
  }
}

function masked(address: Octets, bits: number): string {
  const whole = address.slice(0, bits >> 3)
  const rest = bits & 7
  if (rest === 0) return whole
  const last = address.charCodeAt(bits >> 3) & (0xff << (8 - rest)) & 0xff
  return whole + String.fromCharCode(last)
}

/** Writes an option into the query's OPT, which is made where there is none, even for a rule that then changes nothing. */
function write(rewriting: Rewriting, change: Change): readonly ResponseRule[] | undefined {
  const { code, action, reverts } = change
  const data = change.data(rewriting.query)
  if (data === undefined && action !== 'unset') return undefined
  rewriting.personal = true
  const opt = rewriting.opt ?? EMPTY_OPT
  rewriting.opt = opt
  if (action === 'unset') {
    rewriting.opt = { ...opt, options: opt.options.filter((option) => option.code !== code) }
    return []
  }
  const fresh: Option = { code, data: data as Octets }
  const at = opt.options.findIndex((option) => option.code === code)
  const before = opt.options[at]
  if (before !== undefined && (action === 'set' || action === 'replace')) {
    rewriting.opt = { ...opt, options: opt.options.with(at, fresh) }
    return reverts ? [{ opt: (now) => replaced(now, before) }] : []
  }
  if (action === 'replace' || (before !== undefined && !change.appendsToOwn)) return undefined
  rewriting.opt = { ...opt, options: [...opt.options, fresh] }
  return reverts ? [{ opt: (now) => without(now, code) }] : []
}

const EMPTY_OPT: Opt = {
  udpSize: OPT_UDP_SIZE,
  extendedRcode: 0,
  version: 0,
  flags: 0,
  options: [],
}

function replaced(opt: Opt, option: Option): Opt {
  const at = opt.options.findIndex(({ code }) => code === option.code)
  return at === -1 ? opt : { ...opt, options: opt.options.with(at, option) }
}

/** Without the first option of this code. */
function without(opt: Opt, code: number): Opt {
  const at = opt.options.findIndex((option) => option.code === code)
  return at === -1 ? opt : { ...opt, options: opt.options.toSpliced(at, 1) }
}
