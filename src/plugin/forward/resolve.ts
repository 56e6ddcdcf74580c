import { lookup } from 'node:dns/promises'
import ipaddr from 'ipaddr.js'
import { isAddress, splitHostPort } from '../../corefile/addresses.ts'
import { quote } from '../../corefile/quote.ts'
import { exchangeOnce } from '../../net/upstream/client.ts'
import { addressesIn, addressQuery } from '../../wire/lookup-message.ts'
import { nameFromText } from '../../wire/name.ts'
import type { Resolve } from './targets.ts'

/** How long one resolver is waited for, in milliseconds. */
const RESOLVER_TIMEOUT_MS = 2000
const DNS_PORT = 53

/** Looks hosts up as the machine does. */
export const systemResolve: Resolve = async (host) => {
  try {
    const found = await lookup(host, { all: true })
    return found.map(({ address }) => address)
  } catch {
    throw new Error(`lookup ${host}: no such host`)
  }
}

/** Looks hosts up at DNS servers, `ADDRESS` or `ADDRESS:PORT`, one after the other until one knows. IPv4 addresses come first. */
export function resolveAt(resolvers: readonly string[], now: () => number): Resolve {
  return async (host) => {
    let problem = ''
    for (const resolver of resolvers) {
      const four = await ask(resolver, host, 'A', now)
      if (typeof four === 'string') {
        problem = `: ${four}`
        continue
      }
      const six = await ask(resolver, host, 'AAAA', now)
      if (typeof six === 'string') problem = `: ${six}`
      const addresses = [...four, ...(typeof six === 'string' ? [] : six)]
      if (addresses.length > 0) return addresses
    }
    throw new Error(`no addresses found for ${quote(host)}${problem}`)
  }
}

/** Addresses of one family, or why there are none. */
async function ask(
  resolver: string,
  host: string,
  type: 'A' | 'AAAA',
  now: () => number,
): Promise<string[] | string> {
  if (nameFromText(host) === undefined) return 'dns: domain must be fully qualified'
  const message = addressQuery(host, type)
  const peer = peerOf(resolver)
  const ends = { peer, source: undefined, tls: undefined, now }
  const outcome = await exchangeOnce(message, ends, 'udp', RESOLVER_TIMEOUT_MS)
  if (outcome.kind === 'failed') return outcome.error
  return addressesIn(outcome.message, type).map((address) => ipaddr.parse(address).toString())
}

function peerOf(resolver: string): { address: string; port: number } {
  const split = splitHostPort(resolver)
  return split === undefined || isAddress(resolver)
    ? { address: resolver, port: DNS_PORT }
    : { address: split.host, port: Number(split.port) }
}
