import { normalizeZones } from '../corefile/zones.ts'
import { isAtOrBelow, type Name, nameFromText, ROOT } from '../wire/name.ts'

/** The zones that arguments name, in lower case; what is no zone is left out. */
export function zoneNames(args: readonly string[]): Name[] {
  return normalizeZones(args).flatMap((text) => nameFromText(text) ?? [])
}

/** The zones of `fallthrough`: without arguments all names. */
export function fallthroughZones(args: readonly string[]): Name[] {
  return args.length === 0 ? [ROOT] : zoneNames(args)
}

/** The longest of the zones that a name (in lower case) is in; undefined for none. */
export function zoneOf(zones: readonly Name[], folded: Name): Name | undefined {
  let found: Name | undefined
  for (const zone of zones) {
    if (zone.length > (found?.length ?? 0) && isAtOrBelow(folded, zone)) found = zone
  }
  return found
}

/** Whether a name (in lower case) is in one of the zones. */
export function covers(zones: readonly Name[], folded: Name): boolean {
  for (const zone of zones) if (zone === ROOT || isAtOrBelow(folded, zone)) return true
  return false
}

/** Whether one of the zones holds the branch, or lies below it. */
export const touches = (zones: readonly Name[], branch: Name): boolean =>
  zones.some((zone) => isAtOrBelow(branch, zone) || isAtOrBelow(zone, branch))
