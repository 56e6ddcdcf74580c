import { parseHostPort, splitHostPort } from '../../corefile/addresses.ts'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import type { Peer } from '../../net/upstream/outcome.ts'
import { type Name, ROOT } from '../../wire/name.ts'
import type { PluginModule } from '../setup.ts'
import { notifier } from '../transfer/notify.ts'
import { fallthroughZones, zoneNames } from '../zones.ts'
import { Secondary } from './secondary.ts'
import { type ConfiguredZone, SecondaryZones } from './zones.ts'

const DNS_PORT = 53

/** What the lines of the blocks say. */
interface Draft {
  fallthrough: readonly Name[]
  readonly zones: Map<Name, ConfiguredZone>
}

/** `secondary [ZONES...] { transfer from ADDRESS...; catalog [MEMBER_ZONES...]; fallthrough [ZONES...] }` */
export const module: PluginModule = {
  name: 'secondary',
  setup(setup) {
    const { tokens, block, versions, log, host } = setup
    const draft: Draft = { fallthrough: [], zones: new Map() }
    while (tokens.next()) {
      // What stands behind a block's brace counts for nothing, as in the reference.
      if (tokens.val() !== 'secondary') continue
      const args = tokens.remainingArgs()
      parseBlock(tokens, args.length === 0 ? block.zones : zoneNames(args), draft)
    }
    const configured = [...draft.zones.values()]
    const common = { versions, log, now: host.now, random: host.random, onChange: notifier(setup) }
    const zones = new SecondaryZones(configured, common)
    const plugin = new Secondary(zones, draft.fallthrough, placesOf(configured))
    setup.onStart(() => {
      plugin.isLast = setup.plugins().at(-1) === plugin
      zones.start()
    })
    setup.onStop(() => zones.stop())
    return plugin
  },
}

/** Where zones are, and where catalogs may list some. */
function placesOf(configured: readonly ConfiguredZone[]): Name[] {
  return configured.flatMap(({ origin, memberZones }) => {
    if (memberZones === undefined) return [origin]
    return memberZones.length === 0 ? [ROOT] : [origin, ...memberZones]
  })
}

function parseBlock(tokens: Dispenser, origins: readonly Name[], draft: Draft): void {
  const primaries: Peer[] = []
  let memberZones: readonly Name[] | undefined
  let hasTransfer = false
  while (tokens.nextBlock()) {
    switch (tokens.val()) {
      case 'transfer':
        primaries.push(...parseTransfer(tokens))
        hasTransfer = true
        break
      case 'catalog':
        memberZones = merged(memberZones, parseMembers(tokens.remainingArgs()))
        break
      case 'fallthrough':
        draft.fallthrough = fallthroughZones(tokens.remainingArgs())
        break
      default:
        throw tokens.err(`unknown property '${tokens.val()}'`)
    }
  }
  if (!hasTransfer) throw tokens.err('secondary zones require a transfer from property')
  for (const origin of origins) draft.zones.set(origin, { origin, primaries, memberZones })
}

function parseTransfer(tokens: Dispenser): Peer[] {
  if (!tokens.nextArg()) throw tokens.argErr()
  if (tokens.val() !== 'from') throw tokens.err(`unknown property ${tokens.val()}`)
  const args = tokens.remainingArgs()
  if (args.length === 0) throw tokens.argErr()
  return args.map((text) => {
    if (text === '*') throw new Error("can't use '*' in transfer from")
    const { host, port } = splitHostPort(parseHostPort(text, DNS_PORT)) as {
      host: string
      port: string
    }
    return { address: host, port: Number(port) }
  })
}

function parseMembers(args: readonly string[]): readonly Name[] {
  return args.flatMap((text) => {
    const zones = zoneNames([text])
    if (zones.length === 0) throw new Error(`invalid catalog member zone ${quote(text)}`)
    return zones
  })
}

/** One line without zones allows all. */
function merged(before: readonly Name[] | undefined, more: readonly Name[]): readonly Name[] {
  if (before === undefined) return more
  return before.length === 0 || more.length === 0 ? [] : [...before, ...more]
}
