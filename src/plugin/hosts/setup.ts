import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { reasonOf } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import { parseDuration, parsedOrUndefined, parseInteger } from '../../corefile/values.ts'
import { normalizeZones } from '../../corefile/zones.ts'
import { type Name, nameFromText, ROOT } from '../../wire/name.ts'
import type { PluginModule, Setup } from '../setup.ts'
import { HostsFile } from './file.ts'
import { Hosts } from './hosts.ts'
import { hostsMetrics } from './metrics.ts'
import { readHosts } from './table.ts'

const DEFAULT_PATH = '/etc/hosts'
const DEFAULT_TTL = 3600
const MAX_TTL = 65_535
const DEFAULT_RELOAD_MS = 5000

/** What the lines of the block say. */
interface Draft {
  ttl: number
  reloadMs: number
  reverse: boolean
  fallthrough: Name[]
  fallthroughUnsupported: boolean
  readonly lines: string[]
}

/** `hosts [FILE [ZONES...]] { LINES...; ttl SECONDS; no_reverse; reload DURATION; fallthrough [ZONES...]; fallthrough_unsupported }` */
export const module: PluginModule = {
  name: 'hosts',
  once: true,
  setup(setup) {
    const { tokens, block, versions } = setup
    const draft: Draft = {
      ttl: DEFAULT_TTL,
      reloadMs: DEFAULT_RELOAD_MS,
      reverse: true,
      fallthrough: [],
      fallthroughUnsupported: false,
      lines: [],
    }
    tokens.next()
    const [given, ...zoneArgs] = tokens.remainingArgs()
    const path = given === undefined ? DEFAULT_PATH : givenPath(setup, given)
    const zones = zoneArgs.length === 0 ? block.zones : namesOf(zoneArgs)
    while (tokens.nextBlock()) parseLine(tokens, draft)
    if (draft.fallthroughUnsupported && draft.fallthrough.length === 0) {
      throw tokens.err('fallthrough_unsupported requires fallthrough')
    }
    const rules = { zones, reverse: draft.reverse }
    const inline = readHosts(draft.lines.join('\n'), rules)
    const onRead = hostsMetrics(setup.metrics, path, inline.entries)
    const file = new HostsFile({ path, rules, versions, onRead })
    setup.onStart(() => file.start(draft.reloadMs))
    setup.onStop(() => file.stop())
    return new Hosts({ zones, ...draft }, file, inline, versions)
  },
}

function givenPath({ tokens, block, log }: Setup, given: string): string {
  const path = isAbsolute(given) || block.root === '' ? given : join(block.root, given)
  try {
    if (statSync(path).isDirectory()) log.warning(`Hosts file ${quote(path)} is a directory`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw tokens.err(`unable to access hosts file '${path}': stat ${path}: ${reasonOf(error)}`)
    }
    log.warning(`File does not exist: ${path}`)
  }
  return path
}

/** A line that is no directive is one of hosts, as long as no `fallthrough` came before it. */
function parseLine(tokens: Dispenser, draft: Draft): void {
  const word = tokens.val()
  const args = tokens.remainingArgs()
  switch (word) {
    case 'fallthrough':
      draft.fallthrough = args.length === 0 ? [ROOT] : namesOf(args)
      return
    case 'fallthrough_unsupported':
      if (args.length > 0) throw tokens.argErr()
      draft.fallthroughUnsupported = true
      return
    case 'no_reverse':
      draft.reverse = false
      return
    case 'ttl':
      draft.ttl = parseTtl(tokens, args[0])
      return
    case 'reload':
      draft.reloadMs = parseReload(tokens, args)
      return
    default:
      if (draft.fallthrough.length > 0) throw tokens.err(`unknown property '${word}'`)
      draft.lines.push([word, ...args].join(' '))
  }
}

function parseTtl(tokens: Dispenser, text: string | undefined): number {
  if (text === undefined) throw tokens.err('ttl needs a time in second')
  const ttl = parsedOrUndefined(parseInteger, text)
  if (ttl === undefined) throw tokens.err('ttl needs a number of second')
  if (ttl <= 0 || ttl > MAX_TTL) throw tokens.err('ttl provided is invalid')
  return ttl
}

function parseReload(tokens: Dispenser, args: readonly string[]): number {
  const [text] = args
  if (text === undefined || args.length > 1) {
    throw tokens.err('reload needs a duration (zero seconds to disable)')
  }
  const periodMs = parsedOrUndefined(parseDuration, text)
  if (periodMs === undefined) throw tokens.err(`invalid duration for reload '${text}'`)
  if (periodMs < 0) throw tokens.err(`invalid negative duration for reload '${text}'`)
  return periodMs
}

function namesOf(texts: readonly string[]): Name[] {
  return normalizeZones(texts).flatMap((text) => nameFromText(text) ?? [])
}
