import { classBesideType, typeToText } from '../../wire/codes.ts'
import { opcodeOf } from '../../wire/header.ts'
import { nameToText } from '../../wire/name.ts'
import { addressOctets, Cidr } from '../cidr.ts'
import type { Query } from '../query.ts'
import { ExpressionError } from './error.ts'
import type { Environment } from './evaluate.ts'
import type { Kind } from './kinds.ts'
import { now } from './times.ts'

type QueryFunction = (query: Query, ...args: readonly unknown[]) => unknown

/** What an expression can ask about a query. */
const FUNCTIONS: ReadonlyMap<string, QueryFunction> = new Map<string, QueryFunction>([
  ['incidr', (_, address, range) => inCidr(String(address), String(range))],
  ['metadata', (query, label) => query.metadata?.get(String(label))?.() ?? ''],
  ['now', (_, ...args) => now(Date.now(), ...args)],
  ['type', (query) => typeToText(query.qtype)],
  ['name', (query) => nameToText(query.folded)],
  ['class', (query) => classBesideType(query.qclass)],
  ['proto', (query) => query.proto],
  ['size', (query) => query.exchange.packet?.length ?? 0],
  ['client_ip', (query) => query.exchange.client.address.replace(/%.*$/, '')],
  ['port', (query) => String(query.exchange.client.port)],
  ['id', (query) => query.id],
  ['opcode', (query) => opcodeOf(query.flags)],
  ['do', (query) => query.dnssecOk],
  ['bufsize', (query) => query.sizeLimit],
  ['server_ip', (query) => query.exchange.local.address.replace(/%.*$/, '')],
  ['server_port', (query) => String(query.exchange.local.port)],
])

const NUMBERS: ReadonlySet<string> = new Set(['size', 'id', 'opcode', 'bufsize'])
const TRUTHS: ReadonlySet<string> = new Set(['incidr', 'do'])

/** What a function of a query returns, as a kind. */
export function queryKinds(name: string): Kind | undefined {
  if (!FUNCTIONS.has(name)) return undefined
  if (name === 'now') return 'func() any'
  return `func() ${NUMBERS.has(name) ? 'int' : TRUTHS.has(name) ? 'bool' : 'string'}`
}

/** How many arguments a function of a query takes, at least and at most; undefined for other names. */
export function queryArity(name: string): readonly [number, number] | undefined {
  if (!FUNCTIONS.has(name)) return undefined
  return ARITIES.get(name) ?? [0, 0]
}

const ARITIES: ReadonlyMap<string, readonly [number, number]> = new Map([
  ['incidr', [2, 2]],
  ['metadata', [1, 1]],
  ['now', [0, 1]],
])

/** Functions whose value is the same for whoever asks the same name, type and class with the same DO bit. */
const OF_QUESTION: ReadonlySet<string> = new Set([
  'incidr',
  'type',
  'name',
  'class',
  'do',
  'opcode',
])

/** Whether what a function of {@link environmentOf} says depends on more than the question. */
export const isPersonal = (name: string): boolean => FUNCTIONS.has(name) && !OF_QUESTION.has(name)

/** Whether a name is one that every expression about a query has. */
export const isQueryFunction = (name: string): boolean => FUNCTIONS.has(name)

/** The environment that a query makes; undefined for names it has not. */
export function environmentOf(query: Query): Environment {
  return (name) => {
    const ask = FUNCTIONS.get(name)
    return ask === undefined ? undefined : (...args: unknown[]) => ask(query, ...args)
  }
}

function inCidr(address: string, range: string): boolean {
  const octets = address.includes('%') ? undefined : addressOctets(address)
  if (octets === undefined) throw new ExpressionError('first argument is not an IP address')
  const cidr = Cidr.parse(range)
  if (cidr === undefined) throw new ExpressionError(`invalid CIDR address: ${range}`)
  return cidr.contains(octets)
}
