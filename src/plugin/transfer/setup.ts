import { parseHostPort, splitHostPort } from '../../corefile/addresses.ts'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import type { Name } from '../../wire/name.ts'
import { addressOctets } from '../cidr.ts'
import type { PluginModule } from '../setup.ts'
import { zoneNames } from '../zones.ts'
import { UdpNotifier } from './notify.ts'
import type { Target, TransferRule } from './rule.ts'
import { Transfer } from './transfer.ts'

const DNS_PORT = 53

/** `transfer [ZONES...] { to ADDRESS...|*; source ADDRESS }` */
export const module: PluginModule = {
  name: 'transfer',
  setup(setup) {
    const { tokens, block, log, host } = setup
    const rules: TransferRule[] = []
    while (tokens.next()) rules.push(parseRule(tokens, block.zones))
    const plugin = new Transfer(rules, new UdpNotifier(log, host.now), log)
    setup.onStart(() => {
      plugin.sources = setup.plugins().filter((other) => other.transfer !== undefined)
    })
    return plugin
  },
}

function parseRule(tokens: Dispenser, blockZones: readonly Name[]): TransferRule {
  const args = tokens.remainingArgs()
  const zones = args.length === 0 ? blockZones : zoneNames(args)
  const targets: Target[] = []
  let anyone = false
  let source: string | undefined
  while (tokens.nextBlock()) {
    const word = tokens.val()
    if (word === 'to') {
      const servers = parseTargets(tokens)
      anyone ||= servers.includes('*')
      targets.push(...servers.filter((server) => server !== '*'))
    } else if (word === 'source') source = parseSource(tokens, source)
    else throw doubled(tokens, `unknown property ${quote(word)}`)
  }
  if (!anyone && targets.length === 0) throw doubled(tokens, "'to' is required")
  return { zones, anyone, targets, source }
}

function parseTargets(tokens: Dispenser): (Target | '*')[] {
  const args = tokens.remainingArgs()
  if (args.length === 0) throw tokens.argErr()
  return args.map((text) => {
    if (text === '*') return text
    const { host, port } = splitHostPort(parseHostPort(text, DNS_PORT)) as {
      host: string
      port: string
    }
    return { address: host, port: Number(port) }
  })
}

function parseSource(tokens: Dispenser, before: string | undefined): string {
  const [text, ...others] = tokens.remainingArgs()
  if (text === undefined || others.length > 0) throw tokens.argErr()
  if (before !== undefined) throw doubled(tokens, 'source already specified')
  if (text.includes('%') || addressOctets(text) === undefined) {
    throw doubled(tokens, `invalid source address ${quote(text)}`)
  }
  return text
}

/** The reference says these with the plugin's name twice in front. */
const doubled = (tokens: Dispenser, text: string): Error =>
  new Error(`plugin/transfer: ${tokens.err(text).message}`)
