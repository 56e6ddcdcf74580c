import { TYPE } from './codes.ts'
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS } from './name.ts'
import { type RdataPart, rdataLayout, readU16 } from './record.ts'

/** What may follow the parts of a type's RDATA that `rdataLayout` names. */
type Field =
  /** so many octets */
  | number
  /** a length octet and as many octets */
  | 'string'
  /** such strings to the end */
  | 'strings'
  /** sixteen bits of length and as many octets */
  | 'counted'
  /** blocks of types that exist (RFC 4034 §4.1.2) to the end */
  | 'bitmap'
  /** keys and values (RFC 9460 §2.2) to the end */
  | 'parameters'
  /** address prefixes (RFC 3123 §4) to the end */
  | 'prefixes'
  /** whatever it is */
  | 'rest'

const NOTHING: readonly Field[] = []
const TEXTS: readonly Field[] = ['strings']
const KEY: readonly Field[] = [2, 1, 1, 'rest']
const DIGEST: readonly Field[] = [2, 1, 1, 'rest']

/** Types that are not here may end as they like. */
const TAILS = new Map<number, readonly Field[]>([
  [TYPE.NS, NOTHING],
  [TYPE.MD, NOTHING],
  [TYPE.MF, NOTHING],
  [TYPE.CNAME, NOTHING],
  [TYPE.SOA, [4, 4, 4, 4, 4]],
  [TYPE.MB, NOTHING],
  [TYPE.MG, NOTHING],
  [TYPE.MR, NOTHING],
  [TYPE.PTR, NOTHING],
  [TYPE.HINFO, ['string', 'string']],
  [TYPE.MINFO, NOTHING],
  [TYPE.MX, NOTHING],
  [TYPE.TXT, TEXTS],
  [TYPE.RP, NOTHING],
  [TYPE.AFSDB, NOTHING],
  [TYPE.X25, ['string']],
  [TYPE.ISDN, ['string', 'string']],
  [TYPE.RT, NOTHING],
  [TYPE['NSAP-PTR'], NOTHING],
  [TYPE.KEY, KEY],
  [TYPE.PX, NOTHING],
  [TYPE.GPOS, ['string', 'string', 'string']],
  [TYPE.LOC, [1, 1, 1, 1, 4, 4, 4]],
  [TYPE.SRV, NOTHING],
  [TYPE.NAPTR, NOTHING],
  [TYPE.KX, NOTHING],
  [TYPE.CERT, [2, 2, 1, 'rest']],
  [TYPE.DNAME, NOTHING],
  [TYPE.APL, ['prefixes']],
  [TYPE.DS, DIGEST],
  [TYPE.NSEC, ['bitmap']],
  [TYPE.DNSKEY, KEY],
  [TYPE.NSEC3, [1, 1, 2, 'string', 'string', 'bitmap']],
  [TYPE.NSEC3PARAM, [1, 1, 2, 'string']],
  [TYPE.NINFO, TEXTS],
  [TYPE.RKEY, KEY],
  [TYPE.TALINK, NOTHING],
  [TYPE.CDS, DIGEST],
  [TYPE.CDNSKEY, KEY],
  [TYPE.CSYNC, [4, 2, 'bitmap']],
  [TYPE.ZONEMD, [4, 1, 1, 'rest']],
  [TYPE.SVCB, ['parameters']],
  [TYPE.HTTPS, ['parameters']],
  [TYPE.SPF, TEXTS],
  [TYPE.UINFO, ['string']],
  [TYPE.UID, [4]],
  [TYPE.GID, [4]],
  [TYPE.NID, [2, 8]],
  [TYPE.L32, [2, 4]],
  [TYPE.L64, [2, 8]],
  [TYPE.LP, NOTHING],
  [TYPE.EUI48, [6]],
  [TYPE.EUI64, [8]],
  [TYPE.TKEY, [4, 4, 2, 2, 'counted', 'counted']],
  [TYPE.TSIG, [6, 2, 'counted', 2, 2, 'counted']],
  [TYPE.URI, [2, 2, 'rest']],
  [TYPE.CAA, [1, 'string', 'rest']],
  [TYPE.AVC, TEXTS],
  [TYPE.RESINFO, TEXTS],
  [TYPE.TA, DIGEST],
  [TYPE.DLV, DIGEST],
])

/** Whether octets, with their names uncompressed, can be the RDATA of a type. None at all can be that of any (RFC 2136 §2.4). */
export function rdataFits(type: number, rdata: string): boolean {
  if (rdata === '') return true
  if (type === TYPE.A) return rdata.length === 4
  if (type === TYPE.AAAA) return rdata.length === 16
  let at = 0
  for (const part of rdataLayout(type) ?? []) {
    if (at >= rdata.length) return false
    at = endOfPart(part, rdata, at)
  }
  return at <= rdata.length && tailFits(type, rdata.slice(at))
}

function endOfPart(part: RdataPart, rdata: string, at: number): number {
  if (part !== 'compressible' && part !== 'name') return endOf(part, rdata, at)
  let end = at
  while (rdata.charCodeAt(end) > 0) {
    if (rdata.charCodeAt(end) > MAX_LABEL_OCTETS) return BROKEN
    end += rdata.charCodeAt(end) + 1
  }
  return end < rdata.length && end - at < MAX_NAME_OCTETS ? end + 1 : BROKEN
}

/**
 * Whether octets can follow the parts of a type's RDATA that `rdataLayout` names: no field breaks off and nothing comes behind the last. Whole fields may be missing at the end,
 * though not right behind a counted one, as in the reference server.
 */
export function tailFits(type: number, tail: string): boolean {
  const fields = TAILS.get(type)
  if (fields === undefined) return true
  let at = 0
  let before: Field = 0
  for (const field of fields) {
    if (at === tail.length) return before !== 'counted'
    at = endOf(field, tail, at)
    before = field
  }
  return at === tail.length
}

/** The offset behind the field; beyond the end of the tail when it breaks off or is malformed. */
function endOf(field: Field, tail: string, at: number): number {
  switch (field) {
    case 'rest':
      return Math.max(at, tail.length)
    case 'string':
      return at + 1 + tail.charCodeAt(at)
    case 'counted':
      return at + 2 > tail.length ? BROKEN : at + 2 + readU16(tail, at)
    case 'strings':
      return toTheEnd(tail, at, (from) => from + 1 + tail.charCodeAt(from))
    case 'bitmap':
      return bitmapEnd(tail, at)
    case 'parameters':
      return parametersEnd(tail, at)
    case 'prefixes':
      return toTheEnd(tail, at, (from) => prefixEnd(tail, from))
    default:
      return at + field
  }
}

const BROKEN = Number.POSITIVE_INFINITY

function toTheEnd(tail: string, at: number, next: (from: number) => number): number {
  while (at < tail.length) at = next(at)
  return at
}

const MAX_BLOCK_OCTETS = 32

function bitmapEnd(tail: string, at: number): number {
  let last = -1
  return toTheEnd(tail, at, (from) => {
    if (from + 2 > tail.length) return BROKEN
    const [window, octets] = [tail.charCodeAt(from), tail.charCodeAt(from + 1)]
    if (window <= last || octets === 0 || octets > MAX_BLOCK_OCTETS) return BROKEN
    last = window
    return from + 2 + octets
  })
}

function parametersEnd(tail: string, at: number): number {
  let last = -1
  return toTheEnd(tail, at, (from) => {
    if (from + 4 > tail.length) return BROKEN
    const key = readU16(tail, from)
    if (key <= last) return BROKEN
    last = key
    return from + 4 + readU16(tail, from + 2)
  })
}

/** Octets of an address, by the number of its family. */
const ADDRESS_OCTETS = [0, 4, 16]

function prefixEnd(tail: string, from: number): number {
  if (from + 4 > tail.length) return BROKEN
  const whole = ADDRESS_OCTETS[readU16(tail, from)] ?? 0
  const octets = tail.charCodeAt(from + 3) & 0x7f
  if (tail.charCodeAt(from + 2) > 8 * whole || octets > whole || whole === 0) return BROKEN
  const end = from + 4 + octets
  return octets > 0 && tail.charCodeAt(end - 1) === 0 ? BROKEN : end
}
