import { randomFillSync } from 'node:crypto'

/** Ids drawn from the system's generator at a time. */
const IDS_AT_ONCE = 2048

const pool = new Uint16Array(IDS_AT_ONCE)
let left = 0

/** A message id that cannot be guessed (RFC 5452 §4.5). */
export function randomId(): number {
  if (left === 0) {
    randomFillSync(pool)
    left = IDS_AT_ONCE
  }
  return pool[--left] as number
}
