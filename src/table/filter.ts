import { FILTER_WORDS, FILTERS, mix, type Shared } from './layout.ts'
import type { Question } from './question.ts'

/** Bits that one hash sets. */
const PROBES = 4
/** Tells "anything may exist below" from "exists". */
const OPEN = 0x6f70656e

/**
 * Whether a name cannot exist, going by the filter of a zone that starts at label `zone` of the question: on the way down from the zone there is a label that
 * was never added. A name below one that was added as open may exist. A name that is wrongly taken to exist costs a walk of the chain, no more. Nothing is
 * outside a filter that has been closed.
 */
export function isOutside(
  shared: Shared,
  filter: number,
  question: Question,
  zone: number,
): boolean {
  const at = (filter & (FILTERS - 1)) * FILTER_WORDS
  if (Atomics.load(shared.filters, at) !== filter) return false
  const from = Atomics.load(shared.filters, at + 1)
  const logarithm = Atomics.load(shared.filters, at + 2)
  for (let label = zone - 1; label >= 0; label--) {
    const hash = question.suffixHash(label)
    if (!holds(shared.filterBits, from, logarithm, hash)) return true
    if (holds(shared.filterBits, from, logarithm, hash ^ OPEN)) return false
  }
  return false
}

/** Adds a name to the bits. Atomic: readers look on. */
export function addHash(
  bits: Int32Array,
  from: number,
  logarithm: number,
  hash: number,
  open: boolean,
): void {
  if (open) set(bits, from, logarithm, hash ^ OPEN)
  set(bits, from, logarithm, hash)
}

function holds(bits: Int32Array, from: number, logarithm: number, hash: number): boolean {
  const step = mix(hash, OPEN) | 1
  for (let i = 0; i < PROBES; i++, hash = (hash + step) | 0) {
    const bit = hash >>> (32 - logarithm)
    if ((Atomics.load(bits, from + (bit >> 5)) & (1 << (bit & 31))) === 0) return false
  }
  return true
}

function set(bits: Int32Array, from: number, logarithm: number, hash: number): void {
  const step = mix(hash, OPEN) | 1
  for (let i = 0; i < PROBES; i++, hash = (hash + step) | 0) {
    const bit = hash >>> (32 - logarithm)
    Atomics.or(bits, from + (bit >> 5), 1 << (bit & 31))
  }
}
