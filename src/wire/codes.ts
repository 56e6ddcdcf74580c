/** Numbers of the protocol and their mnemonics (IANA DNS parameters). */

export const TYPE = {
  NONE: 0,
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  X25: 19,
  ISDN: 20,
  RT: 21,
  'NSAP-PTR': 23,
  SIG: 24,
  KEY: 25,
  PX: 26,
  GPOS: 27,
  AAAA: 28,
  LOC: 29,
  NXT: 30,
  EID: 31,
  NIMLOC: 32,
  SRV: 33,
  ATMA: 34,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  NINFO: 56,
  RKEY: 57,
  TALINK: 58,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  UINFO: 100,
  UID: 101,
  GID: 102,
  UNSPEC: 103,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  NXNAME: 128,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
  URI: 256,
  CAA: 257,
  AVC: 258,
  AMTRELAY: 260,
  RESINFO: 261,
  TA: 32768,
  DLV: 32769,
} as const

export const CLASS = { IN: 1, CS: 2, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const

export const OPCODE = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const

export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  DSOTYPENI: 11,
  BADVERS: 16,
  BADKEY: 17,
  BADTIME: 18,
  BADMODE: 19,
  BADNAME: 20,
  BADALG: 21,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const

/** Extended DNS Error info codes (RFC 8914 §4). */
export const EDE = {
  OTHER: 0,
  STALE_ANSWER: 3,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  CENSORED: 16,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
} as const

/** EDNS option codes (IANA DNS EDNS0 Option Codes). */
export const OPTION = {
  NSID: 3,
  CLIENT_SUBNET: 8,
  EXPIRE: 9,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  EXTENDED_ERROR: 15,
} as const

function inverse(table: Readonly<Record<string, number>>): Map<number, string> {
  return new Map(Object.entries(table).map(([word, number]) => [number, word]))
}

const typeWords = inverse(TYPE)
const classWords = inverse(CLASS)
/** 16 goes by the name that TSIG has for it (RFC 8945 §3), which came first. */
const rcodeWords = inverse(RCODE).set(RCODE.BADVERS, 'BADSIG')
const types = new Map<string, number>(Object.entries(TYPE))
const classes = new Map<string, number>(Object.entries(CLASS))
const rcodes = new Map([...rcodeWords].map(([number, word]) => [word, number])).set(
  'NOTIMPL',
  RCODE.NOTIMP,
)

/** `A`, `TYPE65400` (RFC 3597 §5). */
export const typeToText = (type: number): string => typeWords.get(type) ?? `TYPE${type}`
/** `IN`, `CLASS42` (RFC 3597 §5). */
export const classToText = (class_: number): string => classWords.get(class_) ?? `CLASS${class_}`
/** The same, where `ANY` could be taken for the type: `CLASS255`. */
export const classBesideType = (class_: number): string =>
  class_ === CLASS.ANY ? `CLASS${class_}` : classToText(class_)
/** `NXDOMAIN`, `RCODE12`. */
export const rcodeToText = (rcode: number): string => rcodeWords.get(rcode) ?? `RCODE${rcode}`

/** The number of a type mnemonic in upper case or `TYPEnnn`; undefined when unknown. */
export const typeFromText = (word: string): number | undefined =>
  types.get(word) ?? generic(word, /^TYPE(\d{1,5})$/)
/** The number of a class mnemonic in upper case or `CLASSnnn`; undefined when unknown. */
export const classFromText = (word: string): number | undefined =>
  classes.get(word) ?? generic(word, /^CLASS(\d{1,5})$/)
/** The number of an rcode mnemonic in upper case; undefined when unknown. */
export const rcodeFromText = (word: string): number | undefined => rcodes.get(word)

function generic(word: string, shape: RegExp): number | undefined {
  const number = Number(shape.exec(word)?.[1] ?? Number.NaN)
  return number <= 0xffff ? number : undefined
}
