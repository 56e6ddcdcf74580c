import { readU16, u16 } from '../record.ts'
import type { Cursor } from './cursor.ts'
import { addressToText, type Field, ipv4Octets, ipv6Octets } from './fields.ts'
import type { Word } from './lexer.ts'
import { base64Of, characterString, fromBase64, quoted, unescaped } from './text.ts'

const KEYS = [
  'mandatory',
  'alpn',
  'no-default-alpn',
  'port',
  'ipv4hint',
  'ech',
  'ipv6hint',
  'dohpath',
  'ohttp',
]

/** A parameter's value, both ways; undefined where text or octets do not fit. */
interface Value {
  read(text: string): string | undefined
  write(octets: string): string | undefined
}

/** The parameters of SVCB and HTTPS records (RFC 9460 §2.1), in the order of their keys. */
export const serviceParameters: Field = {
  read(cursor) {
    const found = new Map<number, string>()
    for (const [name, text] of pairs(cursor)) {
      const key = keyFromText(name)
      const value = text === undefined || key === undefined ? undefined : parameter(key).read(text)
      if (key === undefined || value === undefined || found.has(key)) return undefined
      found.set(key, value)
    }
    return [...found]
      .sort(([a], [b]) => a - b)
      .map(([key, value]) => u16(key) + u16(value.length) + value)
      .join('')
  },
  write(rdata, at) {
    const texts: string[] = []
    while (at < rdata.length) {
      const key = readU16(rdata, at)
      const end = at + 4 + readU16(rdata, at + 2)
      if (!(end <= rdata.length)) return undefined
      const value = parameter(key).write(rdata.slice(at + 4, end))
      if (value === undefined) return undefined
      texts.push(`${keyToText(key)}="${value}"`)
      at = end
    }
    return [texts.join(' '), at]
  },
}

/** `KEY`, `KEY=VALUE`, `KEY="VALUE"`: names and values, still escaped; the value undefined where the words do not fit. */
function pairs(cursor: Cursor): [string, string | undefined][] {
  const pairs: [string, string | undefined][] = []
  for (const word of cursor.rest()) {
    const before = pairs.at(-1)
    if (word.glued && before !== undefined) {
      before[1] = word.quoted && before[1] === '' ? word.text : undefined
    } else pairs.push(pair(word))
  }
  return pairs
}

function pair(word: Word): [string, string | undefined] {
  const equals = word.text.indexOf('=')
  if (word.quoted || equals === 0) return ['', undefined]
  return equals === -1 ? [word.text, ''] : [word.text.slice(0, equals), word.text.slice(equals + 1)]
}

function keyFromText(text: string): number | undefined {
  const known = KEYS.indexOf(text)
  if (known !== -1) return known
  const number = Number(/^key(0|[1-9][0-9]{0,4})$/.exec(text)?.[1] ?? Number.NaN)
  return number <= 0xfffe ? number : undefined
}

const keyToText = (key: number): string => KEYS[key] ?? `key${key}`

const opaque: Value = {
  read: (text) => unescaped(text),
  write: (octets) => quoted(octets).slice(1, -1),
}

const nothing: Value = {
  read: (text) => (text === '' ? '' : undefined),
  write: (octets) => (octets === '' ? '' : undefined),
}

const mandatory: Value = {
  read(text) {
    if (text === '') return ''
    const keys = text.split(',').map(keyFromText)
    if (keys.includes(undefined)) return undefined
    return (keys as number[])
      .sort((a, b) => a - b)
      .map(u16)
      .join('')
  },
  write(octets) {
    if (octets.length % 2 !== 0) return undefined
    const keys = Array.from({ length: octets.length / 2 }, (_, i) => readU16(octets, 2 * i))
    return keys.map(keyToText).join(',')
  },
}

/** Identifiers with commas between them, or none; a comma of an identifier is escaped once more (RFC 9460 appendix A.1). */
const alpn: Value = {
  read(text) {
    if (text === '') return ''
    const octets = unescaped(text)
    if (octets === undefined) return undefined
    let ids = ''
    for (const id of octets.match(/(?:\\.|[^,\\])*(?:,|$)/gs)?.slice(0, -1) ?? []) {
      const whole = id.replace(/,$/, '').replace(/\\(.)/gs, '$1')
      const string = whole === '' ? undefined : characterString(whole)
      if (string === undefined) return undefined
      ids += string
    }
    return octets.endsWith(',') || ids === '' ? undefined : ids
  },
  write(octets) {
    const ids: string[] = []
    for (let at = 0; at < octets.length; at += 1 + octets.charCodeAt(at)) {
      const id = octets.slice(at + 1, at + 1 + octets.charCodeAt(at))
      ids.push(quoted(id.replace(/[\\,]/g, '\\$&')).slice(1, -1))
    }
    return ids.join(',')
  },
}

const port: Value = {
  read: (text) =>
    /^[0-9]{1,5}$/.test(text) && Number(text) <= 0xffff ? u16(Number(text)) : undefined,
  write: (octets) => (octets.length === 2 ? String(readU16(octets, 0)) : undefined),
}

const ech: Value = { read: fromBase64, write: base64Of }

function hints(octets: 4 | 16, read: (text: string) => string | undefined): Value {
  return {
    read(text) {
      const addresses = text.split(',').map(read)
      return addresses.includes(undefined) ? undefined : addresses.join('')
    },
    write(all) {
      if (all.length % octets !== 0) return undefined
      const parts = Array.from({ length: all.length / octets }, (_, i) =>
        addressToText(all.slice(i * octets, (i + 1) * octets)),
      )
      return parts.join(',')
    },
  }
}

const VALUES: readonly Value[] = [
  mandatory,
  alpn,
  nothing,
  port,
  hints(4, ipv4Octets),
  ech,
  hints(16, ipv6Octets),
  opaque,
  nothing,
]

const parameter = (key: number): Value => VALUES[key] ?? opaque
