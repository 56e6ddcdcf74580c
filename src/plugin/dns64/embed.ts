import type { Octets } from '../../wire/record.ts'

/** An IPv6 prefix of whole octets that IPv4 addresses are embedded behind. */
export interface Prefix {
  /** Sixteen octets. */
  readonly octets: readonly number[]
  /** 32 to 96, a multiple of 8. */
  readonly bits: number
}

/**
 * The IPv6 address for an IPv4 address (RFC 6052 §2.2): its octets follow the prefix, but octet 8 is always zero.
 *
 *     /32  prefix prefix prefix prefix  a  b  c  d   0  …
 *     /48  prefix … prefix              a  b         0  c  d  …
 *     /96  prefix … prefix                                        a b c d
 */
export function embed({ octets, bits }: Prefix, address: Octets): Octets {
  const out = [...octets.slice(0, bits / 8)]
  for (const octet of Buffer.from(address, 'latin1')) {
    if (out.length === 8) out.push(0)
    out.push(octet)
  }
  while (out.length < 16) out.push(0)
  return String.fromCharCode(...out) as Octets
}
