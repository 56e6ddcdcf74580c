import { OPTION } from './codes.ts'
import type { Octets } from './record.ts'

/** One EDNS option (RFC 6891 §6.1.2): its code and its data as octets. */
export interface Option {
  readonly code: number
  readonly data: Octets
}

/** An OPT pseudo-record (RFC 6891 §6.1.3). */
export interface Opt {
  /** Requestor's payload size in octets, as sent. */
  readonly udpSize: number
  /** Upper eight bits of the extended rcode. */
  readonly extendedRcode: number
  readonly version: number
  /** DO and the fifteen Z bits. */
  readonly flags: number
  readonly options: readonly Option[]
}

/** DNSSEC OK (RFC 3225 §3) in {@link Opt.flags}. */
export const DNSSEC_OK = 0x8000

/** Octets of an OPT record without options: root owner, type, class, TTL, length. */
export const OPT_OCTETS = 11

/** Octets of an OPT record on the wire. */
export function optOctets(opt: Opt): number {
  let octets = OPT_OCTETS
  for (const option of opt.options) octets += 4 + option.data.length
  return octets
}

/** The options in an OPT record's RDATA; undefined when a length does not fit. */
export function readOptions(rdata: Octets): Option[] | undefined {
  const options: Option[] = []
  let at = 0
  while (at < rdata.length) {
    if (at + 4 > rdata.length) return undefined
    const code = (rdata.charCodeAt(at) << 8) | rdata.charCodeAt(at + 1)
    const length = (rdata.charCodeAt(at + 2) << 8) | rdata.charCodeAt(at + 3)
    at += 4
    if (at + length > rdata.length) return undefined
    options.push({ code, data: rdata.slice(at, at + length) as Octets })
    at += length
  }
  return options
}

/** An Extended DNS Error option (RFC 8914 §2): info code and text. */
export function extendedError(infoCode: number, text = ''): Option {
  const code = String.fromCharCode(infoCode >> 8, infoCode & 0xff)
  return { code: 15, data: (code + Buffer.from(text, 'utf8').toString('latin1')) as Octets }
}

/** What the first Extended DNS Error of an OPT record says; undefined without one. */
export function readExtendedError(opt: Opt): { code: number; text: string } | undefined {
  const data = opt.options.find(({ code }) => code === 15)?.data
  if (data === undefined || data.length < 2) return undefined
  const code = (data.charCodeAt(0) << 8) | data.charCodeAt(1)
  return { code, text: Buffer.from(data.slice(2), 'latin1').toString('utf8') }
}

/** Whether an option's data has a shape that its code allows. Codes that are not known may hold anything. */
export function isWellFormed({ code, data }: Option): boolean {
  const { length } = data
  switch (code) {
    // RFC 8764 §3.2: version, opcode, error, id and lifetime.
    case 1:
      return length >= 18
    // RFC 9664 §4: lifetimes of leases.
    case 2:
      return length === 4 || length === 8
    case OPTION.CLIENT_SUBNET:
      return isSubnet(data)
    // RFC 7314 §3.2.
    case OPTION.EXPIRE:
      return length === 0 || length >= 4
    // RFC 7828 §3.1.
    case OPTION.TCP_KEEPALIVE:
      return length === 0 || length === 2
    // RFC 8914 §2.
    case OPTION.EXTENDED_ERROR:
      return length >= 2
    default:
      return true
  }
}

/** RFC 7871 §6: family, two prefix lengths that fit it, and the address. */
function isSubnet(data: Octets): boolean {
  if (data.length < 4) return false
  const family = (data.charCodeAt(0) << 8) | data.charCodeAt(1)
  const [source, scope] = [data.charCodeAt(2), data.charCodeAt(3)]
  if (family === 0) return source === 0
  const bits = family === 1 ? 32 : family === 2 ? 128 : -1
  return source <= bits && scope <= bits
}
