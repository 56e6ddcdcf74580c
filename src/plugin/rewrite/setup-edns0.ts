import { quote } from '../../corefile/quote.ts'
import { parseUnsigned } from '../../corefile/values.ts'
import { OPTION } from '../../wire/codes.ts'
import type { Octets } from '../../wire/record.ts'
import {
  type Action,
  clientSubnet,
  metadataOf,
  type OptionRuleParts,
  octetsOf,
  optionRule,
  unsetRule,
  VARIABLES,
} from './edns0-rules.ts'
import type { Rule } from './rule.ts'

const ACTIONS: ReadonlySet<string> = new Set(['append', 'replace', 'set', 'unset'])

/** `edns0 local|nsid|subnet append|replace|set|unset ARGS... [revert]`; codes of `local` go to `echoes`. */
export function parseEdns0(stops: boolean, words: readonly string[], echoes: number[]): Rule {
  const [kind, action] = words.slice(0, 2).map((word) => word.toLowerCase())
  if (kind === undefined || action === undefined) {
    throw new Error('too few arguments for an EDNS0 rule')
  }
  if (!ACTIONS.has(action)) throw new Error(`invalid action: ${quote(action)}`)
  if (action === 'unset') return unsetRule(stops, parseUnset(kind, words.slice(2), echoes))
  const reverts = words.at(-1) === 'revert'
  const args = words.slice(2, reverts ? -1 : undefined)
  return optionRule({
    stops,
    action: action as Action,
    reverts,
    ...parseOption(kind, args, echoes),
  })
}

function parseUnset(kind: string, args: readonly string[], echoes: number[]): number {
  switch (kind) {
    case 'local':
      if (args.length !== 1) throw new Error('local unset action requires exactly two arguments')
      return localCode(args[0], echoes)
    case 'nsid':
      if (args.length !== 0) throw new Error('nsid unset action requires exactly one argument')
      return OPTION.NSID
    case 'subnet':
      if (args.length !== 0) throw new Error('subnet unset action requires exactly one argument')
      return OPTION.CLIENT_SUBNET
    default:
      throw new Error(`invalid rule type ${quote(kind)}`)
  }
}

function parseOption(
  kind: string,
  args: readonly string[],
  echoes: number[],
): Pick<OptionRuleParts, 'code' | 'data' | 'isLocal' | 'doubles'> {
  const [first = '', second = ''] = args
  switch (kind) {
    case 'local':
      if (args.length !== 2) throw new Error('EDNS0 local rules require three or four args')
      return parseLocal(first, second, echoes)
    case 'nsid': {
      if (args.length !== 0) throw new Error('EDNS0 NSID rules can accept no more than one arg')
      const data = () => '' as Octets
      return { code: OPTION.NSID, data, isLocal: false, doubles: true }
    }
    case 'subnet': {
      if (args.length !== 2) throw new Error('EDNS0 subnet rules require three or four args')
      const data = clientSubnet(bitsOf('IPv4', 32, first), bitsOf('IPv6', 128, second))
      return { code: OPTION.CLIENT_SUBNET, data, isLocal: false, doubles: false }
    }
    default:
      throw new Error(`invalid rule type ${quote(kind)}`)
  }
}

function parseLocal(
  word: string,
  text: string,
  echoes: number[],
): Pick<OptionRuleParts, 'code' | 'data' | 'isLocal' | 'doubles'> {
  if (text.startsWith('{') && text.endsWith('}')) {
    const code = codeOf(word)
    const label = text.slice(1, -1)
    const data = VARIABLES.get(text) ?? (isLabel(label) ? metadataOf(label) : undefined)
    if (data === undefined) throw new Error(`unsupported variable name ${quote(text)}`)
    echoes.push(code)
    return { code, data, isLocal: true, doubles: false }
  }
  const code = codeOf(word)
  const octets = text.startsWith('0x') ? octetsOfHex(text.slice(2)) : octetsOf(text)
  echoes.push(code)
  return { code, data: () => octets, isLocal: true, doubles: true }
}

function localCode(word = '', echoes: number[]): number {
  const code = codeOf(word)
  echoes.push(code)
  return code
}

const codeOf = (word: string): number => parseUnsigned(word, 16, 0)

function bitsOf(family: string, most: number, word: string): number {
  const bits = parseUnsigned(word, 16, 0)
  if (bits > most) throw new Error(`invalid ${family} bit mask length ${bits}`)
  return bits
}

/** Two texts with a slash between them. */
function isLabel(text: string): boolean {
  const slash = text.indexOf('/')
  return slash > 0 && slash < text.length - 1
}

function octetsOfHex(text: string): Octets {
  const octets = Buffer.from(text, 'utf8').toString('latin1')
  const wrong = /[^0-9a-f]/i.exec(octets)?.[0]
  if (wrong !== undefined) throw new Error(`encoding/hex: invalid byte: ${characterText(wrong)}`)
  if (text.length % 2 === 1) throw new Error('encoding/hex: odd length hex string')
  return Buffer.from(text, 'hex').toString('latin1') as Octets
}

/** `U+007A 'z'`; without the character where it cannot be printed. */
function characterText(char: string): string {
  const code = char.charCodeAt(0)
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char) ? `${number} '${char}'` : number
}
