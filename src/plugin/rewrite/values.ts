import { TYPE } from '../../wire/codes.ts'
import { type Name, nameFromText, nameToText } from '../../wire/name.ts'
import { endOfName, type Octets, type Rr, rdataLayout } from '../../wire/record.ts'
import type { ResponseRule } from './rule.ts'

/** Changes a name as text; what it does not concern comes back as it is. */
export type StringRewrite = (text: string) => string

/** Changes the owners of a reply's records. */
export function ownerRule(rewrite: StringRewrite): ResponseRule {
  return {
    record: (rr) => {
      const owner = rewritten(rr.owner, rewrite)
      return owner === rr.owner ? rr : { ...rr, owner }
    },
  }
}

/** Changes the names that a reply's records point to: of an SOA the name server, of a NAPTR the replacement. */
export function valueRule(rewrite: StringRewrite): ResponseRule {
  return { record: (rr) => withValue(rr, rewrite) }
}

const POINTING: ReadonlySet<number> = new Set([
  TYPE.SRV,
  TYPE.MX,
  TYPE.CNAME,
  TYPE.NS,
  TYPE.DNAME,
  TYPE.NAPTR,
  TYPE.SOA,
  TYPE.PTR,
])

function withValue(rr: Rr, rewrite: StringRewrite): Rr {
  if (!POINTING.has(rr.type) || rr.rdata === '') return rr
  const from = nameOffset(rr)
  const end = endOfName(rr.rdata, from)
  const before = rr.rdata.slice(from, end) as Name
  const after = rewritten(before, rewrite)
  if (after === before) return rr
  return { ...rr, rdata: (rr.rdata.slice(0, from) + after + rr.rdata.slice(end)) as Octets }
}

/** Where the first name of the RDATA begins. */
function nameOffset({ type, rdata }: Rr): number {
  let at = 0
  for (const part of rdataLayout(type) ?? []) {
    if (part === 'compressible' || part === 'name') return at
    at += part === 'string' ? rdata.charCodeAt(at) + 1 : part
  }
  return at
}

/** What becomes no name stays what it was. */
function rewritten(name: Name, rewrite: StringRewrite): Name {
  const before = nameToText(name)
  const after = rewrite(before)
  return after === before ? name : (nameFromText(after) ?? name)
}
