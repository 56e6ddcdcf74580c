import { environmentOf, isQueryFunction } from '../expression/environment.ts'
import { ExpressionError } from '../expression/error.ts'
import { Expression } from '../expression/expression.ts'
import type { PluginModule } from '../setup.ts'
import { type Condition, View } from './view.ts'

/** `view NAME { expr EXPRESSION }` */
export const module: PluginModule = {
  name: 'view',
  once: true,
  setup({ tokens, block }) {
    tokens.next()
    const [name, ...rest] = tokens.remainingArgs()
    if (name === undefined || rest.length > 0) throw tokens.argErr()
    const conditions: Condition[] = []
    while (tokens.nextBlock()) {
      if (tokens.val() !== 'expr') throw tokens.err(`unknown property '${tokens.val()}'`)
      conditions.push(condition(tokens.remainingArgs().join(' ')))
    }
    block.view = name
    return new View(name, conditions)
  },
}

/** @throws ExpressionError when it cannot be read */
function condition(text: string): Condition {
  const expression = new Expression(text, isQueryFunction)
  return (query) => {
    try {
      return expression.evaluate(environmentOf(query))
    } catch (error) {
      if (error instanceof ExpressionError) return undefined
      throw error
    }
  }
}
