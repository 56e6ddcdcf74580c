import { isIP } from 'node:net'
import { CorefileError } from './errors.ts'
import { type Files, fileErrorText } from './io.ts'
import { quote } from './quote.ts'
import { parseResolvConf } from './resolvconf.ts'
import { DEFAULT_PORT, splitTransport } from './transport.ts'

/**
 * The servers that a list of addresses and files names. Each is `[SCHEME://]ADDRESS[:PORT]`, `unix://PATH`, or the path of a file like /etc/resolv.conf.
 *
 * @returns `ADDRESS:PORT` for plain DNS, else `SCHEME://ADDRESS:PORT`; an address with a port as it was written
 * @throws CorefileError
 */
export function parseHostPortsOrFiles(texts: readonly string[], files: Files): string[] {
  const servers = texts.flatMap((text) => parseHostPortOrFile(text, files))
  if (servers.length === 0) throw new CorefileError('no nameservers found')
  return servers
}

/**
 * One address with its port, which is added where it is missing.
 *
 * @throws CorefileError ``must specify an IP address: `x'``
 */
export function parseHostPort(text: string, defaultPort: number): string {
  const split = splitHostPort(text)
  const host = split?.host ?? text
  if (!isAddress(withoutZone(host))) {
    throw new CorefileError(`must specify an IP address: \`${host}'`)
  }
  return joinHostPort(host, split?.port || defaultPort)
}

/** Splits `HOST:PORT`, `[HOST]:PORT` or `:PORT`; undefined for anything else, such as an IPv6 address without brackets. */
export function splitHostPort(text: string): { host: string; port: string } | undefined {
  const parts = /^(?:\[([^[\]]*)\]|([^[\]:]*)):([^[\]:]*)$/s.exec(text)
  return parts === null ? undefined : { host: parts[1] ?? parts[2] ?? '', port: parts[3]! }
}

/** `HOST:PORT`, with brackets around what has colons. */
export function joinHostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether the text is an IPv4 or IPv6 address, without a zone. */
export function isAddress(text: string): boolean {
  return !text.includes('%') && isIP(text) !== 0
}

function parseHostPortOrFile(text: string, files: Files): string[] {
  const { transport, rest } = splitTransport(text)
  if (rest === '') throw new CorefileError(`invalid address: ${quote(text)}`)
  if (transport === 'unix') return [text]
  const split = splitHostPort(rest)
  if (split !== undefined) {
    return isAddress(withoutZone(split.host)) ? [text] : serversOfFile(rest, files)
  }
  const host = rest.replace(/^[[\]]+|[[\]]+$/g, '')
  if (!isAddress(withoutZone(host))) return serversOfFile(host, files)
  const address = joinHostPort(host, DEFAULT_PORT[transport])
  // CoreDNS gives an empty address for https3 without a port; here it gets one like the others, and who cannot use the transport says so.
  return [transport === 'dns' ? address : `${transport}://${address}`]
}

/** Zones of link-local addresses in the file do not come through. */
function serversOfFile(path: string, files: Files): string[] {
  let text: string
  try {
    text = files.readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') return []
    throw new CorefileError(`not an IP address or file ${quote(path)}: ${openText(path, error)}`)
  }
  const { servers } = parseResolvConf(text)
  return servers.map((server) => joinHostPort(withoutZone(server), DEFAULT_PORT.dns))
}

function openText(path: string, error: unknown): string {
  const text = fileErrorText(path, error)
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return text
  return `failed to open file ${quote(path)}: ${quote(text)}`
}

function withoutZone(host: string): string {
  const percent = host.lastIndexOf('%')
  return percent === -1 ? host : host.slice(0, percent)
}
