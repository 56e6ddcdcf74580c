import ipaddr from 'ipaddr.js'
import type { Dispenser } from '../../corefile/dispenser.ts'
import { quote } from '../../corefile/quote.ts'
import type { PluginModule } from '../setup.ts'
import { Dns64 } from './dns64.ts'
import type { Prefix } from './embed.ts'

/** The well-known prefix of RFC 6052 §2.1. */
const WELL_KNOWN: Prefix = { octets: ipaddr.parse('64:ff9b::').toByteArray(), bits: 96 }

interface Options {
  prefix: Prefix
  translateAll: boolean
  allowIpv4: boolean
}

/** `dns64 [PREFIX] { prefix PREFIX; translate_all; allow_ipv4 }`. */
export const module: PluginModule = {
  name: 'dns64',
  setup({ tokens, metrics, host, log }) {
    const options: Options = { prefix: WELL_KNOWN, translateAll: false, allowIpv4: false }
    let ignored = false
    while (tokens.next()) ignored = parseLine(tokens, options) || ignored
    if (ignored)
      log.warning(
        'options in the block count for nothing behind a prefix on the line of dns64: write the prefix into the block',
      )
    const translated = metrics.counter(
      'coredns_dns64_requests_translated_total',
      'Replies that dns64 made addresses for.',
      ['server'],
    )
    return new Dns64({ ...options, translated, wallClock: () => host.wallClock() })
  },
}

/**
 * Reads one line of the directive and its block. A prefix on the line ends it: the reference then takes each line of the block for another `dns64`, of
 * which only a prefix counts. True for a line that does not.
 */
function parseLine(tokens: Dispenser, options: Options): boolean {
  const inBlock = tokens.val() !== 'dns64' && tokens.val() !== '{' && tokens.val() !== '}'
  const args = tokens.remainingArgs()
  if (args.length === 1) {
    options.prefix = parsePrefix(tokens, args[0] as string)
    return false
  }
  if (args.length > 0) throw tokens.argErr()
  while (tokens.nextBlock()) parseOption(tokens, options)
  return inBlock
}

function parseOption(tokens: Dispenser, options: Options): void {
  const word = tokens.val()
  if (word === 'translate_all') options.translateAll = true
  else if (word === 'allow_ipv4') options.allowIpv4 = true
  else if (word !== 'prefix') throw tokens.err(`unknown property '${word}'`)
  else if (!tokens.nextArg()) throw tokens.argErr()
  else options.prefix = parsePrefix(tokens, tokens.val())
}

function parsePrefix(tokens: Dispenser, text: string): Prefix {
  const parsed = parseCidr(text)
  if (parsed === undefined) throw new Error(`invalid CIDR address: ${text}`)
  const [address, bits] = parsed
  if (address.kind() === 'ipv4') {
    const network = ipaddr.IPv4.networkAddressFromCIDR(text)
    throw tokens.err(`invalid netmask 32 IPv6 address: ${quote(`${network}/${bits}`)}`)
  }
  const network = ipaddr.IPv6.networkAddressFromCIDR(text)
  if (bits % 8 !== 0 || bits < 32 || bits > 96) {
    throw tokens.err(`invalid prefix length ${quote(`${network.toRFC5952String()}/${bits}`)}`)
  }
  return { octets: network.toByteArray(), bits }
}

function parseCidr(text: string): ReturnType<typeof ipaddr.parseCIDR> | undefined {
  try {
    return ipaddr.parseCIDR(text)
  } catch {
    return undefined
  }
}
