import type { WatchEventType } from './watch.ts'

/** What a request is told apart by in a fault. */
export interface RequestFacts {
  /** get, list, watch, create, update, patch, delete or deletecollection. */
  verb: string
  /** The plural; '' for discovery and health. */
  resource: string
  path: string
}

/** What happens to a request that a fault applies to. */
export interface FaultAction {
  /** Answer this code with a Status instead of handling the request. */
  code?: number
  /** Of the answer, for 429 and 503 (Retry-After, seconds). */
  retryAfterSeconds?: number
  /** Wait so long first, then go on (or answer the code). */
  delayMs?: number
  /** Close the connection without an answer. */
  reset?: boolean
}

interface PlannedFault {
  applies: (facts: RequestFacts) => boolean
  action: FaultAction
  times: number
}

interface PlannedSwallow {
  resource: string
  type: WatchEventType
  times: number
}

/**
 * Faults that a test orders: of requests, of watch connections, of single events. None is ever there by itself.
 */
export class Faults {
  #requests: PlannedFault[] = []
  #swallows: PlannedSwallow[] = []
  readonly #watches = new Set<{ resource: string; stop: () => void }>()

  /** The next `times` requests that the predicate picks suffer the action. */
  onRequest(applies: (facts: RequestFacts) => boolean, action: FaultAction, times = 1): void {
    this.#requests.push({ applies, action, times })
  }

  /** Ends running watches of a resource (all where none is named), as a load balancer's time-out does; tells how many. */
  dropWatches(resource?: string): number {
    const chosen = [...this.#watches].filter(
      (one) => resource === undefined || one.resource === resource,
    )
    for (const one of chosen) one.stop()
    return chosen.length
  }

  /** The next events of this type, of each watch of the resource counted together, are not sent. */
  swallowEvents(resource: string, type: WatchEventType, times = 1): void {
    this.#swallows.push({ resource, type, times })
  }

  /** Calls off everything ordered and not yet used up. */
  clear(): void {
    this.#requests = []
    this.#swallows = []
  }

  /** How many watches of a resource are running. */
  watchCount(resource?: string): number {
    if (resource === undefined) return this.#watches.size
    return [...this.#watches].filter((one) => one.resource === resource).length
  }

  /** For the server: the fault of this request, used up by asking. */
  requestFault(facts: RequestFacts): FaultAction | undefined {
    const planned = this.#requests.find((one) => one.applies(facts))
    if (planned === undefined) return undefined
    planned.times--
    if (planned.times <= 0) this.#requests = this.#requests.filter((one) => one !== planned)
    return planned.action
  }

  /** For the server: whether this event is to be lost. */
  swallows(resource: string, type: WatchEventType): boolean {
    const planned = this.#swallows.find((one) => one.resource === resource && one.type === type)
    if (planned === undefined) return false
    planned.times--
    if (planned.times <= 0) this.#swallows = this.#swallows.filter((one) => one !== planned)
    return true
  }

  /** For the server: a watch that `dropWatches` can end; the result takes it off again. */
  watchStarted(resource: string, stop: () => void): () => void {
    const entry = { resource, stop }
    this.#watches.add(entry)
    return () => this.#watches.delete(entry)
  }
}
