import { TemplateError } from './error.ts'
import { BUILTINS, type TemplateFunction } from './functions.ts'
import { type Branch, type Node, type Operand, type Pipe, pipeText, templateText } from './nodes.ts'
import { type Parsed, parseTemplate } from './parser.ts'
import { show, truth, typeName, type Value } from './values.ts'

/** Templates inside templates before execution gives up. */
const MAX_DEPTH = 1000

/** A template of Go's text/template, ready to be executed. */
export class GoTemplate {
  /** The template in Go's own spelling. */
  readonly text: string
  private readonly name: string
  private readonly parsed: Parsed
  private readonly functions: Readonly<Record<string, TemplateFunction>>

  /**
   * @param name for messages
   * @param functions beside those that every Go template has
   * @throws TemplateError
   */
  constructor(
    name: string,
    source: string,
    functions: Readonly<Record<string, TemplateFunction>> = {},
  ) {
    this.name = name
    this.functions = { ...BUILTINS, ...functions }
    this.parsed = parseTemplate(name, source, new Set(Object.keys(this.functions)))
    this.text = templateText(this.parsed.root)
  }

  /**
   * What the template says about `data`.
   *
   * @throws TemplateError
   */
  execute(data: Value): string {
    const run = new Run(this.name, this.parsed, this.functions)
    run.list(this.parsed.root, data, new Scope(undefined, '$', data))
    return run.output
  }
}

/** Variables: a chain of bindings, so that an inner one hides an outer one. */
class Scope {
  readonly outer: Scope | undefined
  readonly name: string
  value: Value

  constructor(outer: Scope | undefined, name: string, value: Value) {
    this.outer = outer
    this.name = name
    this.value = value
  }
}

/** What `{{break}}` and `{{continue}}` leave their list with. */
type Left = 'break' | 'continue' | undefined

class Run {
  output = ''
  private readonly name: string
  private readonly parsed: Parsed
  private readonly functions: Readonly<Record<string, TemplateFunction>>
  private scope!: Scope
  private depth = 0

  constructor(name: string, parsed: Parsed, functions: Readonly<Record<string, TemplateFunction>>) {
    this.name = name
    this.parsed = parsed
    this.functions = functions
  }

  /** Executes nodes in a scope, and leaves that scope again. */
  list(nodes: readonly Node[], dot: Value, scope: Scope): Left {
    const outer = this.scope
    this.scope = scope
    for (const node of nodes) {
      const left = this.node(node, dot)
      if (left !== undefined) {
        this.scope = outer
        return left
      }
    }
    this.scope = outer
    return undefined
  }

  private node(node: Node, dot: Value): Left {
    switch (node.kind) {
      case 'text':
        this.output += node.text
        return undefined
      case 'print': {
        const value = this.pipe(node.pipe, dot)
        if (node.pipe.variables.length === 0)
          this.output += value === undefined ? '<no value>' : show(value)
        return undefined
      }
      case 'template':
        this.template(node.name, node.pipe === undefined ? undefined : this.pipe(node.pipe, dot))
        return undefined
      case 'break':
      case 'continue':
        return node.kind
      case 'range':
        return this.range(node, dot)
      default:
        return this.branch(node, dot)
    }
  }

  private branch(node: Branch, dot: Value): Left {
    const before = this.scope
    const value = this.pipe(node.pipe, dot)
    const inner = this.scope
    this.scope = before
    if (truth(value)) return this.list(node.body, node.kind === 'with' ? value : dot, inner)
    return this.list(node.otherwise, dot, inner)
  }

  private range(node: Branch, dot: Value): Left {
    const { pipe } = node
    const items = [...this.entries(this.value(pipe, dot), pipe)]
    for (const [key, item] of items) {
      if (this.list(node.body, item, this.loopScope(pipe, key, item)) === 'break') break
    }
    return items.length === 0 ? this.list(node.otherwise, dot, this.scope) : undefined
  }

  private loopScope({ variables, assigns }: Pipe, key: Value, item: Value): Scope {
    const values = variables.length === 1 ? [item] : [key, item]
    let scope = this.scope
    for (const [i, name] of variables.entries()) {
      if (assigns) this.assign(name, values[i])
      else scope = new Scope(scope, name, values[i])
    }
    return scope
  }

  private *entries(items: Value, pipe: Pipe): Iterable<readonly [Value, Value]> {
    if (Array.isArray(items)) yield* items.entries()
    else if (items instanceof Map) yield* [...items].sort(([a], [b]) => (a < b ? -1 : 1))
    else if (typeof items === 'number' && Number.isInteger(items)) {
      for (let i = 0; i < items; i++) yield [i, i]
    } else if (items !== undefined) {
      throw this.error(pipe, `range can't iterate over ${show(items)}`)
    }
  }

  private template(name: string, data: Value): void {
    const nodes = this.parsed.defined.get(name)
    const error = (reason: string) => new TemplateError(this.name, 1, reason)
    if (nodes === undefined) throw error(`template ${JSON.stringify(name)} not defined`)
    if (++this.depth > MAX_DEPTH) throw error(`exceeded maximum template depth (${MAX_DEPTH})`)
    this.list(nodes, data, new Scope(undefined, '$', data))
    this.depth--
  }

  /** The value of a pipeline, its variables set. */
  private pipe(pipe: Pipe, dot: Value): Value {
    const value = this.value(pipe, dot)
    for (const name of pipe.variables) {
      if (pipe.assigns) this.assign(name, value)
      else this.scope = new Scope(this.scope, name, value)
    }
    return value
  }

  private value(pipe: Pipe, dot: Value): Value {
    let piped: readonly [Value] | readonly [] = []
    for (const command of pipe.commands) piped = [this.command(command, dot, piped, pipe)]
    return piped[0]
  }

  private assign(name: string, value: Value): void {
    for (let scope: Scope | undefined = this.scope; scope !== undefined; scope = scope.outer) {
      if (scope.name === name) {
        scope.value = value
        return
      }
    }
  }

  private command(
    [first, ...others]: readonly Operand[],
    dot: Value,
    piped: readonly Value[],
    pipe: Pipe,
  ): Value {
    const operand = first as Operand
    if (operand.kind === 'nil') throw this.error(pipe, 'nil is not a command')
    if (operand.kind === 'function')
      return this.callFunction(operand.name, others, dot, piped, pipe)
    const args = () => [...others.map((other) => this.operand(other, dot, pipe)), ...piped]
    if (others.length === 0 && piped.length === 0) return this.operand(operand, dot, pipe)
    if (!('path' in operand) || operand.path.length === 0) {
      throw this.error(
        pipe,
        `can't give argument to non-function ${pipeText({ ...pipe, variables: [], commands: [[operand]] })}`,
      )
    }
    const owner = this.base(operand, dot, pipe)
    return this.chain(owner, operand.path, pipe, args())
  }

  private callFunction(
    name: string,
    operands: readonly Operand[],
    dot: Value,
    piped: readonly Value[],
    pipe: Pipe,
  ): Value {
    if (name === 'and' || name === 'or') return this.shortCircuit(name, operands, dot, piped, pipe)
    const args = [...operands.map((operand) => this.operand(operand, dot, pipe)), ...piped]
    try {
      return this.functions[name]?.(...args)
    } catch (error) {
      if (error instanceof TemplateError) throw error
      throw this.error(pipe, `error calling ${name}: ${(error as Error).message}`)
    }
  }

  private shortCircuit(
    name: 'and' | 'or',
    operands: readonly Operand[],
    dot: Value,
    piped: readonly Value[],
    pipe: Pipe,
  ): Value {
    if (operands.length + piped.length === 0) {
      throw this.error(pipe, `wrong number of args for ${name}: want at least 1 got 0`)
    }
    let value: Value
    for (const operand of operands) {
      value = this.operand(operand, dot, pipe)
      if (truth(value) === (name === 'or')) return value
    }
    return piped.length > 0 ? piped[0] : value
  }

  private operand(operand: Operand, dot: Value, pipe: Pipe): Value {
    switch (operand.kind) {
      case 'dot':
        return dot
      case 'nil':
        return undefined
      case 'literal':
        return operand.value
      case 'function':
        return this.callFunction(operand.name, [], dot, [], pipe)
      default:
        return this.chain(this.base(operand, dot, pipe), operand.path, pipe, [])
    }
  }

  /** What the path of an operand begins at. */
  private base(
    operand: Extract<Operand, { readonly path: readonly string[] }>,
    dot: Value,
    pipe: Pipe,
  ): Value {
    if (operand.kind === 'field') return dot
    if (operand.kind === 'pipe') return this.value(operand.pipe, dot)
    for (let scope: Scope | undefined = this.scope; scope !== undefined; scope = scope.outer) {
      if (scope.name === operand.name) return scope.value
    }
    throw this.error(pipe, `undefined variable: ${operand.name}`)
  }

  private chain(start: Value, path: readonly string[], pipe: Pipe, args: readonly Value[]): Value {
    let value = start
    for (const [i, field] of path.entries()) {
      value = this.field(value, field, pipe, i === path.length - 1 ? args : [])
    }
    return value
  }

  private field(owner: Value, field: string, pipe: Pipe, args: readonly Value[]): Value {
    if (owner instanceof Map) {
      if (args.length > 0) throw this.error(pipe, `${field} is not a method but has arguments`)
      return owner.get(field)
    }
    if (owner === undefined || owner === null) {
      throw this.error(pipe, `nil pointer evaluating interface {}.${field}`)
    }
    // Only what begins with a capital letter is a field: nothing of JavaScript's own can be named.
    if (typeof owner !== 'object' || !/^\p{Lu}/u.test(field) || !(field in owner)) {
      throw this.error(pipe, `can't evaluate field ${field} in type ${typeName(owner)}`)
    }
    const value = (owner as Record<string, Value>)[field]
    if (typeof value === 'function') return value.apply(owner, args)
    if (args.length > 0)
      throw this.error(pipe, `${field} has arguments but cannot be invoked as function`)
    return value
  }

  private error(pipe: Pipe, reason: string): TemplateError {
    const where = pipeText({ ...pipe, variables: [] })
    return new TemplateError(
      this.name,
      pipe.line,
      `executing "${this.name}" at <${where}>: ${reason}`,
    )
  }
}
