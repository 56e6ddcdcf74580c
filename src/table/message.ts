import { rdataLayout } from '../wire/record.ts'

const TYPE_A = 1
const TYPE_SOA = 6
const TYPE_AAAA = 28
const HEADER = 12

/** A run of address records of one size, whose owners are pointers: they may stand in any order. */
export interface Run {
  /** From the start of the body. */
  readonly offset: number
  records: number
  /** Octets of one record. */
  readonly size: number
}

/** Where the parts of a message are that change from one repetition to the next. Offsets count from the end of the question. */
export interface Parts {
  readonly ttls: number[]
  readonly serials: number[]
  readonly pointers: number[]
  readonly runs: Run[]
  /** The lowest offset in the message that a pointer leads to. */
  lowestTarget: number
}

/**
 * Takes a message apart that the writer made, behind its question and before its OPT.
 *
 * @param bodyAt where the question ends
 * @param end where the body ends
 * @returns undefined when it does not hold what its header says
 */
export function partsOf(message: Uint8Array, bodyAt: number, end: number): Parts | undefined {
  const parts: Parts = { ttls: [], serials: [], pointers: [], runs: [], lowestTarget: 0xffff }
  let at = bodyAt
  while (at < end) {
    at = record(message, at, end, bodyAt, parts)
    if (at < 0) return undefined
  }
  return parts
}

function record(
  message: Uint8Array,
  at: number,
  end: number,
  bodyAt: number,
  parts: Parts,
): number {
  const start = at
  at = name(message, at, end, bodyAt, parts)
  if (at < 0 || at + 10 > end) return -1
  const type = word(message, at)
  const rdata = at + 10
  const next = rdata + word(message, at + 8)
  if (next > end) return -1
  parts.ttls.push(at + 4 - bodyAt)
  if (!names(message, type, rdata, next, bodyAt, parts)) return -1
  if (type === TYPE_SOA && next - rdata >= 22) parts.serials.push(next - 20 - bodyAt)
  if ((type === TYPE_A || type === TYPE_AAAA) && at === start + 2) {
    extend(parts.runs, start - bodyAt, next - start)
  }
  return next
}

function extend(runs: Run[], offset: number, size: number): void {
  const last = runs.at(-1)
  if (last !== undefined && last.size === size && last.offset + last.records * size === offset) {
    last.records++
  } else runs.push({ offset, records: 1, size })
}

function names(
  message: Uint8Array,
  type: number,
  at: number,
  end: number,
  bodyAt: number,
  parts: Parts,
): boolean {
  if (at === end) return true
  for (const part of rdataLayout(type) ?? []) {
    if (at >= end) return false
    if (typeof part === 'number') at += part
    else if (part === 'string') at += 1 + (message[at] as number)
    else at = name(message, at, end, bodyAt, parts)
    if (at < 0 || at > end) return false
  }
  return true
}

function name(message: Uint8Array, at: number, end: number, bodyAt: number, parts: Parts): number {
  while (at < end) {
    const length = message[at] as number
    if (length === 0) return at + 1
    if (length >= 0xc0) {
      if (at + 2 > end) return -1
      parts.pointers.push(at - bodyAt)
      parts.lowestTarget = Math.min(parts.lowestTarget, word(message, at) & 0x3fff)
      return at + 2
    }
    if (length > 63) return -1
    at += length + 1
  }
  return -1
}

/** Whether header and question of a reply are those that its query asks for: only then can the reply be made from another such query. */
export function repeatsQuestion(query: Uint8Array, message: Uint8Array, end: number): boolean {
  if (message.length < end) return false
  if (((message[2] as number) & 1) !== ((query[2] as number) & 1)) return false
  if (((message[2] as number) & 0xf8) !== 0x80) return false
  if (message[0] !== query[0] || message[1] !== query[1]) return false
  if (message[4] !== 0 || message[5] !== 1) return false
  for (let i = HEADER; i < end; i++) if (message[i] !== query[i]) return false
  return true
}

function word(message: Uint8Array, at: number): number {
  return ((message[at] as number) << 8) | (message[at + 1] as number)
}
