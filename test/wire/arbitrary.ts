import { TYPE } from '../../src/wire/codes.ts'
import { type Name, nameOfLabels, ROOT } from '../../src/wire/name.ts'
import { type Octets, type Rr, rdata, soaRdata, srvRdata, u16 } from '../../src/wire/record.ts'
import fc from '../fast-check.ts'

/** Labels of any octets, short ones more often, so that names share suffixes. */
const label = fc.oneof(
  fc.constantFrom('a', 'B', 'svc', 'cluster', 'local', 'Local', 'x-1', '_http'),
  fc
    .uint8Array({ minLength: 1, maxLength: 63 })
    .map((octets) => Buffer.from(octets).toString('latin1')),
)

/** Names within the bounds of RFC 1035. */
export const anyName: fc.Arbitrary<Name> = fc
  .array(label, { maxLength: 8 })
  .map((labels) => nameOfLabels(labels) ?? ROOT)

/** Names that dns-packet can say: printable labels without a dot. */
export const plainName: fc.Arbitrary<Name> = fc
  .array(fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/), { minLength: 1, maxLength: 6 })
  .map((labels) => nameOfLabels(labels) ?? ROOT)

const octets = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes).toString('latin1') as Octets)

/** Records of the types whose RDATA holds names in every way there is, and of one that does not. */
export function anyRecord(names: fc.Arbitrary<Name>): fc.Arbitrary<Rr> {
  const body = fc.oneof(
    octets(4).map((data) => ({ type: TYPE.A as number, rdata: data })),
    octets(16).map((data) => ({ type: TYPE.AAAA as number, rdata: data })),
    names.map((name) => ({ type: TYPE.CNAME as number, rdata: rdata(name) })),
    names.map((name) => ({ type: TYPE.PTR as number, rdata: rdata(name) })),
    fc
      .tuple(fc.nat(65535), names)
      .map(([n, name]) => ({ type: TYPE.MX as number, rdata: rdata(u16(n), name) })),
    fc.tuple(fc.nat(65535), fc.nat(65535), names).map(([weight, port, name]) => ({
      type: TYPE.SRV as number,
      rdata: srvRdata(0, weight, port, name),
    })),
    fc.tuple(names, names, fc.nat(0xffffffff)).map(([mname, rname, serial]) => ({
      type: TYPE.SOA as number,
      rdata: soaRdata({
        mname,
        rname,
        serial,
        refresh: 7200,
        retry: 1800,
        expire: 86400,
        minimum: 5,
      }),
    })),
  )
  return fc
    .tuple(names, fc.nat(0x7fffffff), body)
    .map(([owner, ttl, rest]) => ({ owner, class: 1, ttl, ...rest }))
}
