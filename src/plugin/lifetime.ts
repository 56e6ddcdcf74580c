import type { Count, Observer } from './reply.ts'

/** Counters of what replies are made from; the owner is the server, which shares them with the data threads. */
export interface Versions {
  /** The slot of a key, such as `service:shop/web`. Different keys may share one: a reply then dies once too often, never too late. */
  slot(key: string): number
  /** What a slot counts now. */
  read(slot: number): number
  /** Says that what these keys name has changed: every reply made from it is dead from now on. */
  bump(keys: Iterable<string>): void
  /** The slot that every change of a store bumps, for replies made from more than {@link MAX_VERSIONS} things. */
  whole(store: string): number
}

/** (slot, version) pairs that one reply may carry; a reply made from more carries the version of the whole store. */
export const MAX_VERSIONS = 4

/** A slot and what it counted before the store was read. */
export interface Version {
  readonly slot: number
  readonly version: number
}

/** For how long a reply may be repeated to whoever asks the same. */
export interface Lifetime {
  /** False: this query only. */
  readonly repeatable: boolean
  /** Repeatable while all of these stand. */
  readonly versions: readonly Version[]
  /** Repeatable until then, in milliseconds of the monotonic clock (`performance.now()`); Infinity for no limit. */
  readonly until: number
  /** What each repetition owes to the lookups that the reply was made with: they would be made again. */
  readonly lookups?: readonly Owed[]
}

/** The counters and observers of a lookup's reply. */
export interface Owed {
  readonly counts: readonly Count[]
  readonly observers: readonly Observer[]
}

const NO_VERSIONS: readonly Version[] = []

/** This query only: the default, for what depends on the client, on chance, on the spelling of the name, or acts on each query. */
export const ONCE: Lifetime = { repeatable: false, versions: NO_VERSIONS, until: 0 }

/** True for ever, as far as the plugin that says so can tell: made from the configuration alone. */
export const ALWAYS: Lifetime = {
  repeatable: true,
  versions: NO_VERSIONS,
  until: Number.POSITIVE_INFINITY,
}

/** While these versions stand. The caller has read them before it read what the reply is made from. */
export function whileStanding(versions: readonly Version[]): Lifetime {
  return { repeatable: true, versions, until: Number.POSITIVE_INFINITY }
}

/** Until a moment of the monotonic clock in milliseconds, and while these versions stand. */
export function until(moment: number, versions: readonly Version[] = NO_VERSIONS): Lifetime {
  return { repeatable: true, versions, until: moment }
}

/** The shortest of both: what a reply made from two others may last. More than {@link MAX_VERSIONS} versions make it last this query only. */
export function shortest(a: Lifetime, b: Lifetime): Lifetime {
  if (!a.repeatable || !b.repeatable) return ONCE
  if (b === ALWAYS) return a
  if (a === ALWAYS) return b
  const versions = [...a.versions]
  for (const version of b.versions) {
    if (!versions.some((v) => v.slot === version.slot && v.version === version.version)) {
      versions.push(version)
    }
  }
  if (versions.length > MAX_VERSIONS) return ONCE
  const lifetime = { repeatable: true, versions, until: Math.min(a.until, b.until) }
  if (a.lookups === undefined && b.lookups === undefined) return lifetime
  return { ...lifetime, lookups: [...(a.lookups ?? []), ...(b.lookups ?? [])] }
}

/** Whether a reply with this lifetime may still be given. */
export function stands(lifetime: Lifetime, versions: Versions, now: number): boolean {
  return (
    lifetime.repeatable &&
    now < lifetime.until &&
    lifetime.versions.every((v) => versions.read(v.slot) === v.version)
  )
}
