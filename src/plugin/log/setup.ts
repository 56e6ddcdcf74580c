import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import type { Logger } from '../../log.ts'
import { fold, type Name, nameFromText, ROOT } from '../../wire/name.ts'
import type { ReplyClass } from '../classify.ts'
import type { PluginModule } from '../setup.ts'
import { parseFormat } from './format.ts'
import { Log, type Rule } from './log.ts'

const DEFAULT_FORMAT = '{common}'
const CLASSES: ReadonlySet<string> = new Set(['all', 'success', 'denial', 'error'])

/** `log [NAMES...] [FORMAT] { class CLASSES... }`, any number of times in a block. */
export const module: PluginModule = {
  name: 'log',
  setup({ tokens, host, log }) {
    const rules: Rule[] = []
    while (tokens.next()) rules.push(...parseRules(tokens, log))
    const lines = log.plugin('')
    return new Log(rules, {
      write: (line) => lines.info(line),
      now: () => host.now(),
      wallClock: () => host.wallClock(),
    })
  },
}

function parseRules(tokens: Dispenser, log: Logger): Rule[] {
  const args = tokens.remainingArgs()
  const last = args.length > 1 ? args.at(-1) : undefined
  const hasFormat = last?.includes('{') === true
  const format = parseFormat(hasFormat ? last : DEFAULT_FORMAT)
  const scopes = hasFormat ? args.slice(0, -1) : args
  const classes = parseClasses(tokens)
  return (scopes.length === 0 ? ['.'] : scopes).flatMap((text) => {
    const scope = scopeOf(text)
    if (scope !== undefined) return { scope, classes, format }
    log.warning(`no query is logged for ${quote(text)}, which is no domain name`)
    return []
  })
}

/** Undefined for what is no name, which no query can be below. */
function scopeOf(text: string): Name | undefined {
  const scope = text === '.' ? ROOT : nameFromText(text)
  return scope && fold(scope)
}

function parseClasses(tokens: Dispenser): ReadonlySet<ReplyClass | 'all'> {
  const classes = new Set<ReplyClass | 'all'>()
  while (tokens.nextBlock()) {
    if (tokens.val() !== 'class') throw tokens.err(`unknown property '${tokens.val()}'`)
    const words = tokens.remainingArgs()
    if (words.length === 0) throw tokens.argErr()
    for (const word of words) {
      if (!CLASSES.has(word)) throw new Error(`invalid Class: ${word}`)
      classes.add(word as ReplyClass | 'all')
    }
  }
  return classes.size === 0 ? new Set(['all']) : classes
}
