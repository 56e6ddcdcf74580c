import {
  isAddress,
  joinHostPort,
  parseHostPortsOrFiles,
  splitHostPort,
} from '../../corefile/addresses.ts'
import type { Files } from '../../corefile/io.ts'
import { quote } from '../../corefile/quote.ts'
import { DEFAULT_PORT, splitTransport, type Transport } from '../../corefile/transport.ts'
import { isDomainName } from '../../corefile/zones.ts'

/** Upstreams that one forward may have. */
export const MAX_TARGETS = 15

/** An upstream's address. */
export interface Target {
  readonly transport: 'dns' | 'tls' | 'https'
  /** `192.0.2.1:53`: its name in metrics and messages. */
  readonly address: string
  readonly host: string
  readonly port: number
  /** Name in the server's certificate, written `ADDRESS%NAME`; undefined without. */
  readonly serverName: string | undefined
}

/** Finds a host's addresses; throws an Error that says why there are none. */
export type Resolve = (host: string) => Promise<readonly string[]>

/**
 * The upstreams that the arguments of a forward name: addresses with or without scheme and port, files in the manner of resolv.conf, and host names, which
 * are looked up now. An address that comes twice counts once.
 *
 * @returns the upstreams, and how many arguments named any: what {@link MAX_TARGETS} bounds
 */
export async function parseTargets(
  texts: readonly string[],
  files: Files,
  resolve: Resolve,
): Promise<{ targets: Target[]; entries: number }> {
  for (const text of texts) refusePath(text)
  const entries = texts.flatMap((text) => classify(text, files) ?? [])
  const targets = new Map<string, Target>()
  for (const entry of entries) {
    const addresses = 'addresses' in entry ? entry.addresses : await lookUp(entry.host, resolve)
    for (const address of addresses) {
      const target = parseTarget(address)
      if (!targets.has(target.address)) targets.set(target.address, target)
    }
  }
  return { targets: [...targets.values()], entries: entries.length }
}

interface Host {
  readonly name: string
  readonly port: string
  readonly transport: Target['transport']
  readonly serverName: string | undefined
}

function refusePath(text: string): void {
  const { transport, rest } = splitTransport(text)
  if (transport === 'https' && rest.includes('/')) {
    throw new Error(
      `paths are not allowed in HTTPS upstream addresses (the /dns-query path is used by default): ${text}`,
    )
  }
}

/** An address, a file or a host; undefined for a file that names no server. */
function classify(
  text: string,
  files: Files,
): { addresses: string[] } | { host: Host } | undefined {
  try {
    return { addresses: parseHostPortsOrFiles([text], files) }
  } catch (error) {
    const { message } = error as Error
    if (message === 'no nameservers found') return undefined
    if (!message.startsWith('not an IP address or file')) throw error
  }
  const host = parseHost(text)
  if (host === undefined) {
    throw new Error(`not an IP address, file, or valid domain: ${quote(text)}`)
  }
  return { host }
}

function parseHost(text: string): Host | undefined {
  const { address, serverName } = splitServerName(text)
  const { transport, rest } = splitTransport(address)
  if (transport !== 'dns' && transport !== 'tls' && transport !== 'https') return undefined
  const split = splitHostPort(rest)
  const name = (split?.host ?? rest).replace(/^[[\]]+|[[\]]+$/g, '')
  if (name === '' || !isDomainName(name) || isAddress(name)) return undefined
  return { name, port: split?.port ?? String(DEFAULT_PORT[transport]), transport, serverName }
}

async function lookUp(host: Host, resolve: Resolve): Promise<string[]> {
  const { name, port, transport, serverName } = host
  let addresses: readonly string[]
  try {
    addresses = await resolve(name)
  } catch (error) {
    throw new Error(`failed to resolve ${quote(name)}: ${(error as Error).message}`)
  }
  return addresses.map((address) => {
    if (transport === 'dns') return joinHostPort(address, port)
    if (serverName === undefined) return `${transport}://${joinHostPort(address, port)}`
    const named = `${address}%${serverName}`
    return `${transport}://${address.includes(':') ? `[${named}]` : named}:${port}`
  })
}

/** `[SCHEME://]ADDRESS[%NAME]:PORT`, as {@link parseHostPortsOrFiles} and lookUp leave it. */
function parseTarget(text: string): Target {
  const { address, serverName } = splitServerName(text)
  const { transport, rest } = splitTransport(address)
  if (!isSupported(transport)) {
    throw new Error(
      `'${transport}' is not supported as a destination protocol in forward: ${address}`,
    )
  }
  const split = splitHostPort(rest)
  const host = split?.host ?? rest
  const port = split === undefined ? DEFAULT_PORT[transport] : Number(split.port)
  return { transport, address: rest, host, port, serverName: serverName || undefined }
}

function isSupported(transport: Transport | 'unix'): transport is Target['transport'] {
  return transport === 'dns' || transport === 'tls' || transport === 'https'
}

/** Takes `%NAME` out of an address; what follows the name is the port. */
function splitServerName(text: string): { address: string; serverName: string | undefined } {
  const scheme = /^[^/]*:\/\//.exec(text)?.[0] ?? ''
  const host = text.slice(scheme.length)
  const percent = host.lastIndexOf('%')
  if (percent === -1) return { address: text, serverName: undefined }
  let address = host.slice(0, percent)
  if (address.startsWith('[')) address += ']'
  let serverName = host.slice(percent + 1)
  const colon = serverName.lastIndexOf(':')
  if (colon !== -1) {
    address += serverName.slice(colon)
    serverName = serverName.slice(0, colon).replace(/\]$/, '')
  }
  return { address: scheme + address, serverName }
}
