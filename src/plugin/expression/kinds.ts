import type { Node } from './nodes.ts'
import { COMPARISONS, NEGATABLE } from './operators.ts'

/** What is known of a value before it is there, in Go's words; `any` for nothing. */
export type Kind =
  | 'any'
  | 'nil'
  | 'bool'
  | 'int'
  | 'float64'
  | 'string'
  | '[]interface {}'
  | 'map[string]interface {}'
  | `func() ${string}`

/** What a name of the environment is; undefined when it cannot be told. */
export type KindOfName = (name: string) => Kind | undefined

const LIST: Kind = '[]interface {}'
const MAP: Kind = 'map[string]interface {}'

/** Kinds of what expr-lang's own functions return, as far as they are always the same. */
const RETURNED: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...['len', 'int', 'indexOf', 'lastIndexOf', 'count', 'findIndex', 'findLastIndex'].map(
    (name): [string, Kind] => [name, 'int'],
  ),
  ...[
    'string',
    'trim',
    'trimPrefix',
    'trimSuffix',
    'upper',
    'lower',
    'replace',
    'repeat',
    'join',
    'toJSON',
    'toBase64',
    'fromBase64',
  ].map((name): [string, Kind] => [name, 'string']),
  ...['hasPrefix', 'hasSuffix', 'all', 'none', 'any', 'one'].map((name): [string, Kind] => [
    name,
    'bool',
  ]),
  ...[
    'split',
    'splitAfter',
    'filter',
    'map',
    'keys',
    'values',
    'sort',
    'sortBy',
    'reverse',
    'uniq',
    'concat',
    'flatten',
  ].map((name): [string, Kind] => [name, LIST]),
  ['float', 'float64'],
])

const TRUTHS: ReadonlySet<string> = new Set([...COMPARISONS, ...NEGATABLE, '&&', 'and', '||', 'or'])

/** The kind of an expression's value. */
export function kindOf(node: Node, ofName: KindOfName): Kind {
  switch (node.kind) {
    case 'literal':
      return kindOfLiteral(node.value)
    case 'name':
      return ofName(node.name) ?? 'any'
    case 'unary':
      return node.operator === '!' ? 'bool' : kindOf(node.operand, ofName)
    case 'binary':
      return kindOfBinary(node, ofName)
    case 'ternary': {
      const [yes, no] = [kindOf(node.yes, ofName), kindOf(node.no, ofName)]
      return yes === no ? yes : 'any'
    }
    case 'array':
      return LIST
    case 'map':
      return MAP
    case 'call':
      return returnedBy(kindOf(node.callee, ofName))
    case 'builtin':
      return RETURNED.get(node.name) ?? 'any'
    case 'let':
    case 'sequence':
      return 'any'
    default:
      return 'any'
  }
}

function kindOfLiteral(value: unknown): Kind {
  if (value === undefined) return 'nil'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

function kindOfBinary(node: Extract<Node, { kind: 'binary' }>, ofName: KindOfName): Kind {
  if (TRUTHS.has(node.operator)) return 'bool'
  if (node.operator === '..') return LIST
  if (node.operator === '/' || node.operator === '**' || node.operator === '^') return 'float64'
  const [left, right] = [kindOf(node.left, ofName), kindOf(node.right, ofName)]
  if (node.operator === '??') return left === right ? left : 'any'
  return left === right ? left : isNumber(left) && isNumber(right) ? 'float64' : 'any'
}

function returnedBy(kind: Kind): Kind {
  return kind.startsWith('func() ') ? (kind.slice(7) as Kind) : 'any'
}

const isNumber = (kind: Kind): boolean => kind === 'int' || kind === 'float64'

/** Whether an operator can be given values of these kinds. */
export function takes(operator: string, left: Kind, right: Kind): boolean {
  const open = left === 'any' || right === 'any'
  const both = (test: (kind: Kind) => boolean) =>
    (left === 'any' || test(left)) && (right === 'any' || test(right))
  const isText = (kind: Kind) => kind === 'string'
  switch (operator) {
    case '==':
    case '!=':
      return open || left === right || left === 'nil' || right === 'nil' || both(isNumber)
    case '<':
    case '<=':
    case '>':
    case '>=':
    case '+':
      return both(isNumber) || both(isText)
    case '-':
    case '*':
    case '/':
    case '**':
    case '^':
      return both(isNumber)
    case '%':
    case '..':
      return both((kind) => kind === 'int')
    case '&&':
    case 'and':
    case '||':
    case 'or':
      return both((kind) => kind === 'bool')
    case 'in':
      return [LIST, MAP, 'any', 'nil'].includes(right)
    case 'matches':
    case 'contains':
    case 'startsWith':
    case 'endsWith':
      return both(isText)
    default:
      return true
  }
}

/** Whether an operator in front of a value can be given this kind. */
export const takesOne = (operator: '!' | '-' | '+', kind: Kind): boolean =>
  kind === 'any' || (operator === '!' ? kind === 'bool' : isNumber(kind))
