import { isIP } from 'node:net'
import type { Endpoint } from './listener.ts'

/** Whether a host to listen on means every address of the machine. */
export function isWildcard(host: string): boolean {
  return host === '' || host === '0.0.0.0' || host === '::'
}

/** An address as the operating system tells it, `::ffff:` unmapped (RFC 4291 §2.5.5.2). */
export function endpoint(address: string, port: number): Endpoint {
  return { address: address.startsWith('::ffff:') ? unmap(address) : address, port }
}

function unmap(address: string): string {
  const inner = address.slice(7)
  return isIP(inner) === 4 ? inner : address
}

/** Texts of the operating system, as the reference shows them. */
const TEXTS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EINVAL: 'invalid argument',
  ENODEV: 'no such device',
  EAFNOSUPPORT: 'address family not supported by protocol',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in system',
}

/** Why an address cannot be listened on: `Listen: listen tcp 127.0.0.1:53: bind: address already in use`. */
export function listenError(
  network: 'tcp' | 'udp',
  at: { readonly host: string; readonly port: number },
  error: unknown,
): Error {
  const { code, message } = error as NodeJS.ErrnoException
  const reason = code === undefined ? message : (TEXTS[code] ?? message)
  const host = at.host.includes(':') ? `[${at.host}]` : at.host
  const call = network === 'tcp' ? 'Listen' : 'ListenPacket'
  const text = `${call}: listen ${network} ${host}:${at.port}: bind: ${reason}`
  return Object.assign(new Error(text, { cause: error }), { code })
}

/** Whether the machine has no IPv6 to listen on, so that the wildcard is `0.0.0.0`. */
export function isWithoutIpv6(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL'
}
