import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Octets } from '../wire/record.ts'

/** The four or sixteen octets of an address, as in the RDATA of A and AAAA; undefined for what is no address. A zone (`%eth0`) does not count. */
export function addressOctets(text: string): Octets | undefined {
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  const family = isIP(address)
  if (family === 0) return undefined
  if (family === 4) return String.fromCharCode(...address.split('.').map(Number)) as Octets
  return String.fromCharCode(...ipaddr.parse(address).toByteArray()) as Octets
}

/** A range of addresses (RFC 4632 §3.1, RFC 4291 §2.3). */
export class Cidr {
  private readonly octets: Octets
  private readonly bits: number

  private constructor(octets: Octets, bits: number) {
    this.octets = octets
    this.bits = bits
  }

  /** Reads `10.0.0.0/8`; bits behind the prefix may be set. Undefined for what is no range. */
  static parse(text: string): Cidr | undefined {
    const [address = '', bits = '', ...rest] = text.split('/')
    if (rest.length > 0 || address.includes('%') || !/^\d{1,3}$/.test(bits)) return undefined
    const octets = addressOctets(address)
    if (octets === undefined || Number(bits) > octets.length * 8) return undefined
    return new Cidr(octets, Number(bits))
  }

  /** Whether an address, as its octets, lies in the range. */
  contains(octets: Octets): boolean {
    if (octets.length !== this.octets.length) return false
    const whole = this.bits >> 3
    for (let i = 0; i < whole; i++) {
      if (octets.charCodeAt(i) !== this.octets.charCodeAt(i)) return false
    }
    const rest = 8 - (this.bits & 7)
    if (rest === 8) return true
    return octets.charCodeAt(whole) >> rest === this.octets.charCodeAt(whole) >> rest
  }
}
