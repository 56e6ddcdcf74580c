import { TYPE } from './codes.ts'
import type { Name } from './name.ts'

/** Octets, one a character of the string. */
export type Octets = string & { readonly [octetString]: true }
declare const octetString: unique symbol

/**
 * A resource record (RFC 1035 §3.2.1). RDATA is in wire form with its domain names uncompressed, so that records compare, cache and copy as
 * values; the writer compresses the names again.
 */
export interface Rr {
  readonly owner: Name
  readonly type: number
  readonly class: number
  /** Seconds. */
  readonly ttl: number
  readonly rdata: Octets
  /** True for a record that was kept: its TTL counts down. */
  readonly ages?: true
}

/** What a type's RDATA is made of, from its start; what follows the last part is opaque octets. */
export type RdataPart =
  /** so many octets */
  | number
  /** a domain name that may be compressed (RFC 1035 types only, RFC 3597 §4) */
  | 'compressible'
  /** a domain name that is written in full (RFC 2782, RFC 3597 §4), though others may point to it */
  | 'name'
  /** a character-string: a length octet and as many octets */
  | 'string'

const LAYOUTS = new Map<number, readonly RdataPart[]>([
  [TYPE.NS, ['compressible']],
  [TYPE.MD, ['compressible']],
  [TYPE.MF, ['compressible']],
  [TYPE.CNAME, ['compressible']],
  [TYPE.SOA, ['compressible', 'compressible']],
  [TYPE.MB, ['compressible']],
  [TYPE.MG, ['compressible']],
  [TYPE.MR, ['compressible']],
  [TYPE.PTR, ['compressible']],
  [TYPE.MINFO, ['compressible', 'compressible']],
  [TYPE.MX, [2, 'compressible']],
  [TYPE.RP, ['name', 'name']],
  [TYPE.AFSDB, [2, 'name']],
  [TYPE.RT, [2, 'name']],
  [TYPE['NSAP-PTR'], ['name']],
  [TYPE.SIG, [18, 'name']],
  [TYPE.PX, [2, 'name', 'name']],
  [TYPE.NXT, ['name']],
  [TYPE.SRV, [6, 'name']],
  [TYPE.NAPTR, [4, 'string', 'string', 'string', 'name']],
  [TYPE.KX, [2, 'name']],
  [TYPE.DNAME, ['name']],
  [TYPE.RRSIG, [18, 'name']],
  [TYPE.NSEC, ['name']],
  [TYPE.TALINK, ['name', 'name']],
  [TYPE.SVCB, [2, 'name']],
  [TYPE.HTTPS, [2, 'name']],
  [TYPE.LP, [2, 'name']],
  [TYPE.TKEY, ['name']],
  [TYPE.TSIG, ['name']],
])

/** Where the domain names of a type's RDATA are; undefined for types without any. */
export function rdataLayout(type: number): readonly RdataPart[] | undefined {
  return LAYOUTS.get(type)
}

/** Sixteen bits as two octets. */
export const u16 = (value: number): Octets =>
  String.fromCharCode((value >> 8) & 0xff, value & 0xff) as Octets

/** Thirty-two bits as four octets. */
export const u32 = (value: number): Octets =>
  String.fromCharCode(
    (value >>> 24) & 0xff,
    (value >>> 16) & 0xff,
    (value >>> 8) & 0xff,
    value & 0xff,
  ) as Octets

/** Reads sixteen bits. */
export const readU16 = (octets: string, at: number): number =>
  (octets.charCodeAt(at) << 8) | octets.charCodeAt(at + 1)

/** Reads thirty-two bits, unsigned. */
export const readU32 = (octets: string, at: number): number =>
  readU16(octets, at) * 0x10000 + readU16(octets, at + 2)

/** Joins pieces of RDATA: numbers made by {@link u16} and {@link u32}, names, strings of octets. */
export const rdata = (...pieces: readonly string[]): Octets => pieces.join('') as Octets

/** RDATA of an SOA (RFC 1035 §3.3.13); the times in seconds. */
export function soaRdata(soa: Soa): Octets {
  return rdata(
    soa.mname,
    soa.rname,
    u32(soa.serial),
    u32(soa.refresh),
    u32(soa.retry),
    u32(soa.expire),
    u32(soa.minimum),
  )
}

export interface Soa {
  readonly mname: Name
  readonly rname: Name
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  readonly minimum: number
}

/** The fields of an SOA's RDATA. */
export function readSoa(octets: Octets): Soa {
  const mnameEnd = endOfName(octets, 0)
  const rnameEnd = endOfName(octets, mnameEnd)
  const number = (index: number) => readU32(octets, rnameEnd + 4 * index)
  return {
    mname: octets.slice(0, mnameEnd) as Name,
    rname: octets.slice(mnameEnd, rnameEnd) as Name,
    serial: number(0),
    refresh: number(1),
    retry: number(2),
    expire: number(3),
    minimum: number(4),
  }
}

/** RDATA of an SRV (RFC 2782). */
export const srvRdata = (priority: number, weight: number, port: number, target: Name): Octets =>
  rdata(u16(priority), u16(weight), u16(port), target)

/** RDATA of a TXT: each text one character-string of at most 255 octets (RFC 1035 §3.3.14). */
export function txtRdata(...texts: readonly string[]): Octets {
  return texts.map((text) => String.fromCharCode(text.length) + text).join('') as Octets
}

/** Offset just behind the uncompressed name that begins here. */
export function endOfName(octets: string, at: number): number {
  while (octets.charCodeAt(at) !== 0) at += octets.charCodeAt(at) + 1
  return at + 1
}
