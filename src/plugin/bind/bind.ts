import { isIP } from 'node:net'
import type { networkInterfaces } from 'node:os'

/** The machine's interfaces and their addresses, as node:os tells them. */
export type Interfaces = ReturnType<typeof networkInterfaces>

/**
 * The addresses that arguments name: each an address, or an interface for all its addresses. A link-local IPv6 address of an interface carries its zone.
 *
 * @throws Error `not a valid IP address or interface name: "x"`
 */
export function addressesOf(args: readonly string[], interfaces: Interfaces): string[] {
  return args.flatMap((arg) => {
    const own = interfaces[arg]
    if (own !== undefined) return own.map((entry) => withZone(entry.address, arg))
    if (isIP(arg) === 0 || arg.includes('%')) {
      throw new Error(`not a valid IP address or interface name: "${arg}"`)
    }
    return [arg]
  })
}

/** RFC 4007 §11: link-local addresses (unicast fe80::/10, multicast ff02::/16) mean nothing without their interface. */
function withZone(address: string, name: string): string {
  return /^(?:fe[89ab]|ff02)/i.test(address) ? `${address}%${name}` : address
}
