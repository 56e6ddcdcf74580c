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
