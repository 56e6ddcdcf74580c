import { RCODE, rcodeToText } from '../../wire/codes.ts'

/** What became of a query: its rcode, or one of these. Rcodes have twelve bits (RFC 6891 §6.1.3). */
export const NODATA = 0x1000
export const DROPPED = 0x1001

export function outcomeOf(rcode: number, hasAnswer: boolean): number {
  return rcode === RCODE.NOERROR && !hasAnswer ? NODATA : rcode
}

export function outcomeToText(outcome: number): string {
  if (outcome === NODATA) return 'NODATA'
  return outcome === DROPPED ? 'DROPPED' : rcodeToText(outcome)
}

/** Whether somebody may want to know why: an empty answer is what half of all clients get that ask for AAAA. */
export function isFailing(outcome: number): boolean {
  return outcome !== RCODE.NOERROR && outcome !== NODATA
}
