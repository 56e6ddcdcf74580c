import { BUILTINS, PREDICATE_BUILTINS } from './builtins.ts'
import { queryArity, queryKinds } from './environment.ts'
import { type Environment, evaluate } from './evaluate.ts'
import { type Kind, type KindOfName, kindOf } from './kinds.ts'
import type { Node } from './nodes.ts'
import { parseExpression } from './parser.ts'

/**
 * An expression in the language of expr-lang (https://expr-lang.org), as CoreDNS's view and template have it: literals, lists, maps, operators, `matches` with RE2's
 * syntax, `? :`, `let`, predicates, and the functions of the language; `now` is the environment's.
 */
export class Expression {
  readonly source: string
  /** What the value will be, as far as it can be told. */
  readonly kind: Kind
  private readonly node: Node

  /**
   * @param known whether a name is in the environment that the expression will be evaluated with
   * @param kinds what those names are; by default those of a query
   * @throws ExpressionError
   */
  constructor(source: string, known: (name: string) => boolean, kinds: KindOfName = queryKinds) {
    this.source = source
    this.node = parseExpression(source, known, kinds, queryArity)
    this.kind = kindOf(this.node, kinds)
  }

  /** @throws ExpressionError, or what a function of the environment throws */
  evaluate(environment: Environment): unknown {
    return evaluate(this.node, environment)
  }
}

/** Whether a name means a function of the language, so that a variable cannot have it. */
export const isBuiltin = (name: string): boolean =>
  BUILTINS[name] !== undefined || PREDICATE_BUILTINS.has(name)
