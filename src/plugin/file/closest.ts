import { ancestor, type Name } from '../../wire/name.ts'

/** What stands under the longest origin that a name (in lower case) is in: one look-up a label, however many zones there are. */
export function closest<T>(zones: ReadonlyMap<Name, T>, folded: Name): T | undefined {
  for (let at = folded; ; at = ancestor(at, 1)) {
    const found = zones.get(at)
    if (found !== undefined || at.length === 1) return found
  }
}
