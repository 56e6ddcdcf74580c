import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import { normalizeZones } from '../../corefile/zones.ts'
import { typeFromText } from '../../wire/codes.ts'
import { type Name, name } from '../../wire/name.ts'
import { Cidr } from '../cidr.ts'
import type { PluginModule } from '../setup.ts'
import { Acl, type Action, type Policy, type Rule } from './acl.ts'
import { aclMetrics } from './metrics.ts'

const ACTIONS: ReadonlySet<string> = new Set(['allow', 'block', 'filter', 'drop'])

/** `acl [ZONES...] { allow|block|filter|drop [type TYPES...] [net ADDRESS|CIDR...] }`, any number of times in a block. */
export const module: PluginModule = {
  name: 'acl',
  setup({ tokens, block, metrics }) {
    const rules: Rule[] = []
    while (tokens.next()) rules.push(parseRule(tokens, block.zones))
    return new Acl(rules, aclMetrics(metrics))
  },
}

function parseRule(tokens: Dispenser, own: readonly Name[]): Rule {
  const args = tokens.remainingArgs()
  const zones = args.length === 0 ? own : normalizeZones(args).map(name)
  const policies: Policy[] = []
  while (tokens.nextBlock()) policies.push(parsePolicy(tokens))
  return { zones, policies }
}

function parsePolicy(tokens: Dispenser): Policy {
  const action = tokens.val().toLowerCase()
  if (!ACTIONS.has(action)) {
    const found = quote(tokens.val())
    throw tokens.err(`unexpected token ${found}; expect 'allow', 'block', 'filter' or 'drop'`)
  }
  let types: Set<number> | 'all' | undefined
  let clients: Cidr[] | 'all' | undefined
  let text = action
  for (const { section, words } of sections(tokens)) {
    text += ` ${section} ${words.join(' ')}`
    const all = words.indexOf('*')
    const named = all === -1 ? words : words.slice(0, all)
    if (section === 'type') {
      const found = named.map((word) => parseType(tokens, word))
      types = all !== -1 || types === 'all' ? 'all' : new Set([...(types ?? []), ...found])
    } else {
      const found = named.map((word) => parseRange(tokens, word))
      // A section of its own behind `*` narrows nothing any more.
      clients = all !== -1 || clients === 'all' ? 'all' : [...(clients ?? []), ...found]
    }
  }
  return {
    action: action as Action,
    types: types === 'all' ? undefined : types,
    clients: clients === 'all' ? undefined : clients,
    text,
  }
}

interface Section {
  readonly section: 'type' | 'net'
  readonly words: readonly string[]
}

function sections(tokens: Dispenser): Section[] {
  const found: { section: Section['section']; words: string[] }[] = []
  for (const word of tokens.remainingArgs()) {
    const lower = word.toLowerCase()
    const last = found.at(-1)
    if (lower === 'type' || lower === 'net') {
      requireWords(tokens, last)
      found.push({ section: lower, words: [] })
    } else if (last === undefined) {
      throw tokens.err(`unexpected token ${quote(word)}; expect 'type | net'`)
    } else last.words.push(word)
  }
  requireWords(tokens, found.at(-1))
  return found
}

function requireWords(tokens: Dispenser, last: Section | undefined): void {
  if (last?.words.length === 0) {
    throw tokens.err(`no token specified in ${quote(last.section)} section`)
  }
}

function parseType(tokens: Dispenser, word: string): number {
  const type = word.startsWith('TYPE') ? undefined : typeFromText(word)
  if (type === undefined) throw tokens.err(`unexpected token ${quote(word)}; expect legal QTYPE`)
  return type
}

/** A single address is a range of one. */
function parseRange(tokens: Dispenser, word: string): Cidr {
  const bits = word.includes(':') ? 128 : 32
  const text = word.includes('/') ? word : `${word}/${bits}`
  const range = Cidr.parse(text)
  if (range === undefined) throw tokens.err(`illegal CIDR notation ${quote(text)}`)
  return range
}
