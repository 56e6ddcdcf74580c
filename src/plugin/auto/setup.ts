import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { RE2JS } from 're2js'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { reasonOf } from '../../corefile/io.ts'
import { parseDuration } from '../../corefile/values.ts'
import type { Name } from '../../wire/name.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { notifier } from '../transfer/notify.ts'
import { zoneNames } from '../zones.ts'
import { Auto } from './auto.ts'
import { Directory } from './directory.ts'

const DEFAULT_RELOAD_MS = 60_000
const DEFAULT_PATTERN = 'db\\.(.*)'
const DEFAULT_TEMPLATE = '{1}'
/** Octets of a pattern. */
const MAX_PATTERN_OCTETS = 10_000

/** What the blocks say; of several the last one counts. */
interface Draft {
  origins: readonly Name[]
  path: string
  pattern: RE2JS
  template: string
  reloadMs: number
}

/** `auto [ZONES...] { directory DIR [REGEXP ORIGIN_TEMPLATE]; reload DURATION }` */
export const module: PluginModule = {
  name: 'auto',
  setup(setup) {
    const { tokens, block, versions, log } = setup
    const draft: Draft = {
      origins: [],
      path: '',
      pattern: RE2JS.compile(DEFAULT_PATTERN),
      template: DEFAULT_TEMPLATE,
      reloadMs: DEFAULT_RELOAD_MS,
    }
    while (tokens.next()) {
      const args = tokens.remainingArgs()
      draft.origins = args.length === 0 ? block.zones : zoneNames(args)
      while (tokens.nextBlock()) parseLine(setup, draft)
    }
    const onChange = notifier(setup)
    const directory = new Directory({ ...draft, versions, log, onChange })
    const plugin = new Auto(draft.origins, directory)
    setup.onStart(() => {
      plugin.isLast = setup.plugins().at(-1) === plugin
      if (draft.path !== '') directory.start()
    })
    setup.onStop(() => directory.stop())
    return plugin
  },
}

function parseLine(setup: Setup, draft: Draft): void {
  const { tokens } = setup
  switch (tokens.val()) {
    case 'directory':
      parseDirectory(setup, draft)
      return
    case 'reload':
      draft.reloadMs = parseReload(tokens)
      return
    case 'upstream':
      tokens.remainingArgs()
      return
    default:
      throw tokens.err(`unknown property '${tokens.val()}'`)
  }
}

function parseDirectory({ tokens, block, log }: Setup, draft: Draft): void {
  if (!tokens.nextArg()) throw tokens.argErr()
  const given = tokens.val()
  draft.path = isAbsolute(given) || block.root === '' ? given : join(block.root, given)
  try {
    statSync(draft.path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw tokens.err(
        `Unable to access root path '${draft.path}': stat ${draft.path}: ${reasonOf(error)}`,
      )
    }
    log.warning(`Directory does not exist: ${draft.path}`)
  }
  if (tokens.nextArg()) {
    draft.pattern = parsePattern(tokens)
    if (!tokens.nextArg()) throw tokens.argErr()
    draft.template = tokens.val()
  }
  if (tokens.nextArg()) throw tokens.argErr()
}

function parsePattern(tokens: Dispenser): RE2JS {
  const text = tokens.val()
  if (Buffer.byteLength(text) > MAX_PATTERN_OCTETS) throw tokens.err('regexp too large')
  const pattern = RE2JS.compile(text)
  if (pattern.groupCount() === 0) throw tokens.err('Need at least one sub expression')
  return pattern
}

function parseReload(tokens: Dispenser): number {
  const [text] = tokens.remainingArgs()
  if (text === undefined) throw new Error('reload duration value is expected')
  let reloadMs: number
  try {
    reloadMs = parseDuration(text)
  } catch (error) {
    throw new Error(`plugin/file: ${(error as Error).message}`)
  }
  if (reloadMs < 0) throw new Error('plugin/file: invalid duration')
  return reloadMs
}
