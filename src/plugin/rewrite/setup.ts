import { quote } from '../../corefile/quote.ts'
import type { Logger } from '../../log.ts'
import { CLASS, classFromText, TYPE, typeFromText } from '../../wire/codes.ts'
import type { PluginModule } from '../setup.ts'
import { classRule, typeRule } from './question-rules.ts'
import { Rewrite } from './rewrite.ts'
import type { Rule } from './rule.ts'
import { parseEdns0 } from './setup-edns0.ts'
import { parseName } from './setup-name.ts'
import { parseCname, parseRcode, parseTtl } from './setup-reply.ts'

/** `rewrite [continue|stop] FIELD ARGS...`, or its words in a block. */
export const module: PluginModule = {
  name: 'rewrite',
  setup({ tokens, log }) {
    const rules: Rule[] = []
    const echoes: number[] = []
    while (tokens.next()) {
      const args = tokens.remainingArgs()
      if (args.length < 2) while (tokens.nextBlock()) args.push(tokens.val())
      rules.push(parseRule(args, { log, echoes }))
    }
    return new Rewrite(rules, echoes)
  },
}

/** What rules are set up with beside their words. */
interface Parts {
  readonly log: Logger
  /** Takes codes of options that a rule names. */
  readonly echoes: number[]
}

function parseRule(args: readonly string[], { log, echoes }: Parts): Rule {
  const [first] = args
  if (first === undefined) throw new Error('no rule type specified for rewrite')
  const mode = first.toLowerCase()
  const hasMode = mode === 'continue' || mode === 'stop'
  if (hasMode && args.length < 2) throw new Error(`${mode} rule must begin with a rule type`)
  const stops = mode !== 'continue'
  const [field = '', ...words] = hasMode ? args.slice(1) : args
  switch (field.toLowerCase()) {
    case 'answer':
      throw new Error('response rewrites must begin with a name rule')
    case 'name':
      return parseName(stops, words)
    case 'class':
      return classRule(stops, ...pairOf('class', words, classOf))
    case 'type':
      return typeRule(stops, ...pairOf('type', words, typeOf))
    case 'edns0':
      return parseEdns0(stops, words, echoes)
    case 'ttl':
      return parseTtl(stops, words)
    case 'cname':
      return parseCname(stops, words, log)
    case 'rcode':
      return parseRcode(stops, words)
    default:
      throw new Error(`invalid rule type ${quote(first)}`)
  }
}

function pairOf(
  field: string,
  words: readonly string[],
  numberOf: (word: string) => number | undefined,
): [from: number, to: number] {
  const [from, to] = words
  if (from === undefined || to === undefined || words.length > 2) {
    throw new Error(`${field} rules must have exactly two arguments`)
  }
  const number = (word: string): number => {
    const value = numberOf(word.toUpperCase())
    if (value === undefined) throw new Error(`invalid ${field} ${quote(word.toUpperCase())}`)
    return value
  }
  return [number(from), number(to)]
}

/** Only mnemonics; numbers (RFC 3597 §5) are not taken, as in the reference. */
const typeOf = (word: string): number | undefined =>
  Object.hasOwn(TYPE, word) && word !== 'NONE' ? typeFromText(word) : undefined

const classOf = (word: string): number | undefined =>
  Object.hasOwn(CLASS, word) ? classFromText(word) : undefined
