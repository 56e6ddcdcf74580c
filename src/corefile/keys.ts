import { CorefileError } from './errors.ts'
import { quote } from './quote.ts'
import { DEFAULT_PORT, splitTransport, type Transport } from './transport.ts'
import { fullyQualified, normalizeName, splitPort } from './zones.ts'

/** One zone on one port that a server block serves. */
export interface ServerKey {
  /** In presentation form, lower case, with the final dot. */
  readonly zone: string
  /** Any whole number: see {@link checkPort}. */
  readonly port: number
  readonly transport: Transport
  /** As written in the Corefile; an address range of several zones gives several keys with the same text. */
  readonly original: string
}

/**
 * Reads `[SCHEME://]ZONE[:PORT]`.
 *
 * @param defaultPort the port of plain DNS where none is written (`-dns.port`)
 * @throws CorefileError `error inspecting server blocks: …`
 */
export function parseKey(text: string, defaultPort: number): ServerKey[] {
  const { transport, rest } = splitTransport(text)
  try {
    const { zones, port } = splitPort(rest)
    for (const zone of zones) splitPort(fullyQualified(zone))
    if (transport === 'unix') throw new CorefileError(`unix sockets cannot be served: ${text}`)
    const own = transport === 'dns' ? defaultPort : DEFAULT_PORT[transport]
    return zones.map((zone) => ({
      zone: normalizeName(zone),
      port: port ?? own,
      transport,
      original: text,
    }))
  } catch (error) {
    if (!(error instanceof CorefileError)) throw error
    throw new CorefileError(`error inspecting server blocks: ${error.message}`)
  }
}

/** The key in full: `dns://example.org.:53`. */
export function formatKey(key: Pick<ServerKey, 'zone' | 'port' | 'transport'>): string {
  return `${key.transport}://${key.zone}:${key.port}`
}

/**
 * To be called when all plugins are set up, which is when CoreDNS finds out.
 *
 * @throws CorefileError `address 70000: invalid port`
 */
export function checkPort(port: number): void {
  if (port < 0 || port > 65535) throw new CorefileError(`address ${port}: invalid port`)
}

/** The line that start-up prints for a zone whose name is unusual (RFC 1035 §2.3.1); undefined for others, the root and reverse zones. */
export function preferredSyntaxWarning(zone: string): string | undefined {
  if (zone === '.' || zone.endsWith('.in-addr.arpa.') || zone.endsWith('.ip6.arpa.')) {
    return undefined
  }
  if (/^(?:[a-z](?:[a-z0-9-]*[a-z0-9])?\.)+$/i.test(zone)) return undefined
  return `Warning: Domain ${quote(zone)} does not follow RFC1035 preferred syntax`
}
