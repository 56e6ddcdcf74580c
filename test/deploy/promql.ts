import { parser } from '@prometheus-io/lezer-promql'

/** The metrics that an expression selects. Throws where it is no PromQL. */
export function selected(expression: string): string[] {
  const names: string[] = []
  parser.parse(expression).iterate({
    enter({ type, from, to }) {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expression}`)
      if (type.name === 'Identifier') names.push(expression.slice(from, to))
    },
  })
  return names
}

/** The name that a histogram's parts are registered by. */
export function family(name: string): string {
  return name.replace(/_(bucket|count|sum)$/, '')
}
