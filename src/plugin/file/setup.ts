import { isAbsolute, join, normalize } from 'node:path'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { fileErrorText } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import { formatDuration, parseDuration } from '../../corefile/values.ts'
import type { Name } from '../../wire/name.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { notifier } from '../transfer/notify.ts'
import { fallthroughZones, zoneNames } from '../zones.ts'
import { File } from './file.ts'
import { ZoneFile } from './zone-file.ts'

const DEFAULT_RELOAD_MS = 60_000

/** What the blocks say; a line of one counts for those behind it too, as in the reference. */
interface Draft {
  reloadMs: number
  byTime: boolean
  fallthrough: readonly Name[]
  readonly files: Map<Name, ZoneFile>
  /** Why a file could not be opened. */
  missing: string | undefined
}

/** `file DBFILE [ZONES...] { reload DURATION; reload_by_mtime; fallthrough [ZONES...] }` */
export const module: PluginModule = {
  name: 'file',
  setup(setup) {
    const { tokens, log } = setup
    const draft: Draft = {
      reloadMs: DEFAULT_RELOAD_MS,
      byTime: false,
      fallthrough: [],
      files: new Map(),
      missing: undefined,
    }
    const notify = notifier(setup)
    while (tokens.next()) parseFile(setup, draft, notify)
    if (draft.missing !== undefined) {
      if (draft.reloadMs === 0) throw new Error(`plugin/file: ${draft.missing}`)
      const again = formatDuration(draft.reloadMs)
      log.warning(`Failed to open ${quote(draft.missing)}: trying again in ${again}`)
    }
    const plugin = new File(draft.files, draft.fallthrough)
    setup.onStart(() => {
      plugin.isLast = setup.plugins().at(-1) === plugin
      for (const file of draft.files.values()) file.start()
      for (const zone of draft.files.keys()) notify(zone)
    })
    setup.onStop(() => {
      for (const file of draft.files.values()) file.stop()
    })
    return plugin
  },
}

function parseFile(setup: Setup, draft: Draft, notify: (zone: Name) => void): void {
  const { tokens, block } = setup
  if (!tokens.nextArg()) throw tokens.argErr()
  const given = tokens.val()
  const path = normalize(isAbsolute(given) || block.root === '' ? given : join(block.root, given))
  const args = tokens.remainingArgs()
  const origins = args.length === 0 ? block.zones : zoneNames(args)
  while (tokens.nextBlock()) parseLine(tokens, draft)
  for (const origin of origins) {
    const file = new ZoneFile({
      origin,
      path,
      reloadMs: draft.reloadMs,
      byTime: draft.byTime,
      versions: setup.versions,
      log: setup.log,
      onChange: notify,
    })
    draft.files.set(origin, file)
    loadOrMiss(file, path, draft)
  }
}

function loadOrMiss(file: ZoneFile, path: string, draft: Draft): void {
  try {
    file.load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    draft.missing = fileErrorText(path, error)
  }
}

function parseLine(tokens: Dispenser, draft: Draft): void {
  switch (tokens.val()) {
    case 'fallthrough':
      draft.fallthrough = fallthroughZones(tokens.remainingArgs())
      return
    case 'reload':
      draft.reloadMs = parseReload(tokens)
      return
    case 'reload_by_mtime':
      draft.byTime = true
      return
    case 'upstream':
      tokens.remainingArgs()
      return
    default:
      throw tokens.err(`unknown property '${tokens.val()}'`)
  }
}

function parseReload(tokens: Dispenser): number {
  const [text] = tokens.remainingArgs()
  if (text === undefined) throw new Error('reload duration value is expected')
  try {
    return parseDuration(text)
  } catch (error) {
    throw new Error(`plugin/file: ${(error as Error).message}`)
  }
}
