/** How strongly binary operators bind; those of {@link RIGHT} from the right. */
export const BINARY: ReadonlyMap<string, number> = new Map([
  ['|', 0],
  ['or', 10],
  ['||', 10],
  ['and', 15],
  ['&&', 15],
  ['==', 20],
  ['!=', 20],
  ['<', 20],
  ['>', 20],
  ['<=', 20],
  ['>=', 20],
  ['in', 20],
  ['matches', 20],
  ['contains', 20],
  ['startsWith', 20],
  ['endsWith', 20],
  ['..', 25],
  ['+', 30],
  ['-', 30],
  ['*', 60],
  ['/', 60],
  ['%', 60],
  ['**', 100],
  ['^', 100],
  ['??', 500],
])
export const RIGHT: ReadonlySet<string> = new Set(['**', '^'])
export const UNARY: ReadonlyMap<string, number> = new Map([
  ['not', 50],
  ['!', 50],
  ['-', 90],
  ['+', 90],
])
export const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>='])
/** Operators that `not` may stand before. */
export const NEGATABLE: ReadonlySet<string> = new Set([
  'in',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
])
export const RESERVED: ReadonlySet<string> = new Set([
  'let',
  'if',
  'else',
  'true',
  'false',
  'nil',
  'not',
  'and',
  'or',
  ...NEGATABLE,
])
