import { quote } from '../../corefile/quote.ts'
import type { PluginModule } from '../setup.ts'
import { cnameRule } from './cname.ts'
import { ednsRule } from './edns.ts'
import { nameRule } from './name.ts'
import { Rewrite } from './rewrite.ts'
import type { Rule } from './rule.ts'
import { classRule, rcodeRule, ttlRule, typeRule } from './simple.ts'

/** `rewrite [continue|stop] FIELD ARGUMENTS...`, on a line or in a block, whose words are taken as one line */
export const module: PluginModule = {
  name: 'rewrite',
  setup({ tokens }) {
    const rules: Rule[] = []
    while (tokens.next()) {
      const args = tokens.remainingArgs()
      if (args.length < 2) while (tokens.nextBlock()) args.push(tokens.val())
      rules.push(parseRule(args))
    }
    return new Rewrite(rules)
  },
}

function parseRule(args: readonly string[]): Rule {
  const [first] = args
  if (first === undefined) throw new Error('no rule type specified for rewrite')
  const mode = first.toLowerCase()
  const hasMode = mode === 'continue' || mode === 'stop'
  if (hasMode && args.length < 2) throw new Error(`${mode} rule must begin with a rule type`)
  const stops = mode !== 'continue'
  const field = (hasMode ? (args[1] as string) : first).toLowerCase()
  const rest = args.slice(hasMode ? 2 : 1)
  switch (field) {
    case 'answer':
      throw new Error('response rewrites must begin with a name rule')
    case 'name':
      return nameRule(stops, rest)
    case 'class':
    case 'type':
      if (rest.length !== 2) throw new Error(`${field} rules must have exactly two arguments`)
      return field === 'class' ? classRule(stops, rest) : typeRule(stops, rest)
    case 'edns0':
      return ednsRule(stops, rest, () => {})
    case 'ttl':
      return ttlRule(stops, rest)
    case 'cname':
      return cnameRule(stops, rest)
    case 'rcode':
      return rcodeRule(stops, rest)
    default:
      throw new Error(`invalid rule type ${quote(first)}`)
  }
}
