import { quote } from '../../corefile/quote.ts'
import type { Logger } from '../../log.ts'
import type { PluginModule } from '../setup.ts'
import { Rewrite } from './rewrite.ts'
import type { Rule } from './rule.ts'
import { parseEdns0 } from './setup-edns0.ts'
import { parseName } from './setup-name.ts'
import { parseClass, parseType } from './setup-question.ts'
import { parseCname, parseRcode, parseTtl } from './setup-reply.ts'

/** `rewrite [continue|stop] FIELD ARGS...`, on a line or in a block, whose words are taken as one line */
export const module: PluginModule = {
  name: 'rewrite',
  setup({ tokens, log }) {
    const rules: Rule[] = []
    const echoes: number[] = []
    while (tokens.next()) {
      const words = tokens.remainingArgs()
      if (words.length < 2) while (tokens.nextBlock()) words.push(tokens.val())
      rules.push(parseRule(words, echoes, log))
    }
    return new Rewrite(rules, echoes)
  },
}

function parseRule(words: readonly string[], echoes: number[], log: Logger): Rule {
  const [first] = words
  if (first === undefined) throw new Error('no rule type specified for rewrite')
  const mode = first.toLowerCase()
  const hasMode = mode === 'continue' || mode === 'stop'
  if (hasMode && words.length < 2) throw new Error(`${mode} rule must begin with a rule type`)
  const stops = mode !== 'continue'
  const field = (hasMode ? (words[1] as string) : first).toLowerCase()
  const args = words.slice(hasMode ? 2 : 1)
  switch (field) {
    case 'answer':
      throw new Error('response rewrites must begin with a name rule')
    case 'name':
      return parseName(stops, args)
    case 'class':
    case 'type':
      if (args.length !== 2) throw new Error(`${field} rules must have exactly two arguments`)
      return field === 'class' ? parseClass(stops, args) : parseType(stops, args)
    case 'edns0':
      return parseEdns0(stops, args, echoes)
    case 'ttl':
      return parseTtl(stops, args)
    case 'cname':
      return parseCname(stops, args, log)
    case 'rcode':
      return parseRcode(stops, args)
    default:
      throw new Error(`invalid rule type ${quote(first)}`)
  }
}
