import { readU32, u32 } from '../record.ts'
import type { Cursor } from './cursor.ts'
import type { Field } from './fields.ts'

const EQUATOR = 2 ** 31
const DEGREE_MS = 3_600_000
const MINUTE_MS = 60_000
/** Altitudes count from 100,000 m below the sea, in centimetres. */
const ALTITUDE_BASE_CM = 10_000_000
/** Size 1 m, horizontal precision 10 km, vertical 10 m (RFC 1876 §3). */
const DEFAULT_PRECISIONS = ['\x12', '\x16', '\x13'] as const

/** All of a LOC record (RFC 1876). */
export const location: Field = {
  read(words) {
    const latitude = angle(words, 90, { N: 1, S: -1 })
    const longitude = latitude === undefined ? undefined : angle(words, 180, { E: 1, W: -1 })
    const altitude = longitude === undefined ? undefined : altitudeOf(words.next().text)
    if (latitude === undefined || longitude === undefined || altitude === undefined)
      return undefined
    const precisions: string[] = [...DEFAULT_PRECISIONS]
    for (const [i, word] of words.rest().entries()) {
      const precision = i < 3 ? precisionOf(word.text) : undefined
      if (precision === undefined) return undefined
      precisions[i] = precision
    }
    return `\0${precisions.join('')}${u32(latitude)}${u32(longitude)}${u32(altitude)}`
  },
  write(rdata, at) {
    if (rdata.length - at !== 16 || rdata.charCodeAt(at) !== 0) return undefined
    const altitude = (readU32(rdata, at + 12) - ALTITUDE_BASE_CM) / 100
    const parts = [
      angleText(readU32(rdata, at + 4), 'N', 'S'),
      angleText(readU32(rdata, at + 8), 'E', 'W'),
      `${Number.isInteger(altitude) ? altitude : altitude.toFixed(2)}m`,
      ...[1, 2, 3].map((i) => `${precisionText(rdata.charCodeAt(at + i))}m`),
    ]
    return [parts.join(' '), at + 16]
  },
}

/** `52 22 23.000 N`, minutes and seconds optional. */
function angle(
  words: Cursor,
  limit: number,
  sides: Readonly<Record<string, number>>,
): number | undefined {
  const fields: number[] = []
  for (let i = 0; i < 4; i++) {
    const { text } = words.next()
    const side = sides[text.toUpperCase()]
    if (side !== undefined && fields.length !== 0) return side * milliseconds(fields) + EQUATOR
    const shape = i === 2 ? /^[0-9]+(?:\.[0-9]*)?$/ : /^[0-9]+$/
    const value = shape.test(text) ? Number(text) : Number.NaN
    if (!(i === 0 ? value <= limit : value < 60)) return undefined
    fields.push(value)
    if (milliseconds(fields) > limit * DEGREE_MS) return undefined
  }
  return undefined
}

const milliseconds = ([degrees = 0, minutes = 0, seconds = 0]: readonly number[]): number =>
  degrees * DEGREE_MS + minutes * MINUTE_MS + Math.floor(seconds * 1000)

function altitudeOf(text: string): number | undefined {
  if (!/^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)m?$/i.test(text)) return undefined
  const value = Math.floor(Number(text.replace(/m$/i, '')) * 100 + ALTITUDE_BASE_CM + 0.5)
  return value >= 0 && value <= 0xffff_ffff ? value : undefined
}

/** `10.50m` as a mantissa and a power of ten of centimetres (RFC 1876 §2). */
function precisionOf(text: string): string | undefined {
  const parts = /^([0-9]*)(?:\.([0-9]{1,2}))?m?$/i.exec(text)
  if (parts === null || (parts[1] === '' && parts[2] === undefined)) return undefined
  let value = Number(parts[1]) * 100 + Number((parts[2] ?? '').padEnd(2, '0'))
  if (value > 9_000_000_000) return undefined
  let exponent = 0
  for (; value >= 10; value = Math.floor(value / 10)) exponent++
  return String.fromCharCode((value << 4) | exponent)
}

function precisionText(octet: number): string {
  const centimetres = (octet >> 4) * 10 ** (octet & 15)
  return centimetres < 100 ? `0.${String(centimetres).padStart(2, '0')}` : String(centimetres / 100)
}

function angleText(value: number, positive: string, negative: string): string {
  const size = Math.abs(value - EQUATOR)
  const degrees = Math.floor(size / DEGREE_MS)
  const minutes = Math.floor((size % DEGREE_MS) / MINUTE_MS)
  const seconds = ((size % MINUTE_MS) / 1000).toFixed(3)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(degrees)} ${two(minutes)} ${seconds} ${value > EQUATOR ? positive : negative}`
}
