import { TYPE } from '../codes.ts'
import { addressPrefixes } from './address-prefixes.ts'
import { bitmap } from './bitmap.ts'
import {
  base64,
  domain,
  type Field,
  grouped,
  hash,
  hex,
  ipv4,
  ipv6,
  number,
  salt,
  seconds,
  string,
  strings,
  text,
  time,
  twoStrings,
  type,
  u8Field as u8,
  u16Field as u16,
  u32Field as u32,
} from './fields.ts'
import { amtRelay, ipsecKey } from './gateway.ts'
import { hostIdentity } from './host-identity.ts'
import { location } from './location.ts'
import { serviceParameters } from './service-binding.ts'

/** The fields of a type's RDATA in the order of text and octets, each with the word that errors call it by: `bad MX Pref`. */
export type Layout = readonly (readonly [label: string, field: Field])[]

/** Mnemonics of DNSSEC algorithms (IANA), accepted for numbers. */
const ALGORITHMS = {
  RSAMD5: 1,
  DH: 2,
  DSA: 3,
  RSASHA1: 5,
  'DSA-NSEC3-SHA1': 6,
  'RSASHA1-NSEC3-SHA1': 7,
  RSASHA256: 8,
  RSASHA512: 10,
  'ECC-GOST': 12,
  ECDSAP256SHA256: 13,
  ECDSAP384SHA384: 14,
  ED25519: 15,
  ED448: 16,
  INDIRECT: 252,
  PRIVATEDNS: 253,
  PRIVATEOID: 254,
}

/** Mnemonics of certificate types (RFC 4398 §2.1). */
const CERTIFICATES = {
  PKIX: 1,
  SPKI: 2,
  PGP: 3,
  IPKIX: 4,
  ISPKI: 5,
  IPGP: 6,
  ACPKIX: 7,
  IACPKIX: 8,
  URI: 253,
  OID: 254,
}

const algorithm = number(1, ALGORITHMS)
const preference = (label: string, target: string): Layout => [
  [label, u16],
  [target, domain],
]
const one = (label: string, field: Field): Layout => [[label, field]]
const KEY: Layout = [
  ['Flags', u16],
  ['Protocol', u8],
  ['Algorithm', u8],
  ['PublicKey', base64],
]
const DIGEST: Layout = [
  ['KeyTag', u16],
  ['Algorithm', algorithm],
  ['DigestType', u8],
  ['Digest', hex],
]
const ASSOCIATION: Layout = [
  ['Usage', u8],
  ['Selector', u8],
  ['MatchingType', u8],
  ['Certificate', hex],
]
const SIGNATURE: Layout = [
  ['Typecovered', type],
  ['Algorithm', algorithm],
  ['Labels', u8],
  ['OrigTtl', u32],
  ['Expiration', time],
  ['Inception', time],
  ['KeyTag', u16],
  ['SignerName', domain],
  ['Signature', base64],
]
const NEXT: Layout = [
  ['NextDomain', domain],
  ['TypeBitMap', bitmap],
]
const SERVICE: Layout = [
  ['priority', u16],
  ['Target', domain],
  ['value', serviceParameters],
]
const NODE = grouped(4, 4, ':')

/** What types are written as; a type that is not here has the generic form only (RFC 3597 §5). */
export const LAYOUTS: ReadonlyMap<number, Layout> = new Map([
  [TYPE.A, one('A', ipv4)],
  [TYPE.NS, one('Ns', domain)],
  [TYPE.MD, one('Md', domain)],
  [TYPE.MF, one('Mf', domain)],
  [TYPE.CNAME, one('Target', domain)],
  [
    TYPE.SOA,
    [
      ['Ns', domain],
      ['Mbox', domain],
      ['zone parameter', u32],
      ['zone parameter', seconds],
      ['zone parameter', seconds],
      ['zone parameter', seconds],
      ['zone parameter', seconds],
    ],
  ],
  [TYPE.MB, one('Mb', domain)],
  [TYPE.MG, one('Mg', domain)],
  [TYPE.MR, one('Mr', domain)],
  [TYPE.PTR, one('Ptr', domain)],
  [TYPE.HINFO, one('Fields', twoStrings)],
  [
    TYPE.MINFO,
    [
      ['Rmail', domain],
      ['Email', domain],
    ],
  ],
  [TYPE.MX, preference('Pref', 'Mx')],
  [TYPE.TXT, one('Txt', strings)],
  [
    TYPE.RP,
    [
      ['Mbox', domain],
      ['Txt', domain],
    ],
  ],
  [TYPE.AFSDB, preference('Subtype', 'Hostname')],
  [TYPE.X25, one('PSDNAddress', string(true))],
  [TYPE.ISDN, one('Fields', twoStrings)],
  [TYPE.RT, preference('Preference', 'Host')],
  [TYPE['NSAP-PTR'], one('Ptr', domain)],
  [TYPE.SIG, SIGNATURE],
  [TYPE.KEY, KEY],
  [
    TYPE.PX,
    [
      ['Preference', u16],
      ['Map822', domain],
      ['Mapx400', domain],
    ],
  ],
  [
    TYPE.GPOS,
    [
      ['Longitude', string(true)],
      ['Latitude', string(true)],
      ['Altitude', string(true)],
    ],
  ],
  [TYPE.AAAA, one('AAAA', ipv6)],
  [TYPE.LOC, one('Latitude', location)],
  [TYPE.NXT, NEXT],
  [TYPE.EID, one('Endpoint', hex)],
  [TYPE.NIMLOC, one('Locator', hex)],
  [
    TYPE.SRV,
    [
      ['Priority', u16],
      ['Weight', u16],
      ['Port', u16],
      ['Target', domain],
    ],
  ],
  [
    TYPE.NAPTR,
    [
      ['Order', u16],
      ['Preference', u16],
      ['Flags', string(false, true)],
      ['Service', string(false, true)],
      ['Regexp', string(false, true)],
      ['Replacement', domain],
    ],
  ],
  [TYPE.KX, preference('Pref', 'Exchanger')],
  [
    TYPE.CERT,
    [
      ['Type', number(2, CERTIFICATES, true)],
      ['KeyTag', u16],
      ['Algorithm', number(1, ALGORITHMS, true)],
      ['Certificate', base64],
    ],
  ],
  [TYPE.DNAME, one('Target', domain)],
  [TYPE.APL, one('field', addressPrefixes)],
  [TYPE.DS, DIGEST],
  [
    TYPE.SSHFP,
    [
      ['Algorithm', u8],
      ['Type', u8],
      ['Fingerprint', hex],
    ],
  ],
  [TYPE.IPSECKEY, one('value', ipsecKey)],
  [TYPE.RRSIG, SIGNATURE],
  [TYPE.NSEC, NEXT],
  [TYPE.DNSKEY, KEY],
  [TYPE.DHCID, one('Digest', base64)],
  [
    TYPE.NSEC3,
    [
      ['Hash', u8],
      ['Flags', u8],
      ['Iterations', u16],
      ['Salt', salt],
      ['NextDomain', hash],
      ['TypeBitMap', bitmap],
    ],
  ],
  [
    TYPE.NSEC3PARAM,
    [
      ['Hash', u8],
      ['Flags', u8],
      ['Iterations', u16],
      ['Salt', salt],
    ],
  ],
  [TYPE.TLSA, ASSOCIATION],
  [TYPE.SMIMEA, ASSOCIATION],
  [TYPE.HIP, one('PublicKeyAlgorithm', hostIdentity)],
  [TYPE.NINFO, one('ZSData', strings)],
  [TYPE.RKEY, KEY],
  [
    TYPE.TALINK,
    [
      ['PreviousName', domain],
      ['NextName', domain],
    ],
  ],
  [TYPE.CDS, DIGEST],
  [TYPE.CDNSKEY, KEY],
  [TYPE.OPENPGPKEY, one('PublicKey', base64)],
  [
    TYPE.CSYNC,
    [
      ['serial', u32],
      ['flags', u16],
      ['TypeBitMap', bitmap],
    ],
  ],
  [
    TYPE.ZONEMD,
    [
      ['Serial', u32],
      ['Scheme', u8],
      ['Hash Algorithm', u8],
      ['Digest', hex],
    ],
  ],
  [TYPE.SVCB, SERVICE],
  [TYPE.HTTPS, SERVICE],
  [TYPE.SPF, one('Txt', strings)],
  [TYPE.UINFO, one('Uinfo', string())],
  [TYPE.UID, one('Uid', u32)],
  [TYPE.GID, one('Gid', u32)],
  [
    TYPE.NID,
    [
      ['Preference', u16],
      ['NodeID', NODE],
    ],
  ],
  [
    TYPE.L32,
    [
      ['Preference', u16],
      ['Locator', ipv4],
    ],
  ],
  [
    TYPE.L64,
    [
      ['Preference', u16],
      ['Locator64', NODE],
    ],
  ],
  [TYPE.LP, preference('Preference', 'Fqdn')],
  [TYPE.EUI48, one('Address', grouped(6, 2, '-'))],
  [TYPE.EUI64, one('Address', grouped(8, 2, '-'))],
  [
    TYPE.URI,
    [
      ['Priority', u16],
      ['Weight', u16],
      ['Target', text],
    ],
  ],
  [
    TYPE.CAA,
    [
      ['Flag', u8],
      ['Tag', string(true)],
      ['Value', text],
    ],
  ],
  [TYPE.AVC, one('Txt', strings)],
  [TYPE.AMTRELAY, one('value', amtRelay)],
  [TYPE.RESINFO, one('Resinfo', strings)],
  [TYPE.TA, DIGEST],
  [TYPE.DLV, DIGEST],
] as [number, Layout][])
