import { CorefileError } from './errors.ts'
import { formatKey, type ServerKey } from './keys.ts'

/** A zone on one listener. */
export interface Listener extends Pick<ServerKey, 'zone' | 'port' | 'transport'> {
  /** The address that the block is bound to; '' for all. */
  readonly address: string
  /** Whether the block chooses its queries (view): then it may share the zone with others. */
  readonly filtered: boolean
}

/**
 * Refuses zones that are served twice on one listener, and zones that one block serves on all addresses and another on some.
 *
 * @param listeners of all server blocks in the order of the Corefile: for each key, each address
 * @throws CorefileError `cannot serve dns://.:53 - it is already defined`
 */
export function checkOverlap(listeners: Iterable<Listener>): void {
  const served = new Set<string>()
  /** The listener last seen for a zone, whatever its address. */
  const anyAddress = new Map<string, string>()
  for (const listener of listeners) {
    const zone = formatKey(listener)
    const text = listener.address === '' ? zone : `${zone} on ${listener.address}`
    if (!listener.filtered && served.has(text)) throw alreadyDefined(text)
    if (served.has(text)) continue
    const other = listener.address === '' ? anyAddress.get(zone) : served.has(zone) && zone
    if (other) throw overlaps(text, other)
    if (listener.filtered) continue
    served.add(text)
    anyAddress.set(zone, text)
  }
}

function alreadyDefined(listener: string): CorefileError {
  return new CorefileError(`cannot serve ${listener} - it is already defined`)
}

function overlaps(listener: string, other: string): CorefileError {
  return new CorefileError(
    `cannot serve ${listener} - zone overlap listener capacity with ${other}`,
  )
}
