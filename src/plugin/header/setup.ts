import type { Dispenser } from '../../corefile/dispenser.ts'
import type { PluginModule } from '../setup.ts'
import { Header, type Masks, RULED_FLAGS, UNCHANGED, withRule } from './header.ts'

/** `header { query|response set|clear FLAGS... }`; of several in a block the first one with rules counts. */
export const module: PluginModule = {
  name: 'header',
  setup({ tokens }) {
    while (tokens.next()) {
      let masks = { query: UNCHANGED, response: UNCHANGED }
      while (tokens.nextBlock()) masks = parseRule(tokens, masks)
      if (masks.query !== UNCHANGED || masks.response !== UNCHANGED) {
        return new Header(masks.query, masks.response)
      }
    }
    throw tokens.argErr()
  },
}

interface Both {
  readonly query: Masks
  readonly response: Masks
}

function parseRule(tokens: Dispenser, masks: Both): Both {
  const selector = tokens.val().toLowerCase()
  if (selector !== 'query' && selector !== 'response') {
    throw mistake(`invalid selector=${selector} should be query or response`)
  }
  const [action, ...flags] = tokens.remainingArgs()
  if (action === undefined) throw mistake('no flag action provided')
  if (flags.length === 0) throw mistake('invalid length for flags, at least one should be provided')
  const word = action.toLowerCase()
  if (word !== 'set' && word !== 'clear') {
    throw mistake(`unknown flag action=${word}, should be set or clear`)
  }
  let changed = masks[selector]
  for (const text of flags) {
    const flag = RULED_FLAGS.get(text.toLowerCase())
    if (flag === undefined) throw mistake(`unknown/unsupported flag=${text.toLowerCase()}`)
    changed = withRule(changed, flag, word === 'set')
  }
  return { ...masks, [selector]: changed }
}

const mistake = (text: string): Error => new Error(`setting up rule: ${text}`)
