/** What a response says that RFC 8906 §8 looks at. */
export interface Seen {
  readonly status: string
  readonly opcode: string
  /** Header flags, in alphabetical order. */
  readonly flags: string
  /** Whether the answer section has the SOA record. */
  readonly soa: boolean
  /** Records in all sections but for OPT. */
  readonly empty: boolean
  /** Version of EDNS in the OPT record; undefined without one. */
  readonly edns: number | undefined
  /** Whether DO is set. */
  readonly dnssecOk: boolean
  /** Flags of OPT that must be zero, or the option that nobody knows, came back. */
  readonly echoes: boolean
}

/** A probe: the options of dig, and what is expected of the response. */
export interface Probe {
  readonly section: string
  readonly options: string
  /** Asked for instead of the SOA record. */
  readonly type?: string
  readonly expected: Partial<Seen>
}

const FOUND = { status: 'NOERROR', opcode: 'QUERY', soa: true, flags: 'aa qr' } as const
const PLAIN = { ...FOUND, edns: undefined }
const EDNS = { ...FOUND, edns: 0, echoes: false }
const BADVERS = { status: 'BADVERS', soa: false, edns: 0, flags: 'qr', echoes: false } as const

/** The probes of RFC 8906 §8.1 and §8.2, in its order. */
export const PROBES: readonly Probe[] = [
  { section: '8.1.1 the zone', options: '+noedns +noad +norec', expected: PLAIN },
  {
    section: '8.1.2 an unknown type',
    options: '+noedns +noad +norec',
    type: 'TYPE1000',
    expected: { ...PLAIN, soa: false },
  },
  {
    section: '8.1.3.1 CD',
    options: '+noedns +noad +norec +cd',
    expected: { ...PLAIN, flags: 'aa cd qr' },
  },
  { section: '8.1.3.1 AD', options: '+noedns +norec +ad', expected: PLAIN },
  { section: '8.1.3.1 Z', options: '+noedns +noad +norec +zflag', expected: PLAIN },
  {
    section: '8.1.3.2 RD',
    options: '+noedns +noad +rec',
    expected: { ...PLAIN, flags: 'aa qr rd' },
  },
  {
    section: '8.1.4 an unknown opcode',
    options: '+noedns +noad +opcode=15 +norec +header-only',
    expected: {
      status: 'NOTIMP',
      opcode: 'RESERVED15',
      flags: 'qr',
      empty: true,
      edns: undefined,
    },
  },
  { section: '8.1.5 TCP', options: '+noedns +noad +norec +tcp', expected: PLAIN },
  { section: '8.2.1 EDNS', options: '+nocookie +edns=0 +noad +norec', expected: EDNS },
  {
    section: '8.2.2 an unknown version',
    options: '+nocookie +edns=1 +noednsneg +noad +norec',
    expected: BADVERS,
  },
  {
    section: '8.2.3 an unknown option',
    options: '+nocookie +edns=0 +noad +norec +ednsopt=100',
    expected: EDNS,
  },
  {
    section: '8.2.4 unknown flags',
    options: '+nocookie +edns=0 +noad +norec +ednsflags=0x40',
    expected: EDNS,
  },
  {
    section: '8.2.5 an unknown version with unknown flags',
    options: '+nocookie +edns=1 +noednsneg +noad +norec +ednsflags=0x40',
    expected: BADVERS,
  },
  {
    section: '8.2.6 an unknown version with an unknown option',
    options: '+nocookie +edns=1 +noednsneg +noad +norec +ednsopt=100',
    expected: BADVERS,
  },
  {
    section: '8.2.7 a response that may be truncated',
    options: '+norec +noad +dnssec +bufsize=512 +ignore +nocookie',
    type: 'DNSKEY',
    expected: { status: 'NOERROR', edns: 0 },
  },
  {
    section: '8.2.8 DO',
    options: '+nocookie +edns=0 +noad +norec +dnssec',
    expected: { ...EDNS, dnssecOk: true },
  },
  {
    section: '8.2.9 an unknown version with DO',
    options: '+nocookie +edns=1 +noednsneg +noad +norec +dnssec',
    expected: BADVERS,
  },
  {
    section: '8.2.10 several known options',
    options: '+edns=0 +noad +norec +cookie +nsid +expire +subnet=0.0.0.0/0',
    expected: EDNS,
  },
]

/** Reads what dig printed; undefined where it got no response. */
export function seen(output: string): Seen | undefined {
  const header = /opcode: (\w+), status: (\w+)/.exec(output)
  const flags = /^;; flags: ([a-z ]*);(.*)$/m.exec(output)
  if (header === null || flags === null) return undefined
  const edns = /^; EDNS: version: (\d+), flags:(.*); udp/m.exec(output)
  const counts = /ANSWER: (\d+), AUTHORITY: (\d+), ADDITIONAL: (\d+)/.exec(flags[2] ?? '')
  const records = (counts ?? []).slice(1).reduce((sum, count) => sum + Number(count), 0)
  const answer = /;; ANSWER SECTION:\n((?:[^\n;].*\n)*)/.exec(output)?.[1] ?? ''
  return {
    opcode: header[1] as string,
    status: header[2] as string,
    flags: (flags[1] as string).trim().split(' ').sort().join(' '),
    soa: /\sSOA\s/.test(answer),
    empty: records === (edns === null ? 0 : 1),
    edns: edns === null ? undefined : Number(edns[1]),
    dnssecOk: / do\b/.test(edns?.[2] ?? ''),
    echoes: /MBZ/.test(`${edns?.[2]}${flags[2]}`) || /^; OPT=100\b/m.test(output),
  }
}
