import type { ServiceKind } from './memory.ts'
import type { Resource } from './resources.ts'

/** Why a complete list was made again. */
export type ResyncReason =
  | 'first' // the first one
  | 'expired' // 410: the server no longer has the changes since our last version
  | 'broken' // a change that could not be read
  | 'rewound' // the server's versions went back: it was restored from a copy
  | 'error' // an ERROR event, or a stream that was refused for another reason
  | 'audit' // too much was missing to put it right one by one
  | 'asked' // somebody asked for it
  | 'interrupted' // the list before this one did not come to its end

/** Told of what an operator may want to count. Every call is cheap and must not throw. */
export interface Observer {
  /** DNS programming latency: from the cause of a slice's change until the store had it. */
  latency(kind: ServiceKind, seconds: number): void
  /** A request to the API was answered, with this status, or not at all (`<error>`). For a watch: when it began. */
  request(request: {
    method: string
    host: string
    code: string
    seconds: number
    watch: boolean
  }): void
  resync(resource: Resource, reason: ResyncReason): void
  /** Records that a watch had lost, or had failed to remove, and that the audit put right. */
  repaired(resource: Resource, count: number): void
  /** A connection that had gone silent was given up. */
  silence(resource: Resource): void
}

export const NO_OBSERVER: Observer = {
  latency() {},
  request() {},
  resync() {},
  repaired() {},
  silence() {},
}
