import type { Next, Plugin } from '../plugin.ts'
import type { Query } from '../query.ts'
import type { Reply } from '../reply.ts'

/** What an expression says of a query; undefined where it fails. */
export type Condition = (query: Query) => unknown

/** Decides whether its server block takes a query: when all its conditions are true, and nothing but true. */
export class View implements Plugin {
  readonly name = 'view'
  private readonly viewName: string
  private readonly conditions: readonly Condition[]

  constructor(viewName: string, conditions: readonly Condition[]) {
    this.viewName = viewName
    this.conditions = conditions
  }

  filter(query: Query): boolean {
    return this.conditions.every((condition) => condition(query) === true)
  }

  *metadata(): Iterable<readonly [string, () => string]> {
    yield ['view/name', () => this.viewName]
  }

  /** Its work is done before the chain. Replies last one query, since the next one may be another block's. */
  serve(query: Query, next: Next): Reply | Promise<Reply> {
    return next(query)
  }
}
