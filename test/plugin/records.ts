import ipaddr from 'ipaddr.js'
import type { Reply } from '../../src/plugin/reply.ts'
import {
  CLASS,
  classToText,
  rcodeToText,
  TYPE,
  typeFromText,
  typeToText,
} from '../../src/wire/codes.ts'
import type { Opt } from '../../src/wire/edns.ts'
import { FLAG } from '../../src/wire/header.ts'
import { type Name, name, nameToText } from '../../src/wire/name.ts'
import {
  endOfName,
  type Octets,
  type Rr,
  rdata,
  readSoa,
  readU16,
  soaRdata,
  srvRdata,
  txtRdata,
  u16,
} from '../../src/wire/record.ts'

/** A record from zone-file text with all its fields, `a.test. 60 IN A 192.0.2.1`: the types that tests need, and `\# N HEX` for others. */
export function rr(text: string): Rr {
  const [owner = '', ttl = '', class_ = '', type = '', ...fields] = split(text)
  const number = typeFromText(type)
  if (number === undefined || class_ !== 'IN') throw new TypeError(`not a record: ${text}`)
  return {
    owner: name(owner),
    type: number,
    class: CLASS.IN,
    ttl: Number(ttl),
    rdata: rdataOf(number, fields),
  }
}

const split = (text: string): string[] =>
  (text.match(/"(?:[^"\\]|\\.)*"|\S+/g) ?? []).map((word) => word.replace(/^"(.*)"$/, '$1'))

function rdataOf(type: number, fields: readonly string[]): Octets {
  const [first = '', second = '', third = '', fourth = ''] = fields
  if (first === '\\#')
    return Buffer.from(fields.slice(2).join(''), 'hex').toString('latin1') as Octets
  if (type === TYPE.A || type === TYPE.AAAA) return addressRdata(first)
  if (type === TYPE.TXT || type === TYPE.HINFO) return txtRdata(...fields)
  if (type === TYPE.MX) return rdata(u16(Number(first)), name(second))
  if (type === TYPE.SRV) return srvRdata(Number(first), Number(second), Number(third), name(fourth))
  if (type === TYPE.SOA) {
    const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = fields
      .slice(2)
      .map(Number)
    return soaRdata({
      mname: name(first),
      rname: name(second),
      serial,
      refresh,
      retry,
      expire,
      minimum,
    })
  }
  return name(first) as string as Octets
}

/** The four or sixteen octets of an address. */
export const addressRdata = (address: string): Octets =>
  String.fromCharCode(...ipaddr.parse(address).toByteArray()) as Octets

/** A record as zone-file text. */
export function rrText(record: Rr): string {
  const head = [
    nameToText(record.owner),
    record.ttl,
    classToText(record.class),
    typeToText(record.type),
  ]
  return [...head, rdataText(record)].join(' ')
}

function rdataText({ type, rdata }: Rr): string {
  const octets = Buffer.from(rdata, 'latin1')
  if (type === TYPE.A || type === TYPE.AAAA) return ipaddr.fromByteArray([...octets]).toString()
  if (type === TYPE.TXT || type === TYPE.HINFO) return strings(rdata)
  if (type === TYPE.MX) return `${readU16(rdata, 0)} ${nameToText(rdata.slice(2) as Name)}`
  if (type === TYPE.SRV) {
    return `${[0, 2, 4].map((at) => readU16(rdata, at)).join(' ')} ${nameToText(rdata.slice(6) as Name)}`
  }
  if (type === TYPE.SOA) {
    const soa = readSoa(rdata)
    const { serial, refresh, retry, expire, minimum } = soa
    const names = `${nameToText(soa.mname)} ${nameToText(soa.rname)}`
    return `${names} ${serial} ${refresh} ${retry} ${expire} ${minimum}`
  }
  if (NAMES.has(type) && endOfName(rdata, 0) === rdata.length)
    return nameToText(rdata as string as Name)
  return `\\# ${octets.length} ${octets.toString('hex')}`
}

const NAMES: ReadonlySet<number> = new Set([TYPE.CNAME, TYPE.NS, TYPE.PTR, TYPE.DNAME])

function strings(rdata: Octets): string {
  const texts: string[] = []
  for (let at = 0; at < rdata.length; at += rdata.charCodeAt(at) + 1) {
    texts.push(`"${rdata.slice(at + 1, at + 1 + rdata.charCodeAt(at))}"`)
  }
  return texts.join(' ')
}

/**
 * A reply as lines in the manner of dig: rcode and flags, then the sections, each of the latter two under its name; `(rcode only)` where no plugin wrote a
 * message, `(silence)` where nothing is sent.
 */
export function replyText(reply: Reply): string {
  if (reply.kind === 'silence') return '(silence)'
  const words = Object.entries(FLAG).flatMap(([word, mask]) =>
    mask & (mask - 1) || (reply.flags & mask) === 0 ? [] : [word.toLowerCase()],
  )
  const lines = [[rcodeToText(reply.rcode), ...words].join(' ')]
  if (reply.kind === 'rcode') lines[0] += ' (rcode only)'
  lines.push(...reply.answer.map(rrText))
  if (reply.authority.length > 0) lines.push(';; AUTHORITY', ...reply.authority.map(rrText))
  if (reply.additional.length > 0) lines.push(';; ADDITIONAL', ...reply.additional.map(rrText))
  if (reply.opt !== undefined) lines.push(optText(reply.opt))
  return lines.join('\n')
}

function optText(opt: Opt): string {
  const options = opt.options.map(
    ({ code, data }) => `${code}=${Buffer.from(data, 'latin1').toString('hex')}`,
  )
  return [`;; OPT ${opt.udpSize}${(opt.flags & 0x8000) === 0 ? '' : ' do'}`, ...options].join(' ')
}
