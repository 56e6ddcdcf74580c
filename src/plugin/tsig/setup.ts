import { readFileSync } from 'node:fs'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { normalizeZones } from '../../corefile/zones.ts'
import { OPCODE, typeFromText } from '../../wire/codes.ts'
import { type Name, name } from '../../wire/name.ts'
import type { PluginModule } from '../setup.ts'
import { addKey, addKeyFile, type Keys, SecretError } from './keys.ts'
import { TsigPlugin, type TsigSettings } from './tsig.ts'

/** `tsig [ZONES...] { secret NAME KEY; secrets FILE; require TYPES...|all|none; require_opcode OPCODES...|all|none }` */
export const module: PluginModule = {
  name: 'tsig',
  setup({ tokens, block, log, host }) {
    const settings = parse(tokens, block.zones)
    return new TsigPlugin(settings, log, () => host.wallClock())
  },
}

/** Whatever is wrong, the reference says no more than where; but a secret that is no base64, with which it starts and can verify nothing. */
function parse(tokens: Dispenser, own: readonly Name[]): TsigSettings {
  try {
    return parseSettings(tokens, own)
  } catch (error) {
    if (error instanceof SecretError) throw tokens.err(error.message)
    throw tokens.argErr()
  }
}

const OPTIONS: ReadonlySet<string> = new Set(['secret', 'secrets', 'require', 'require_opcode'])

function parseSettings(tokens: Dispenser, own: readonly Name[]): TsigSettings {
  tokens.next()
  const args = tokens.remainingArgs()
  const zones = args.length === 0 ? own : normalizeZones(args).map(name)
  const keys: Keys = new Map()
  let types: TsigSettings['types'] = new Set()
  let opcodes: TsigSettings['opcodes'] = new Set()
  while (tokens.nextBlock()) {
    const option = tokens.val()
    if (!OPTIONS.has(option)) throw new Error(`unknown property '${option}'`)
    const words = tokens.remainingArgs()
    if (option === 'secret') addSecret(keys, words)
    else if (option === 'secrets') addSecrets(keys, words)
    else if (option === 'require') types = listed(words, parseType)
    else opcodes = listed(words, parseOpcode)
  }
  if (tokens.next()) throw new Error('this plugin can only be used once per Server Block')
  return { zones, keys, types, opcodes }
}

function addSecret(keys: Keys, words: readonly string[]): void {
  const [key, secret, ...rest] = words
  if (key === undefined || secret === undefined || rest.length > 0) throw new Error('NAME KEY')
  addKey(keys, key, secret)
}

function addSecrets(keys: Keys, words: readonly string[]): void {
  const [path, ...rest] = words
  if (path === undefined || rest.length > 0) throw new Error('FILE')
  addKeyFile(keys, readFileSync(path, 'utf8'))
}

function listed(
  words: readonly string[],
  parse: (word: string) => number,
): ReadonlySet<number> | 'all' {
  const [first] = words
  if (first === undefined) throw new Error('a list is expected')
  if (first === 'all') return 'all'
  return first === 'none' ? new Set() : new Set(words.map(parse))
}

function parseType(word: string): number {
  const type = word.startsWith('TYPE') ? undefined : typeFromText(word)
  if (type === undefined) throw new Error(`unknown query type '${word}'`)
  return type
}

function parseOpcode(word: string): number {
  const opcode = new Map<string, number>(Object.entries(OPCODE)).get(word)
  if (opcode === undefined) throw new Error(`unknown opcode '${word}'`)
  return opcode
}
