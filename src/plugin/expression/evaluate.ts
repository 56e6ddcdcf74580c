import { RE2JS } from 're2js'
import { BUILTINS, got, list, MAX_ITEMS, PREDICATE_BUILTINS } from './builtins.ts'
import { ExpressionError } from './error.ts'
import type { Node } from './nodes.ts'
import { calculate, methodOf, Timed } from './times.ts'
import { compare, equal, isMap, numberOf, size, textOf, typeName } from './values.ts'

/** What names stand for: values, and functions that are called. */
export type Environment = (name: string) => unknown

/** What a predicate is asked about. */
interface Pointer {
  readonly item: unknown
  readonly index: number
  readonly accumulated: unknown
}

/**
 * The value of an expression.
 *
 * @throws ExpressionError, or what a function of the environment throws
 */
export function evaluate(node: Node, environment: Environment, pointer?: Pointer): unknown {
  const value = (inner: Node) => evaluate(inner, environment, pointer)
  switch (node.kind) {
    case 'literal':
      return node.value
    case 'name':
      return environment(node.name)
    case 'pointer':
      return node.name === ''
        ? pointer?.item
        : node.name === 'acc'
          ? pointer?.accumulated
          : pointer?.index
    case 'unary':
      return unary(node.operator, value(node.operand))
    case 'binary':
      return binary(node, value)
    case 'ternary':
      return truth(value(node.test)) ? value(node.yes) : value(node.no)
    case 'array':
      return node.items.map(value)
    case 'map':
      return new Map(node.entries.map(([key, item]) => [textOf(value(key)), value(item)]))
    case 'member':
      return member(value(node.owner), value(node.key), node.optional)
    case 'slice':
      return slice(value(node.owner), node.from && value(node.from), node.to && value(node.to))
    case 'call':
      return call(value(node.callee), node.args.map(value))
    case 'builtin':
      return builtin(node.name, node.args, environment, pointer)
    case 'predicate':
      return value(node.body)
    case 'let': {
      const bound = value(node.value)
      return evaluate(
        node.body,
        (name) => (name === node.name ? bound : environment(name)),
        pointer,
      )
    }
    case 'sequence':
      value(node.first)
      return value(node.rest)
  }
}

function unary(operator: '!' | '-' | '+', operand: unknown): unknown {
  if (operator === '!') return !truth(operand)
  return operator === '-' ? -numberOf(operand) : numberOf(operand)
}

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new ExpressionError(`invalid operation: ${typeName(value)} is no bool`)
}

function binary(node: Extract<Node, { kind: 'binary' }>, value: (node: Node) => unknown): unknown {
  const left = value(node.left)
  switch (node.operator) {
    case '&&':
    case 'and':
      return truth(left) && truth(value(node.right))
    case '||':
    case 'or':
      return truth(left) || truth(value(node.right))
    case '??':
      return left === undefined ? value(node.right) : left
    case 'matches':
      return matches(left, node.pattern ?? RE2JS.compile(text(value(node.right))))
    default:
      return OPERATORS[node.operator]?.(left, value(node.right))
  }
}

const OPERATORS: Readonly<Record<string, (left: unknown, right: unknown) => unknown>> = {
  '==': equal,
  '!=': (left, right) => !equal(left, right),
  '<': (left, right) => compare(left, right) < 0,
  '<=': (left, right) => compare(left, right) <= 0,
  '>': (left, right) => compare(left, right) > 0,
  '>=': (left, right) => compare(left, right) >= 0,
  '+': (left, right) =>
    calculate('+', left, right) ??
    (typeof left === 'string' ? left + text(right) : numberOf(left) + numberOf(right)),
  '-': (left, right) => calculate('-', left, right) ?? numberOf(left) - numberOf(right),
  '*': (left, right) => calculate('*', left, right) ?? numberOf(left) * numberOf(right),
  '/': (left, right) => numberOf(left) / numberOf(right),
  '%': remainder,
  '**': (left, right) => numberOf(left) ** numberOf(right),
  '^': (left, right) => numberOf(left) ** numberOf(right),
  '..': range,
  in: contained,
  contains: (left, right) => left !== undefined && text(left).includes(text(right)),
  startsWith: (left, right) => left !== undefined && text(left).startsWith(text(right)),
  endsWith: (left, right) => left !== undefined && text(left).endsWith(text(right)),
}

function matches(left: unknown, pattern: RE2JS): boolean {
  return left !== undefined && pattern.matcher(text(left)).find()
}

function remainder(left: unknown, right: unknown): number {
  if (numberOf(right) === 0) throw new ExpressionError('integer divide by zero')
  return numberOf(left) % numberOf(right)
}

function range(left: unknown, right: unknown): number[] {
  const count = numberOf(right) - numberOf(left) + 1
  if (count > MAX_ITEMS) throw new ExpressionError('memory budget exceeded')
  return Array.from({ length: Math.max(count, 0) }, (_, i) => (left as number) + i)
}

function contained(left: unknown, right: unknown): boolean {
  if (right === undefined) return false
  if (isMap(right)) return right.has(left)
  if (Array.isArray(right)) return right.some((item) => equal(item, left))
  throw new ExpressionError(`operator "in" not defined on ${typeName(right)}`)
}

function text(value: unknown): string {
  if (typeof value === 'string') return value
  throw new ExpressionError(`invalid operation: ${typeName(value)} is no string`)
}

function member(owner: unknown, key: unknown, optional: boolean): unknown {
  if (owner === undefined) {
    if (optional) return undefined
    throw new ExpressionError(`cannot fetch ${textOf(key)} from <nil>`)
  }
  if (isMap(owner)) return owner.get(key)
  if (owner instanceof Timed) return methodOf(owner, textOf(key))
  const items = typeof owner === 'string' ? Array.from(owner) : owner
  if (!Array.isArray(items) || typeof key !== 'number') {
    throw new ExpressionError(`cannot fetch ${textOf(key)} from ${typeName(owner)}`)
  }
  if (key >= items.length || key < -items.length) {
    throw new ExpressionError(`index out of range: ${key} (array length is ${items.length})`)
  }
  return got(items, key)
}

function slice(owner: unknown, from: unknown = 0, to: unknown = size(owner)): unknown {
  const items = typeof owner === 'string' ? Array.from(owner) : list(owner)
  const bound = (value: unknown) => {
    const index = numberOf(value)
    return Math.min(Math.max(index < 0 ? items.length + index : index, 0), items.length)
  }
  const part = items.slice(bound(from), bound(to))
  return typeof owner === 'string' ? part.join('') : part
}

function call(callee: unknown, args: readonly unknown[]): unknown {
  if (typeof callee === 'function') return callee(...args)
  throw new ExpressionError(`${typeName(callee)} is not callable`)
}

function builtin(
  name: string,
  args: readonly Node[],
  environment: Environment,
  pointer: Pointer | undefined,
): unknown {
  const ask = PREDICATE_BUILTINS.get(name)
  if (ask === undefined)
    return BUILTINS[name]?.(...args.map((arg) => evaluate(arg, environment, pointer)))
  const [source, predicate, ...others] = args
  if (source === undefined) throw new ExpressionError(`not enough arguments to call ${name}`)
  const items = list(evaluate(source, environment, pointer))
  const question = (index: number, accumulated?: unknown) =>
    predicate === undefined
      ? items[index]
      : evaluate(predicate, environment, { item: items[index], index, accumulated })
  return ask(
    items,
    question,
    others.map((other) => evaluate(other, environment, pointer)),
  )
}
