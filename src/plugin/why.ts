/** Why a reply is not what the client hoped for, as a client is told: an Extended DNS Error (RFC 8914). */
export interface Why {
  /** INFO-CODE (RFC 8914 §4): one of wire's `EDE`. */
  readonly code: number
  /** EXTRA-TEXT; true for as long as the reply stands, and for the whole branch where the reply denies one. */
  readonly text: string
}

/** Something that a reply was made from, as an operator looks for it. */
export interface Fact {
  /** `Service`, `EndpointSlice`, `Pod`, `upstream`, `file`, …. */
  readonly kind: string
  /** `shop/web`, `192.0.2.1:53`. */
  readonly name: string
  /** Its resourceVersion. */
  readonly version?: string
  /** Seconds since it was made. */
  readonly ageSeconds?: number
  /** What it says, in words. */
  readonly says: string
}

/** Something that is wrong, or looks so. */
export interface Problem {
  /** A word for programs: `no-such-namespace`. */
  readonly code: string
  /** A sentence: what is wrong, and where. */
  readonly reason: string
  /** A sentence: what to do. */
  readonly remedy: string
}

/** What a plugin has to say about a query that came to it. */
export interface Explanation {
  readonly facts: readonly Fact[]
  readonly problems: readonly Problem[]
}

/** What one plugin did with the question on its way. */
export interface Step {
  readonly plugin: string
  /** How deep a lookup inside a lookup it was; 0 for the question itself. */
  readonly depth: number
  /** As this plugin saw it: those in front may have rewritten it. */
  readonly name: string
  readonly type: string
  /** `passed` it on unchanged, both ways; `answered` itself; `changed` the reply on its way back; `skipped`: it only watches, and is left out of the walk. */
  readonly did: 'passed' | 'answered' | 'changed' | 'skipped'
  /** Of what it gave back. */
  readonly rcode: string
  /** Why it gave up. */
  readonly error?: string
  readonly facts: readonly Fact[]
}

/** The way of a question through the server, and what came of it. */
export interface Walk {
  readonly name: string
  readonly type: string
  readonly client: string
  /** `dns://:53`; undefined where no listener takes it. */
  readonly listener: string | undefined
  /** The zone of the server block that took it; undefined for none. */
  readonly zone: string | undefined
  readonly rcode: string
  /** Records as text. */
  readonly answer: readonly string[]
  readonly authority: readonly string[]
  readonly steps: readonly Step[]
  readonly problems: readonly Problem[]
}

/** A few names of many. */
export function some(names: readonly string[], most = 5): string {
  const sorted = [...new Set(names)].sort()
  const more = sorted.length - most
  return sorted.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
