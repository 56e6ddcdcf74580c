import type { Rr } from '../../wire/record.ts'
import type { Zone } from './zone.ts'

/** What plugin transfer sends of a zone: nothing of one that is not loaded, the SOA alone to who has this serial, else all. */
export function transferOf(
  zone: Zone | undefined,
  serial: number | undefined,
): Iterable<readonly Rr[]> {
  if (zone === undefined) return []
  return serial === zone.serial && serial !== 0 ? [[zone.soa]] : zone.transfer()
}
